#pragma once
// When records cannot be written, somebody should hear of it: at the beginning, at the end, and
// once a minute between. Not for every batch.

#include <chrono>
#include <cstdint>
#include <string>

#include "sinks/output_options.h"

namespace parshall::sinks {

// One thread. Sentences are empty when there is nothing to say.
class OutputTrouble {
 public:
  using Clock = std::chrono::steady_clock;

  OutputTrouble(std::string name, const OutputOptions& options)
      : name_(std::move(name)), on_error_(options.on_error), interval_(options.notice_interval) {}

  // An attempt failed with this errno. `dropped_records` is the whole run's count.
  std::string Fails(int error, uint64_t dropped_records, Clock::time_point now);
  // An attempt worked.
  std::string Works(uint64_t dropped_records, Clock::time_point now);
  bool present() const { return present_; }

 private:
  const std::string name_;
  const OnError on_error_;
  const std::chrono::milliseconds interval_;
  bool present_ = false;
  bool told_ = false;  // of this trouble
  bool ever_told_ = false;
  uint64_t dropped_before_ = 0;
  Clock::time_point since_;
  Clock::time_point last_told_;
};

}  // namespace parshall::sinks
