#pragma once
// One GET, for commands that ask a running instance. TLS 1.2 or newer; no redirects.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace parshall::http {

struct GetOptions {
  int timeout_ms = 10'000;  // for all of it
  size_t body_bytes_max = size_t{512} << 20;
  std::string ca_file = {};     // PEM; empty: the system's authorities
  bool verify_server = true;    // whether the certificate must be right; only for one's own address
  bool unix_is_secure = false;  // TLS over a unix socket, which no URL can say
  // An answer that only says who may ask (401, or the want of a client's certificate) counts as an
  // empty body: the server runs.
  bool refusal_is_fine = false;
};

// "http[s]://[USER:PASSWORD@]HOST[:PORT][/PATH]" (ports 80 and 443, path "/"), or "unix:/SOCKET"
// with `path`. User and password may be percent-encoded. Returns the body of a 200; anything else
// is an Error whose place is the URL without the password. Blocks.
Result<std::string> Get(const std::string& url, const std::string& default_path,
                        const GetOptions& options = {});

}  // namespace parshall::http
