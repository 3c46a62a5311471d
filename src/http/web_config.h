#pragma once
// Who may come in, and how, as plain data: what Prometheus's exporter-toolkit calls the web
// configuration (docs/web-configuration.md there). app/ reads it from YAML; access.h makes it ready
// for use.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"

namespace parshall::http {

// What is asked of a client's certificate; the names are Go's.
enum class ClientAuth {
  kNoClientCert,
  kRequestClientCert,
  kRequireAnyClientCert,
  kVerifyClientCertIfGiven,
  kRequireAndVerifyClientCert,
};

// Certificates or a key in PEM (RFC 7468), and what to call them in errors: the path, or the place
// in the configuration.
struct Pem {
  std::string name;
  std::string text;
};

enum class TlsVersion { kTls12, kTls13 };

struct TlsSettings {
  Pem cert;  // the server's own first, then those between it and the root
  Pem key;
  Pem client_ca;  // empty text: none
  ClientAuth client_auth = ClientAuth::kNoClientCert;
  std::vector<std::string> client_allowed_sans;  // empty: any
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  std::vector<std::string> cipher_suites;  // IANA's names; empty: OpenSSL's choice
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences;  // Go's names; empty: OpenSSL's choice
};

// A bucket of `burst` requests that gains one more each `interval`.
struct RateLimit {
  std::chrono::duration<double> interval{0};
  int burst = 1;
  bool operator==(const RateLimit&) const = default;
};

struct WebConfig {
  std::optional<TlsSettings> tls;
  std::vector<Header> headers;               // added to responses that do not have them
  std::map<std::string, std::string> users;  // name → bcrypt hash; empty: no password is asked for
  std::optional<RateLimit> rate_limit;
};

}  // namespace parshall::http
