#include "records/event_time.h"

namespace parshall::records {

bool ParseMoment(std::string_view text, std::string_view format, Moment* moment) {
  if (format.empty()) {
    return ParseRfc3339(text, moment) || ParseClf(text, moment) ||
           ParseEpoch(text, EpochUnit::kSeconds, moment);
  }
  if (format == "clf") return ParseClf(text, moment);
  if (format == "rfc3339") return ParseRfc3339(text, moment);
  if (format == "epoch") return ParseEpoch(text, EpochUnit::kSeconds, moment);
  if (format == "epoch_ms") return ParseEpoch(text, EpochUnit::kMillis, moment);
  return ParseStrptime(text, format, moment);
}

EventTime FindEventTime(const CompiledRule& rule, const Record& record, Moment* moment) {
  EventTime found = EventTime::kNone;
  for (const TimestampField& field : rule.timestamp) {
    const Value& value = record.values[field.slot];
    if (!value.there()) continue;
    if (ParseMoment(value.text(), field.format, moment)) return EventTime::kFound;
    found = EventTime::kInvalid;
  }
  return found;
}

}  // namespace parshall::records
