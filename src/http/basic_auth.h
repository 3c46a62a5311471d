#pragma once
// Basic authentication (RFC 7617) on the wire, and the memory of passwords that fitted.

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace parshall::http {

struct Credentials {
  std::string user;  // up to the first colon
  std::string password;
};

// Out of the value of an Authorization header; nothing when it is of another kind or malformed.
std::optional<Credentials> ParseBasicAuth(std::string_view header);

// "Basic …", for clients.
std::string BasicAuthHeader(const Credentials& credentials);

// Remembers which user, hash and password fitted together, so that bcrypt runs once and not at each
// scrape. Holds no password: only a keyed hash (HMAC-SHA-256) under a key that was drawn when the
// program started and never leaves it; each part goes in with its length, so that no two triples
// look the same (exporter-toolkit's CVE-2022-46146). One thread.
class FittingPasswords {
 public:
  using Digest = std::array<unsigned char, 32>;
  static constexpr size_t kRememberedMax = 256;

  FittingPasswords();
  ~FittingPasswords();
  FittingPasswords(const FittingPasswords&) = delete;
  FittingPasswords& operator=(const FittingPasswords&) = delete;

  Digest DigestOf(const Credentials& credentials, std::string_view hash) const;
  // Takes as long whether it is there or not.
  bool Contains(const Digest& digest) const;
  // The oldest is forgotten for it when there are too many.
  void Add(const Digest& digest);

 private:
  std::array<unsigned char, 32> key_;
  bool has_key_ = false;  // without random numbers nothing is remembered
  std::deque<Digest> digests_;
};

}  // namespace parshall::http
