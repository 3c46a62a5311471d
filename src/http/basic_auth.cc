#include "http/basic_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <vector>

#include "http/message.h"

namespace parshall::http {
namespace {

bool IsBase64(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
         c == '/';
}

// Strictly: whole groups of four, padding only at the end.
std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  if (!std::all_of(text.begin(), text.end() - static_cast<ptrdiff_t>(padding), IsBase64)) {
    return std::nullopt;
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace

std::optional<Credentials> ParseBasicAuth(std::string_view header) {
  static constexpr std::string_view kScheme = "Basic ";
  if (header.size() < kScheme.size() ||
      !EqualIgnoringCase(header.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  header.remove_prefix(kScheme.size());
  while (header.starts_with(' ')) header.remove_prefix(1);
  const std::optional<std::string> pair = DecodeBase64(header);
  if (!pair) return std::nullopt;
  const size_t colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

std::string BasicAuthHeader(const Credentials& credentials) {
  const std::string pair = credentials.user + ":" + credentials.password;
  std::string text((pair.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(pair.data()),
                                   static_cast<int>(pair.size()));
  text.resize(static_cast<size_t>(size));
  return "Basic " + text;
}

FittingPasswords::FittingPasswords()
    : has_key_(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1) {}

FittingPasswords::~FittingPasswords() { OPENSSL_cleanse(key_.data(), key_.size()); }

FittingPasswords::Digest FittingPasswords::DigestOf(const Credentials& credentials,
                                                    std::string_view hash) const {
  std::string text;
  for (const std::string_view part :
       {std::string_view(credentials.user), hash, std::string_view(credentials.password)}) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  }
  Digest digest = {};
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
  OPENSSL_cleanse(text.data(), text.size());
  return digest;
}

bool FittingPasswords::Contains(const Digest& digest) const {
  bool found = false;
  for (const Digest& one : digests_) {
    found |= CRYPTO_memcmp(one.data(), digest.data(), digest.size()) == 0;
  }
  return found;
}

void FittingPasswords::Add(const Digest& digest) {
  if (!has_key_ || Contains(digest)) return;
  if (digests_.size() >= kRememberedMax) digests_.pop_front();
  digests_.push_back(digest);
}

}  // namespace parshall::http
