#include "sinks/output_trouble.h"

#include <fmt/format.h>

#include "base/fd.h"

namespace parshall::sinks {
namespace {

double SecondsBetween(OutputTrouble::Clock::time_point from, OutputTrouble::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::string OutputTrouble::Fails(int error, uint64_t dropped_records, Clock::time_point now) {
  const bool begins = !present_;
  if (begins) {
    present_ = true;
    told_ = false;
    since_ = now;
    dropped_before_ = dropped_records;
  }
  // A disk that is full again and again for a moment is one trouble, too.
  if (ever_told_ && now - last_told_ < interval_) return {};
  const bool first = !told_;
  told_ = true;
  ever_told_ = true;
  last_told_ = now;
  const std::string reason =
      fmt::format("{}: records cannot be written: {}; ", name_, ErrnoText(error));
  if (on_error_ == OnError::kDrop) {
    if (first) return reason + "they are dropped and counted until they can";
    return reason + fmt::format("{} were dropped so far", dropped_records - dropped_before_);
  }
  if (first) return reason + "reading waits until they can, and nothing is lost";
  return reason + fmt::format("reading has waited for {:.0f} s", SecondsBetween(since_, now));
}

std::string OutputTrouble::Works(uint64_t dropped_records, Clock::time_point now) {
  present_ = false;
  if (!told_) return {};
  told_ = false;
  if (on_error_ == OnError::kDrop) {
    return fmt::format("{}: records are written again; {} were dropped", name_,
                       dropped_records - dropped_before_);
  }
  return fmt::format("{}: records are written again, after {:.1f} s", name_,
                     SecondsBetween(since_, now));
}

}  // namespace parshall::sinks
