#pragma once
// Records → JSON, one object a line, `flat` schema (SPEC: "Records"): keys in a stable order,
// always valid UTF-8.
//
// Text lines:  "@timestamp", the fields in the order of the pattern, the envelope's fields,
// "source". JSON events: their own keys as they came, then the parsed fields, the envelope's
// fields, "@timestamp" (unless the event
//              has a valid one of its own), "source".
// No rule:     "@timestamp", "message", "outcome", the envelope's fields, "source".

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "lines/unwrap.h"
#include "records/compile.h"
#include "records/matcher.h"
#include "records/record.h"
#include "sinks/clf_timestamp.h"
#include "sinks/ecs_json.h"
#include "sinks/field_json.h"
#include "sinks/record_shape.h"

namespace parshall::sinks {

// What a record needs beyond its rule's fields.
struct RecordContext {
  Moment read_at;           // stands in for a record without a time of its own
  std::string_view source;  // written unless empty; lines::kPadBytes readable behind it
  uint64_t source_id = 0;   // where it is that of the record before, so is the source; 0: not known
  std::span<const lines::EnvelopeField> envelope;  // what the container wrapping said
  bool has_envelope_moment =
      false;  // the wrapping's time stands in before the time of reading does
  Moment envelope_moment;
};

// How a record names its fields.
enum class Schema : uint8_t { kFlat, kEcs };

struct RecordJsonTally {
  uint64_t records = 0;
  uint64_t timestamp_errors = 0;  // a time was there and was none
};

// One thread. Keys are rendered once, at construction.
class RecordJson {
 public:
  explicit RecordJson(std::shared_ptr<const records::RuleProgram> program,
                      Schema schema = Schema::kFlat);

  // Appends the record and '\n'.
  void Append(const records::Record& record, const RecordContext& context, Buffer* out);
  // A line without a record of its own: "outcome" is "unmatched" or "oversized".
  void AppendLine(std::string_view line, std::string_view outcome, const RecordContext& context,
                  Buffer* out);

  const RecordJsonTally& tally() const { return tally_; }

 private:
  struct Keys {
    explicit Keys(const records::CompiledRule& rule) : shapes(rule) {}

    RecordShapes shapes;
    size_t bytes_max = 0;  // of all keys, numbers and fallbacks
    size_t copies = 1;     // how often a byte of the line can be written: groups stand in groups
    bool event = false;    // the rule is for JSON events
    int source_slot = -1;  // a field that is called "source"
    bool may_own_source = false;
    int clf_slot = -1;  // the field whose CLF time is @timestamp, if that is how the rule says it
  };

  // The event's time, without quotes.
  char* AppendEventTime(char* at, int clf_slot, const records::Record& record,
                        const RecordContext& context);
  char* AppendOtherTime(char* at, const records::Record& record, const RecordContext& context);
  char* AppendEnvelope(char* at, Joint* joint, const RecordContext& context,
                       const records::Record* record) const;
  // What stands behind the fields of every record. `record` null: a line without one.
  char* AppendTail(char* at, Joint joint, const RecordContext& context,
                   const records::Record* record);
  void BeginSource(const RecordContext& context);
  bool OwnSource(const records::Record& record) const;
  bool HasKey(const records::Record& record, std::string_view name) const;
  static size_t EnvelopeBytesMax(const RecordContext& context);

  std::shared_ptr<const records::RuleProgram> program_;
  std::vector<Keys> keys_;  // by rule
  const AppendFields append_fields_;
  ClfTimestamp clf_;
  // How records of the latest source end: ","source":"x"} and the newline.
  std::string source_;
  uint64_t source_id_ = 0;
  std::string source_tail_;
  size_t source_tail_size_ = 0;   // the rest is padding
  std::unique_ptr<EcsJson> ecs_;  // null: flat
  RecordJsonTally tally_;
};

}  // namespace parshall::sinks
