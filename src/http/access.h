#pragma once
// A web configuration made ready for use: certificates loaded, hashes looked at. A server asks for
// the one that holds now, at each connection and at each request.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "http/tls.h"
#include "http/web_config.h"

namespace parshall::http {

// Immutable once made; shared by all connections that began under it.
struct Access {
  std::shared_ptr<const TlsContext> tls;  // null: plain HTTP
  bool verifies_clients = false;          // nobody comes in without a certificate of the CA
  std::vector<Header> headers;
  std::map<std::string, std::string, std::less<>> users;
  std::optional<RateLimit> rate_limit;
  std::string decoy_hash;  // the dearest of the users' hashes: what an unknown user's password is
                           // compared with, so that it takes as long as a known one's
};

Result<std::shared_ptr<const Access>> MakeAccess(const WebConfig& config);

// Asked on the server's io thread. Never null, and quick unless something changed.
using AccessSource = std::function<std::shared_ptr<const Access>()>;

}  // namespace parshall::http
