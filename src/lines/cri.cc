#include "lines/cri.h"

#include "base/timestamp.h"

namespace parshall::lines {
namespace {

// "2026-11-21T09:41:20Z" is the shortest time, nine digits and ±hh:mm the longest that runtimes
// write.
constexpr size_t kTimeBytesMin = 20;
constexpr size_t kTimeBytesMax = 35;

size_t TimeSize(std::string_view line) {
  const size_t blank = line.substr(0, kTimeBytesMax + 1).find(' ', kTimeBytesMin);
  return blank == std::string_view::npos ? 0 : blank;
}

// Whether the time names its zone: Z or an offset with a colon. Without one it is not CRI.
bool HasZone(std::string_view time) {
  if (time.ends_with('Z')) return true;
  const char sign = time[time.size() - 6];
  return time[time.size() - 3] == ':' && (sign == '+' || sign == '-');
}

}  // namespace

bool MayBeCri(std::string_view line) {
  const size_t time = TimeSize(line);
  return time != 0 && line.substr(time).starts_with(" std") && HasZone(line.substr(0, time));
}

bool UnwrapCri(std::string_view line, Unwrapped* out) {
  const size_t time_size = TimeSize(line);
  if (time_size == 0) return false;
  const std::string_view time = line.substr(0, time_size);
  Moment moment;
  if (!HasZone(time) || !ParseRfc3339(time, &moment)) return false;
  std::string_view rest = line.substr(time_size + 1);
  const std::string_view stream = rest.substr(0, 6);
  if ((stream != "stdout" && stream != "stderr") || !rest.substr(6).starts_with(' ')) return false;
  rest.remove_prefix(7);
  if (rest.empty() || (rest[0] != 'P' && rest[0] != 'F')) return false;
  const bool partial = rest[0] == 'P';
  // Behind the tag a blank, more tags, or, when an editor cut the blank before an empty text,
  // nothing.
  const size_t blank = rest.find(' ');
  const std::string_view tags = rest.substr(0, blank);
  if (tags.size() > 1 && tags[1] != ':') return false;
  out->payload =
      blank == std::string_view::npos ? rest.substr(rest.size()) : rest.substr(blank + 1);
  out->pieces = true;
  out->partial = partial;
  out->Add(kStream, stream);
  out->Add(kContainerTime, time);
  return true;
}

}  // namespace parshall::lines
