#pragma once
// Decides about each request before any handler sees it: the rate limit, then the password. A
// password that was seen to fit is recognised at once; any other one is a matter of bcrypt, which
// the server runs on a thread of its own. How many of those there are, and how often one client may
// be wrong, is bounded, so that neither guessing nor a flood of guesses costs more than a part of
// one core.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "http/access.h"
#include "http/basic_auth.h"
#include "http/message.h"

namespace parshall::http {

// One thread: the io thread. Judge() may be called from any.
class Guard {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr size_t kChecksMax = 16;         // waiting or running, in all; one more: 503
  static constexpr size_t kPeerChecksMax = 4;      // of one client; one more: 429
  static constexpr double kFailuresBurst = 10;     // so many wrong passwords of one client …
  static constexpr double kFailuresPerSecond = 1;  // … and then so many; more: 429, unchecked
  static constexpr size_t kPeersMax = 4096;

  // A password that bcrypt must look at.
  struct Check {
    std::string peer;
    std::string password;
    std::string hash;
    bool user_known = false;
    FittingPasswords::Digest digest = {};
  };
  struct Decision {
    enum class Kind { kAdmit, kAnswer, kCheck };
    Kind kind = Kind::kAdmit;
    Response answer;  // for kAnswer
    Check check;      // for kCheck; Finish() must follow
  };

  // `peer` is the client's address, or whatever stands for it.
  Decision Decide(const Access& access, const Request& request, const std::string& peer, Time now);
  // Slow.
  static bool Judge(const Check& check);
  // What Judge said. Nothing: the request is admitted.
  std::optional<Response> Finish(const Check& check, bool fits);

  uint64_t refused() const { return refused_; }  // answered here: 401, 429 or 503

 private:
  struct Peer {
    double failures_left = kFailuresBurst;
    Time counted;
    size_t checks = 0;
  };

  bool TakeToken(const RateLimit& limit, Time now);
  Peer& FindPeer(const std::string& name, Time now);
  Response Refuse(int status, const char* sentence);
  Decision Answer(Response response) const;

  FittingPasswords fitting_;
  std::unordered_map<std::string, Peer> peers_;  // who was wrong, or is being checked
  size_t checks_ = 0;
  std::optional<RateLimit> limit_;  // what the bucket was filled for
  double tokens_ = 0;
  Time tokens_counted_;
  uint64_t refused_ = 0;
};

}  // namespace parshall::http
