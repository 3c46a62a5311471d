#include "sinks/clf_timestamp.h"

namespace parshall::sinks {

bool ClfTimestamp::Learn(std::string_view clf, Day* day) {
  Moment moment;
  if (!ParseClf(clf, &moment)) return false;
  char formatted[kRfc3339MillisSize];
  FormatRfc3339Millis(moment, formatted);
  day->known = true;
  std::memcpy(day->text.data(), clf.data(), kDayBytes);
  std::memcpy(day->date.data(), formatted, day->date.size());
  return true;
}

}  // namespace parshall::sinks
