#include "http/guard.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "http/bcrypt.h"

namespace parshall::http {

Response Guard::Refuse(int status, const char* sentence) {
  ++refused_;
  Response response = TextResponse(status, sentence);
  if (status == 401) {
    response.headers.push_back({"WWW-Authenticate", "Basic realm=\"parshall\", charset=\"UTF-8\""});
  } else {
    response.headers.push_back({"Retry-After", "1"});
  }
  return response;
}

Guard::Decision Guard::Answer(Response response) const {
  Decision decision;
  decision.kind = Decision::Kind::kAnswer;
  decision.answer = std::move(response);
  return decision;
}

bool Guard::TakeToken(const RateLimit& limit, Time now) {
  if (limit_ != limit) {
    limit_ = limit;
    tokens_ = limit.burst;
    tokens_counted_ = now;
  }
  tokens_ = std::min<double>(limit.burst, tokens_ + (now - tokens_counted_) / limit.interval);
  tokens_counted_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

Guard::Peer& Guard::FindPeer(const std::string& name, Time now) {
  auto found = peers_.find(name);
  if (found == peers_.end()) {
    // Those who are not being checked are forgotten, and with them how often they were wrong: the
    // bound on all checks together still holds.
    if (peers_.size() >= kPeersMax) {
      std::erase_if(peers_, [](const auto& entry) { return entry.second.checks == 0; });
    }
    found = peers_.emplace(name, Peer{kFailuresBurst, now, 0}).first;
  }
  Peer& peer = found->second;
  const double seconds = std::chrono::duration<double>(now - peer.counted).count();
  peer.failures_left = std::min(kFailuresBurst, peer.failures_left + seconds * kFailuresPerSecond);
  peer.counted = now;
  return peer;
}

Guard::Decision Guard::Decide(const Access& access, const Request& request,
                              const std::string& peer_name, Time now) {
  if (access.rate_limit && !TakeToken(*access.rate_limit, now)) {
    return Answer(Refuse(429, "Too many requests; try again soon."));
  }
  if (access.users.empty()) return {};
  const std::string* header = request.Find("Authorization");
  std::optional<Credentials> credentials;
  if (header != nullptr) credentials = ParseBasicAuth(*header);
  if (!credentials) return Answer(Refuse(401, "A user and a password are needed."));

  const auto user = access.users.find(credentials->user);
  const bool known = user != access.users.end();
  const std::string& hash = known ? user->second : access.decoy_hash;
  const FittingPasswords::Digest digest = fitting_.DigestOf(*credentials, hash);
  if (fitting_.Contains(digest) && known) return {};

  if (checks_ >= kChecksMax) {
    return Answer(Refuse(503, "Too many passwords wait to be checked; try again soon."));
  }
  Peer& peer = FindPeer(peer_name, now);
  if (peer.checks >= kPeerChecksMax || peer.failures_left < 1) {
    return Answer(Refuse(429, "Too many wrong passwords; try again soon."));
  }
  peer.failures_left -= 1;  // comes back if it fits
  ++peer.checks;
  ++checks_;
  Decision decision;
  decision.kind = Decision::Kind::kCheck;
  decision.check = {peer_name, std::move(credentials->password), hash, known, digest};
  return decision;
}

bool Guard::Judge(const Check& check) {
  // In this order: an unknown user costs a comparison, too.
  return MatchesBcrypt(check.password, check.hash) && check.user_known;
}

std::optional<Response> Guard::Finish(const Check& check, bool fits) {
  assert(checks_ > 0);
  --checks_;
  const auto peer = peers_.find(check.peer);
  assert(peer != peers_.end());  // those being checked are not forgotten
  --peer->second.checks;
  if (!fits) return Refuse(401, "The user or the password is wrong.");
  peer->second.failures_left += 1;
  fitting_.Add(check.digest);
  return std::nullopt;
}

}  // namespace parshall::http
