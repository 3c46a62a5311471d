#pragma once
// The moment that a record tells of, for @timestamp.

#include "base/timestamp.h"
#include "records/compile.h"
#include "records/record.h"

namespace parshall::records {

enum class EventTime : uint8_t {
  kFound,
  kNone,     // the rule names no field for it, or none is there
  kInvalid,  // a field is there and is no time; the time of reading stands in for it
};

// Tries the rule's timestamp fields in order.
EventTime FindEventTime(const CompiledRule& rule, const Record& record, Moment* moment);

// By FieldSpec::format: "clf", "rfc3339", "epoch", "epoch_ms", a strptime format, or "" for
// whichever of the first three fits.
bool ParseMoment(std::string_view text, std::string_view format, Moment* moment);

}  // namespace parshall::records
