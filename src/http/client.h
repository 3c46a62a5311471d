#pragma once
// One GET, for commands that ask a running instance. No TLS, no redirects.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace parshall::http {

struct GetOptions {
  int timeout_ms = 10'000;  // for all of it
  size_t body_bytes_max = size_t{512} << 20;
};

// "http://HOST[:PORT][/PATH]" (port 80, path "/"), or "unix:/SOCKET" with `path`. Returns the body
// of a 200; anything else is an Error whose place is the URL. Blocks.
Result<std::string> Get(const std::string& url, const std::string& default_path,
                        const GetOptions& options = {});

}  // namespace parshall::http
