#pragma once
// Records → JSON in the names, nesting and types of the Elastic Common Schema (`--schema ecs`).
// What ECS has no field for is a text in `labels`; nothing is lost, and no field ever has a value
// of another type than ECS says, since Elasticsearch would refuse the document.

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/buffer.h"
#include "records/compile.h"
#include "records/record.h"
#include "sinks/ecs_fields.h"

namespace parshall::sinks {

struct RecordContext;

// One thread.
class EcsJson {
 public:
  explicit EcsJson(std::shared_ptr<const records::RuleProgram> program);

  // Appends the record and '\n'. True if it has a time that could not be read.
  bool Append(const records::Record& record, const RecordContext& context, Buffer* out);
  void AppendLine(std::string_view line, std::string_view outcome, const RecordContext& context,
                  Buffer* out);

 private:
  // What a slot becomes.
  struct Slot {
    uint32_t slot = 0;
    EcsField field = EcsField::kCount;
    std::string label;  // its name, for when it becomes none
    std::string key;    // of the event, whose member it stands for; empty: none
    bool time = false;  // gives @timestamp
  };
  struct Cell {
    enum class Kind : uint8_t { kNone, kText, kRaw, kInteger } kind = Kind::kNone;
    std::string_view text;  // kRaw: a JSON string with its quotes
    int64_t number = 0;
  };

  void Begin(Buffer* out);
  void Values(const records::Record& record, bool found_time);
  void Members(const records::Record& record);
  void Wrapping(const RecordContext& context);
  bool Set(EcsField field, const records::Value& value);
  bool SetText(EcsField field, std::string_view text);
  bool SetInteger(EcsField field, int64_t number);
  void SetMessage(std::string_view text);
  void SetUrl(std::string_view text);
  Cell& CellOf(EcsField field) { return cells_[static_cast<size_t>(field)]; }

  std::string_view Held(std::string_view raw);

  // Straight to the output.
  void Put(std::string_view text);
  void PutText(std::string_view text);
  void PutTimestamp(std::string_view rfc3339);
  // False: there is one of that name.
  bool BeginLabel(std::string_view name);
  void Label(std::string_view name, std::string_view text);
  void Event(const records::CompiledRule* rule, const records::Record* record);
  void Cells();

  std::shared_ptr<const records::RuleProgram> program_;
  std::vector<std::vector<Slot>> slots_;  // by rule
  std::array<Cell, kEcsFields> cells_;
  Buffer labels_;
  std::unordered_set<std::string> label_names_;
  std::vector<std::string_view> taken_keys_;  // of the event, that stand in cells
  std::deque<std::string> held_;              // texts that cells point to
  Buffer* out_ = nullptr;
};

}  // namespace parshall::sinks
