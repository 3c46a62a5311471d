#include "http/bcrypt.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace parshall::http {
namespace {

constexpr size_t kHashSize = 60;
constexpr size_t kPasswordBytesMax = 72;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsBase64(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

}  // namespace

Status CheckBcryptHash(std::string_view hash) {
  const bool shaped =
      hash.size() == kHashSize &&
      (hash.starts_with("$2y$") || hash.starts_with("$2a$") || hash.starts_with("$2b$")) &&
      IsDigit(hash[4]) && IsDigit(hash[5]) && hash[6] == '$' &&
      std::all_of(hash.begin() + 7, hash.end(), IsBase64);
  if (!shaped) {
    return Fail("this is no bcrypt hash; `htpasswd -nBC 10 \"\" | tr -d ':\\n'` makes one");
  }
  const int cost = BcryptCost(hash);
  if (cost < 4 || cost > kBcryptCostMax) {
    return Fail("a bcrypt cost of " + std::to_string(cost) + " cannot be used; it must be 4 to " +
                std::to_string(kBcryptCostMax));
  }
  return Ok();
}

int BcryptCost(std::string_view hash) { return (hash[4] - '0') * 10 + (hash[5] - '0'); }

bool MatchesBcrypt(const std::string& password, const std::string& hash) {
  const auto state = std::make_unique<crypt_data>();  // 32 KiB, and zero at first
  // What is too long or holds a NUL is checked all the same, so that it takes as long.
  const char* made = crypt_r(password.c_str(), hash.c_str(), state.get());
  const bool same = made != nullptr && std::strlen(made) == hash.size() &&
                    CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(state.get(), sizeof *state);
  return same && password.size() <= kPasswordBytesMax && password.find('\0') == std::string::npos;
}

}  // namespace parshall::http
