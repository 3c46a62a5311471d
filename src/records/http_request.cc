#include "records/http_request.h"

#include <cstring>

namespace parshall::records {
namespace {

constexpr size_t kMethodBytesMax = 32;    // the longest registered is UPDATEREDIRECTREF, 17
constexpr size_t kProtocolBytesMax = 16;  // "HTTP/1.1"

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Methods in the wild are letters, '-' and '_' (M-SEARCH, VERSION-CONTROL); RFC 9110 would allow
// more, and TLS or RDP bytes would then pass for methods.
bool IsMethod(std::string_view text) {
  if (text.empty() || text.size() > kMethodBytesMax || !IsLetter(text[0])) return false;
  for (const char c : text) {
    if (!IsLetter(c) && !IsDigit(c) && c != '-' && c != '_') return false;
  }
  return true;
}

bool IsProtocol(std::string_view text) {
  if (text.size() < 6 || text.size() > kProtocolBytesMax ||
      std::memcmp(text.data(), "HTTP/", 5) != 0) {
    return false;
  }
  for (const char c : text.substr(5)) {
    if (!IsDigit(c) && c != '.') return false;
  }
  return true;
}

bool FindMethod(std::string_view request, size_t* end) {
  size_t at = 0;
  while (at < request.size() && request[at] != ' ') {
    if (++at > kMethodBytesMax) return false;
  }
  *end = at;
  return at < request.size() && IsMethod(request.substr(0, at));
}

// "HTTP/1.1" and its like, the usual end of a request.
bool EndsInUsualProtocol(std::string_view request) {
  if (request.size() < 12) return false;
  const char* const tail = request.data() + request.size() - 9;
  return std::memcmp(tail, " HTTP/", 6) == 0 && IsDigit(tail[6]) && tail[7] == '.' &&
         IsDigit(tail[8]);
}

}  // namespace

bool SplitHttpRequest(std::string_view request, HttpRequest* out) {
  size_t method_end = 0;
  if (!FindMethod(request, &method_end)) return false;
  const std::string_view rest = request.substr(method_end + 1);
  if (EndsInUsualProtocol(request)) {
    if (rest.size() <= 9) return false;  // no target
    *out = {request.substr(0, method_end), rest.substr(0, rest.size() - 9),
            rest.substr(rest.size() - 8)};
    return true;
  }
  const size_t tail_begin =
      rest.size() > kProtocolBytesMax + 1 ? rest.size() - kProtocolBytesMax - 1 : 0;
  const size_t blank = rest.substr(tail_begin).rfind(' ');
  if (blank != std::string_view::npos && IsProtocol(rest.substr(tail_begin + blank + 1))) {
    const size_t path_size = tail_begin + blank;
    if (path_size == 0) return false;
    *out = {request.substr(0, method_end), rest.substr(0, path_size), rest.substr(path_size + 1)};
    return true;
  }
  const bool target = rest.size() > 0 &&
                      (rest[0] == '/' || rest == "*" || rest.find("://") != std::string_view::npos);
  if (!target || std::memchr(rest.data(), ' ', rest.size()) != nullptr) return false;
  *out = {request.substr(0, method_end), rest, {}};
  return true;
}

}  // namespace parshall::records
