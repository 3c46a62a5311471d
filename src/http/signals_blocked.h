#pragma once
// Signals belong to the thread that waits for them, and to none of a server.

#include <pthread.h>
#include <signal.h>

namespace parshall::http {

// While it lives, threads that are started take no signals: those belong to the thread that waits
// for them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace parshall::http
