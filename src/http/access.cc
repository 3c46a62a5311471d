#include "http/access.h"

#include "http/bcrypt.h"

namespace parshall::http {

Result<std::shared_ptr<const Access>> MakeAccess(const WebConfig& config) {
  auto access = std::make_shared<Access>();
  if (config.tls) {
    Result<std::shared_ptr<const TlsContext>> tls = TlsContext::Make(*config.tls);
    if (!tls) return tls.error();
    access->tls = std::move(*tls);
    access->verifies_clients = config.tls->client_auth == ClientAuth::kRequireAndVerifyClientCert;
  }
  access->headers = config.headers;
  access->rate_limit = config.rate_limit;
  for (const auto& [name, hash] : config.users) {
    if (Status fine = CheckBcryptHash(hash); !fine) return Fail(fine.error().what, name);
    access->users.emplace(name, hash);
    if (access->decoy_hash.empty() || BcryptCost(hash) > BcryptCost(access->decoy_hash)) {
      access->decoy_hash = hash;
    }
  }
  return std::shared_ptr<const Access>(std::move(access));
}

}  // namespace parshall::http
