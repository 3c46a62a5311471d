#pragma once
// Passwords under bcrypt, by libcrypt. A check is slow by design: 50 ms at cost 10, twice that for
// each more. Never on the io thread.

#include <string>
#include <string_view>

#include "base/result.h"

namespace parshall::http {

// What one check may cost: 16 is about 4 s here. A greater one would only harm ourselves.
inline constexpr int kBcryptCostMax = 16;

// "$2y$10$…" (or 2a, 2b) with 22 characters of salt and 31 of hash.
Status CheckBcryptHash(std::string_view hash);
// Of a hash that passed CheckBcryptHash.
int BcryptCost(std::string_view hash);

// Any thread. False for a password that holds a NUL or is longer than the 72 bytes that bcrypt
// looks at: others would be taken for it.
bool MatchesBcrypt(const std::string& password, const std::string& hash);

}  // namespace parshall::http
