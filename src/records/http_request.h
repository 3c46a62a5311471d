#pragma once
// The first line of an HTTP request, as servers log it, taken apart.

#include <cstring>
#include <string_view>

namespace parshall::records {

struct HttpRequest {
  std::string_view method;
  std::string_view path;      // the target with its query, as logged
  std::string_view protocol;  // "HTTP/1.1"; empty for HTTP/0.9
};

// METHOD target[ HTTP/x]; anything else (TLS bytes, an empty request, one word) is false and leaves
// `out` alone. Blanks in the target are taken when a protocol stands behind it. Without a protocol
// (HTTP/0.9) the target must look like one: "/…", "*" or with "://".
bool SplitHttpRequest(std::string_view request, HttpRequest* out);

// The usual request ("GET /x HTTP/1.1") in a few instructions: the size of its method, or 0 for
// "ask SplitHttpRequest". The path then stands between the method's blank and the last nine bytes.
inline size_t UsualMethodSize(std::string_view request) {
  if (request.size() < 14) return 0;
  const char* const begin = request.data();
  const char* const tail = begin + request.size() - 9;
  if (std::memcmp(tail, " HTTP/1.", 8) != 0 || (tail[8] != '1' && tail[8] != '0')) return 0;
  if (std::memcmp(begin, "GET ", 4) == 0) return 3;
  return std::memcmp(begin, "POST ", 5) == 0 || std::memcmp(begin, "HEAD ", 5) == 0 ? 4 : 0;
}

}  // namespace parshall::records
