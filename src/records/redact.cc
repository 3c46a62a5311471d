#include "records/redact.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace parshall::records {
namespace {

constexpr size_t kSecretNameBytesMax = 64;
constexpr size_t kEmailUserBytesMax = 64;  // RFC 5321 §4.5.3.1
constexpr size_t kEmailDomainBytesMax = 255;
constexpr size_t kCardDigitsMin = 12;
constexpr size_t kCardDigitsMax = 19;

bool Digit(char c) { return c >= '0' && c <= '9'; }
bool Letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool Alnum(char c) { return Digit(c) || Letter(c); }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
int HexDigit(char c) {
  if (Digit(c)) return c - '0';
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Names of parameters that carry secrets, in small letters and without -, _, . and brackets.
constexpr std::string_view kSecretNames[] = {"accesskey",
                                             "accesstoken",
                                             "apikey",
                                             "assertion",
                                             "auth",
                                             "authorization",
                                             "awsaccesskeyid",
                                             "bearer",
                                             "code",
                                             "credential",
                                             "credentials",
                                             "creds",
                                             "csrf",
                                             "jwt",
                                             "key",
                                             "licensekey",
                                             "otp",
                                             "pass",
                                             "passphrase",
                                             "passwd",
                                             "password",
                                             "phpsessid",
                                             "pin",
                                             "privatekey",
                                             "pwd",
                                             "samlresponse",
                                             "secret",
                                             "secretkey",
                                             "session",
                                             "sessionid",
                                             "sid",
                                             "sig",
                                             "signature",
                                             "ticket",
                                             "token",
                                             "xamzcredential"};
// And whatever ends so: refresh_token, new_password, X-Amz-Signature …
constexpr std::string_view kSecretEndings[] = {"apikey",    "passwd",    "password", "secret",
                                               "sessionid", "signature", "token"};

bool SecretName(std::string_view written) {
  char name[kSecretNameBytesMax];
  size_t size = 0;
  for (size_t i = 0; i < written.size(); ++i) {
    char c = written[i];
    if (c == '%' && i + 2 < written.size() && HexDigit(written[i + 1]) >= 0 &&
        HexDigit(written[i + 2]) >= 0) {
      c = static_cast<char>(HexDigit(written[i + 1]) * 16 + HexDigit(written[i + 2]));
      i += 2;
    }
    if (c == '-' || c == '_' || c == '.' || c == '[' || c == ']') continue;
    name[size++] = Lower(c);
  }
  const std::string_view word(name, size);
  return std::find(std::begin(kSecretNames), std::end(kSecretNames), word) !=
             std::end(kSecretNames) ||
         std::any_of(std::begin(kSecretEndings), std::end(kSecretEndings),
                     [word](std::string_view ending) { return word.ends_with(ending); });
}

bool NameByte(char c) {
  return Alnum(c) || c == '_' || c == '-' || c == '.' || c == '%' || c == '[' || c == ']';
}
bool EndsValue(char c) {
  return c == '&' || c == ';' || c == '#' || c == '"' || c == '\'' || c == '<' || c == '>' ||
         static_cast<unsigned char>(c) <= ' ';
}

// By issuer: the first digits and the length. Keeps times in milliseconds and most other numbers
// out, of which every tenth has a right check digit.
bool IssuerFits(const char* digits, size_t count) {
  const auto first = [digits](size_t n) {
    int number = 0;
    for (size_t i = 0; i < n; ++i) number = number * 10 + (digits[i] - '0');
    return number;
  };
  const auto in = [](int number, int low, int high) { return number >= low && number <= high; };
  if (digits[0] == '4') return count == 13 || count == 16 || count == 19;    // Visa
  if (in(first(2), 51, 55) || in(first(4), 2221, 2720)) return count == 16;  // Mastercard
  if (first(2) == 34 || first(2) == 37) return count == 15;                  // Amex
  if (in(first(3), 300, 305) || first(2) == 36 || in(first(2), 38, 39)) return count >= 14;
  if (in(first(4), 3528, 3589)) return count >= 16;  // JCB
  if (first(4) == 6011 || in(first(3), 644, 649) || first(2) == 65 || first(2) == 62) {
    return count >= 16;  // Discover, UnionPay
  }
  return first(2) == 50 || in(first(2), 56, 69);  // Maestro
}

bool LuhnFits(const char* digits, size_t count) {
  int sum = 0;
  for (size_t i = 0; i < count; ++i) {
    int digit = digits[count - 1 - i] - '0';
    if (i % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

void ClearBits(unsigned char* bytes, int size, int keep) {
  for (int i = 0; i < size; ++i) {
    const int bits = std::clamp(keep - i * 8, 0, 8);
    bytes[i] = static_cast<unsigned char>(bytes[i] & (0xff00 >> bits));
  }
}

}  // namespace

bool RedactSpans::Add(size_t begin, size_t end, std::string_view with) {
  if (begin >= end) return true;
  const bool last = spans_.size() + 1 == kSpansMax;
  spans_.push_back({begin, last ? text_size_ : end, with});
  return !last;
}

bool RedactSpans::AddAddress(size_t begin, size_t end, const char* with) {
  addresses_.emplace_back();
  std::strncpy(addresses_.back().data(), with, addresses_.back().size() - 1);
  return Add(begin, end, addresses_.back().data());
}

void RedactSpans::Finish() {
  std::sort(spans_.begin(), spans_.end(),
            [](const RedactSpan& a, const RedactSpan& b) { return a.begin < b.begin; });
  size_t kept = 0;
  for (const RedactSpan& span : spans_) {
    if (kept > 0 && span.begin < spans_[kept - 1].end) {
      spans_[kept - 1].end = std::max(spans_[kept - 1].end, span.end);
    } else {
      spans_[kept++] = span;
    }
  }
  spans_.resize(kept);
}

Result<std::unique_ptr<Redactor>> Redactor::Make(const rules::TransformSpec& spec) {
  std::unique_ptr<Redactor> redactor(new Redactor());
  redactor->spec_ = spec;
  if (spec.preset == rules::RedactPreset::kExpression) {
    auto search = Search::Compile(spec.match, spec.where.ToString());
    if (!search.ok()) return search.error();
    redactor->search_ = std::move(*search);
  }
  return redactor;
}

void Redactor::Find(std::string_view text, RedactSpans* spans) const {
  spans->Begin(text);
  switch (spec_.preset) {
    case rules::RedactPreset::kExpression: {
      size_t begin = 0;
      size_t end = 0;
      size_t next = 0;
      while (next < text.size() && search_->Next(text, next, &begin, &end, &next)) {
        if (!spans->Add(begin, end, spec_.with)) break;
      }
      break;
    }
    case rules::RedactPreset::kQuerySecrets:
      FindUrlPasswords(text, spans);
      FindQuerySecrets(text, spans);
      break;
    case rules::RedactPreset::kEmail:
      FindEmails(text, spans);
      break;
    case rules::RedactPreset::kCard:
      FindCards(text, spans);
      break;
    case rules::RedactPreset::kIp:
      FindAddresses(text, spans);
      break;
  }
  if (!spans->empty()) spans->Finish();
}

// name=value, where the name begins the text or stands behind ? & ; # or a blank or a quote.
void Redactor::FindQuerySecrets(std::string_view text, RedactSpans* spans) const {
  size_t equals = text.find('=');
  while (equals != std::string_view::npos) {
    size_t begin = equals;
    while (begin > 0 && equals - begin < kSecretNameBytesMax && NameByte(text[begin - 1])) --begin;
    const bool bounded = begin == 0 || !NameByte(text[begin - 1]);
    size_t end = equals + 1;
    if (bounded && begin < equals && SecretName(text.substr(begin, equals - begin))) {
      while (end < text.size() && !EndsValue(text[end])) ++end;
      if (!spans->Add(equals + 1, end, spec_.with)) return;
    }
    equals = text.find('=', end);
  }
}

// scheme://user:password@host
void Redactor::FindUrlPasswords(std::string_view text, RedactSpans* spans) const {
  size_t at = text.find("://");
  while (at != std::string_view::npos) {
    const size_t begin = at + 3;
    const size_t end = std::min(text.find_first_of("/?# \t\"'<>", begin), text.size());
    const std::string_view authority = text.substr(begin, end - begin);
    const size_t sign = authority.rfind('@');
    const size_t colon = authority.find(':');
    if (sign != std::string_view::npos && colon < sign) {
      if (!spans->Add(begin + colon + 1, begin + sign, spec_.with)) return;
    }
    at = text.find("://", begin);
  }
}

void Redactor::FindEmails(std::string_view text, RedactSpans* spans) const {
  // Bytes over 0x7f are letters of other scripts (RFC 6531).
  const auto high = [](char c) { return static_cast<unsigned char>(c) > 0x7f; };
  const auto user = [high](char c) {
    return Alnum(c) || high(c) || c == '.' || c == '_' || c == '+' || c == '-' || c == '%' ||
           c == '\'';
  };
  size_t done = 0;  // what an address before this one has taken
  for (size_t sign = text.find_first_of("@%"); sign != std::string_view::npos;
       sign = text.find_first_of("@%", sign + 1)) {
    size_t domain = sign + 1;
    if (text[sign] == '%') {
      if (text.substr(sign, 3) != "%40") continue;
      domain = sign + 3;
    }
    size_t begin = sign;
    while (begin > done && sign - begin < kEmailUserBytesMax && user(text[begin - 1])) --begin;
    size_t end = domain;
    while (end < text.size() && end - domain < kEmailDomainBytesMax &&
           (Alnum(text[end]) || high(text[end]) || text[end] == '.' || text[end] == '-')) {
      ++end;
    }
    while (end > domain && !Alnum(text[end - 1]) && !high(text[end - 1])) --end;
    const std::string_view host = text.substr(domain, end - domain);
    const size_t dot = host.rfind('.');
    if (begin == sign || dot == std::string_view::npos || dot == 0 || host.size() - dot < 3 ||
        !std::all_of(host.begin() + static_cast<std::ptrdiff_t>(dot) + 1, host.end(),
                     [high](char c) { return Letter(c) || high(c); })) {
      continue;
    }
    if (!spans->Add(begin, end, spec_.with)) return;
    done = end;
    sign = end - 1;
  }
}

// Groups of digits with one blank or - between them; each window of whole groups is looked at.
void Redactor::FindCards(std::string_view text, RedactSpans* spans) const {
  size_t at = 0;
  while (at < text.size()) {
    if (!Digit(text[at]) || (at > 0 && Digit(text[at - 1]))) {
      ++at;
      continue;
    }
    // From the group that begins here: the longest window that is a card number.
    char digits[kCardDigitsMax];
    size_t count = 0;
    size_t card_end = 0;
    size_t group_end = at;
    while (group_end < text.size() && Digit(text[group_end])) ++group_end;
    for (size_t begin = at, end = group_end; count + (end - begin) <= kCardDigitsMax;) {
      std::memcpy(digits + count, text.data() + begin, end - begin);
      count += end - begin;
      if (count >= kCardDigitsMin && IssuerFits(digits, count) && LuhnFits(digits, count)) {
        card_end = end;
      }
      if (end + 1 >= text.size() || (text[end] != ' ' && text[end] != '-') ||
          !Digit(text[end + 1])) {
        break;
      }
      begin = end + 1;
      end = begin;
      while (end < text.size() && Digit(text[end])) ++end;
    }
    if (card_end > 0 && !spans->Add(at, card_end, spec_.with)) return;
    at = card_end > 0 ? card_end : group_end;
  }
}

// Runs of what addresses are made of; where it is no IPv6 address, IPv4 addresses in it. IPv6 must
// not be the end of a word (std::add), IPv4 may: showing too little is safe.
void Redactor::FindAddresses(std::string_view text, RedactSpans* spans) const {
  const auto part = [](char c) { return HexDigit(c) >= 0 || c == ':' || c == '.'; };
  size_t at = 0;
  while (at < text.size()) {
    if (!part(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && part(text[at])) ++at;
    const bool word = begin > 0 && (Alnum(text[begin - 1]) || text[begin - 1] == '_');
    if (!word && AddIpv6(text, begin, at, spans)) continue;
    for (size_t quad = begin; quad < at;) {
      if (!Digit(text[quad])) {
        ++quad;
        continue;
      }
      const size_t first = quad;
      while (quad < at && (Digit(text[quad]) || text[quad] == '.')) ++quad;
      if (!AddIpv4(text, first, quad, spans)) return;
    }
  }
}

// False: enough. What is no address is passed over.
bool Redactor::AddIpv4(std::string_view text, size_t begin, size_t end, RedactSpans* spans) const {
  while (end > begin && text[end - 1] == '.') --end;
  char address[INET_ADDRSTRLEN];
  unsigned char bytes[4];
  const size_t size = end - begin;
  if (size >= sizeof address) return true;
  std::memcpy(address, text.data() + begin, size);
  address[size] = '\0';
  if (::inet_pton(AF_INET, address, bytes) != 1) return true;
  ClearBits(bytes, 4, spec_.ipv4_bits);
  ::inet_ntop(AF_INET, bytes, address, sizeof address);
  return spans->AddAddress(begin, end, address);
}

// True: it was one.
bool Redactor::AddIpv6(std::string_view text, size_t begin, size_t end, RedactSpans* spans) const {
  while (end > begin && text[end - 1] == '.') --end;
  char address[INET6_ADDRSTRLEN];
  unsigned char bytes[16];
  const size_t size = end - begin;
  if (size >= sizeof address) return false;
  std::memcpy(address, text.data() + begin, size);
  address[size] = '\0';
  if (::inet_pton(AF_INET6, address, bytes) != 1) return false;
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped = std::memcmp(bytes, kMapped, sizeof kMapped) == 0;
  ClearBits(bytes, 16, mapped ? 96 + spec_.ipv4_bits : spec_.ipv6_bits);
  ::inet_ntop(AF_INET6, bytes, address, sizeof address);
  spans->AddAddress(begin, end, address);
  return true;
}

}  // namespace parshall::records
