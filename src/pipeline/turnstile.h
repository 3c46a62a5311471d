#pragma once
// Lets batches through in the order in which they were taken, whoever worked on them.

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace parshall::pipeline {

// Any thread. Tickets are 0, 1, 2, …, each used once.
class Turnstile {
 public:
  bool IsTurn(uint64_t ticket) const {
    const std::lock_guard lock(mutex_);
    return next_ == ticket;
  }
  void Wait(uint64_t ticket) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, ticket] { return next_ == ticket; });
  }
  // How many batches went through.
  uint64_t passed() const {
    const std::lock_guard lock(mutex_);
    return next_;
  }
  // The holder of the turn hands it to the next ticket.
  void Pass() {
    {
      const std::lock_guard lock(mutex_);
      ++next_;
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_ = 0;
};

}  // namespace parshall::pipeline
