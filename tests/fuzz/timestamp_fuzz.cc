// A strptime format, '\n', and a text: what any parser takes for a moment is in its range, and its
// RFC 3339 form is the same moment again.

#include <string>
#include <vector>

#include "base/timestamp.h"
#include "sinks/clf_timestamp.h"
#include "tests/fuzz/fuzz.h"

using namespace parshall;

namespace {

void CheckMoment(const Moment& moment) {
  FUZZ_CHECK(moment.seconds >= -62135596800 && moment.seconds <= 253402300799);
  FUZZ_CHECK(moment.nanos < 1'000'000'000);
  char text[kRfc3339MillisSize];
  FormatRfc3339Millis(moment, text);
  Moment again;
  FUZZ_CHECK(ParseRfc3339({text, sizeof text}, &again));
  FUZZ_CHECK(again.seconds == moment.seconds);
  FUZZ_CHECK(again.nanos == moment.nanos / 1'000'000 * 1'000'000);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const clf = new sinks::ClfTimestamp();
  const std::string_view input = fuzz::TextOf(data, size);
  const size_t newline = input.find('\n');
  if (newline == std::string_view::npos) return 0;
  const std::string format(input.substr(0, newline));
  // No byte behind the text may be looked at.
  const std::vector<char> exact(input.begin() + static_cast<ptrdiff_t>(newline) + 1, input.end());
  const std::string_view text(exact.data(), exact.size());
  Moment moment;
  if (ParseRfc3339(text, &moment)) CheckMoment(moment);
  for (const EpochUnit unit :
       {EpochUnit::kSeconds, EpochUnit::kMillis, EpochUnit::kMicros, EpochUnit::kNanos}) {
    if (ParseEpoch(text, unit, &moment)) CheckMoment(moment);
  }
  if (StrptimeFault(format).empty() && ParseStrptime(text, format, &moment)) CheckMoment(moment);
  const bool is_clf = ParseClf(text, &moment);
  if (is_clf) CheckMoment(moment);
  char short_way[kRfc3339MillisSize];
  if (clf->Write(text, short_way)) {
    FUZZ_CHECK(is_clf);
    char long_way[kRfc3339MillisSize];
    FormatRfc3339Millis(moment, long_way);
    FUZZ_CHECK(std::string(short_way, sizeof short_way) == std::string(long_way, sizeof long_way));
  }
  return 0;
}
