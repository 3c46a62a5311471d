#pragma once
// The first line of an HTTP request, as servers log it, taken apart.

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

}  // namespace parshall::records
