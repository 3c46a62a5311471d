#pragma once
// The server's side of TLS: certificates, key and policies made into OpenSSL's context. tls.cc is
// the only file that knows which calls OpenSSL wants for what.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/web_config.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace parshall::http {

// The names that TlsSettings may hold. TLS 1.3 has its own suites, which stand here too.
std::span<const std::string_view> CipherSuiteNames();
std::span<const std::string_view> CurveNames();

// Immutable. Any thread.
class TlsContext {
 public:
  // Everything is tried here: that the PEM can be read, that the key belongs to the certificate,
  // that the two have a suite in common. An Error's place is the name of the Pem it is about.
  static Result<std::shared_ptr<const TlsContext>> Make(const TlsSettings& settings);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* native() const { return context_; }
  // What works and yet is hardly meant: a certificate that expired or is not valid yet.
  const std::vector<Error>& warnings() const { return warnings_; }

 private:
  explicit TlsContext(const TlsSettings& settings);
  Status TakeCertificate(const TlsSettings& settings);
  Status TakeClientPolicy(const TlsSettings& settings);
  Status TakeCiphers(const TlsSettings& settings);

  ssl_ctx_st* context_;
  std::vector<std::string> allowed_sans_;  // looked at while a client's certificate is verified
  std::vector<Error> warnings_;
};

}  // namespace parshall::http
