#include "http/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#pragma GCC diagnostic ignored "-Wold-style-cast"  // OpenSSL's macros cast as C does

namespace parshall::http {
namespace {

// Go's tls.CipherSuites(): what it holds to be secure.
constexpr std::array<std::string_view, 13> kCipherSuites = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
};
constexpr std::array<std::string_view, 4> kCurves = {"CurveP256", "CurveP384", "CurveP521",
                                                     "X25519"};
constexpr std::array<const char*, 4> kOpenSslCurves = {"P-256", "P-384", "P-521", "X25519"};

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// OpenSSL's last word, and nothing left in its queue.
std::string Reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

Bio Open(const Pem& pem) {
  return Bio(BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
}

// All certificates of a text; text around them is passed over, as PEM has it.
std::vector<Certificate> ReadCertificates(const Pem& pem) {
  std::vector<Certificate> certificates;
  const Bio bio = Open(pem);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(one);
  }
  ERR_clear_error();
  return certificates;
}

std::string DateOf(const ASN1_TIME* time) {
  std::tm parts = {};
  char text[32] = "an unknown day";
  if (ASN1_TIME_to_tm(time, &parts) == 1) std::strftime(text, sizeof text, "%F %T UTC", &parts);
  return text;
}

// A key under a password cannot be asked for at the terminal of a service.
int NoPassword(char*, int, int, void*) { return -1; }

std::string AddressText(const ASN1_OCTET_STRING* address) {
  char text[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(address);
  if (size == 4 || size == 16) {
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, sizeof text);
  }
  return text;
}

// Whether one of the certificate's subject alternative names stands in the list, exactly.
bool HasAllowedSan(X509* certificate, const std::vector<std::string>& allowed) {
  using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string text;
    if (name->type == GEN_IPADD) {
      text = AddressText(name->d.iPAddress);
    } else if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI) {
      const ASN1_STRING* string = name->d.ia5;
      text.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                  static_cast<size_t>(ASN1_STRING_length(string)));
    }
    if (!text.empty() && std::find(allowed.begin(), allowed.end(), text) != allowed.end()) {
      return true;
    }
  }
  return false;
}

// Where a context keeps its list of names: Asio has the slot 0 for itself.
int SansIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Called for each certificate of a client's chain, its own (depth 0) last.
int CheckSan(X509_STORE_CTX* store, bool fine) {
  if (!fine || X509_STORE_CTX_get_error_depth(store) != 0) return fine ? 1 : 0;
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* allowed = static_cast<const std::vector<std::string>*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), SansIndex()));
  if (allowed == nullptr || allowed->empty() ||
      HasAllowedSan(X509_STORE_CTX_get_current_cert(store), *allowed)) {
    return 1;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}
int VerifyChain(int fine, X509_STORE_CTX* store) { return CheckSan(store, fine == 1); }
int VerifyNameOnly(int, X509_STORE_CTX* store) { return CheckSan(store, true); }

// ALPN (RFC 7301): only HTTP/1.1 is spoken here.
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* in, unsigned int in_size, void*) {
  static constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned int at = 0; at < in_size; at += 1u + in[at]) {
    const std::string_view offer(reinterpret_cast<const char*>(in + at + 1), in[at]);
    if (offer != kHttp11) continue;
    *out = in + at + 1;
    *out_size = in[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int Version(TlsVersion version) {
  return version == TlsVersion::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

}  // namespace

std::span<const std::string_view> CipherSuiteNames() { return kCipherSuites; }
std::span<const std::string_view> CurveNames() { return kCurves; }

TlsContext::TlsContext(const TlsSettings& settings)
    : context_(SSL_CTX_new(TLS_server_method())), allowed_sans_(settings.client_allowed_sans) {}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Status TlsContext::TakeCertificate(const TlsSettings& settings) {
  const std::vector<Certificate> chain = ReadCertificates(settings.cert);
  if (chain.empty()) return Fail("there is no certificate in PEM here", settings.cert.name);
  if (SSL_CTX_use_certificate(context_, chain[0].get()) != 1) {
    return Fail("this certificate cannot be used: " + Reason(), settings.cert.name);
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context_, chain[i].get()) != 1) {
      return Fail("this chain of certificates cannot be used: " + Reason(), settings.cert.name);
    }
  }
  for (const Certificate& one : chain) {
    const ASN1_TIME* begin = X509_get0_notBefore(one.get());
    const ASN1_TIME* end = X509_get0_notAfter(one.get());
    if (X509_cmp_current_time(end) < 0) {
      warnings_.push_back(Fail("the certificate expired on " + DateOf(end), settings.cert.name));
    } else if (X509_cmp_current_time(begin) > 0) {
      warnings_.push_back(
          Fail("the certificate is not valid before " + DateOf(begin), settings.cert.name));
    }
  }
  const Bio bio = Open(settings.key);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (!key) {
    ERR_clear_error();
    return Fail("there is no private key in PEM here (a key under a password cannot be read)",
                settings.key.name);
  }
  if (X509_check_private_key(chain[0].get(), key.get()) != 1) {
    ERR_clear_error();
    return Fail("this key does not belong to the certificate " + settings.cert.name,
                settings.key.name);
  }
  if (SSL_CTX_use_PrivateKey(context_, key.get()) != 1) {
    return Fail("this key cannot be used: " + Reason(), settings.key.name);
  }
  return Ok();
}

Status TlsContext::TakeClientPolicy(const TlsSettings& settings) {
  SSL_CTX_set_ex_data(context_, SansIndex(), &allowed_sans_);
  if (!settings.client_ca.text.empty()) {
    const std::vector<Certificate> roots = ReadCertificates(settings.client_ca);
    if (roots.empty()) return Fail("there is no certificate in PEM here", settings.client_ca.name);
    for (const Certificate& root : roots) {
      if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), root.get()) != 1 ||
          SSL_CTX_add_client_CA(context_, root.get()) != 1) {
        return Fail("this certificate cannot be used: " + Reason(), settings.client_ca.name);
      }
    }
  }
  switch (settings.client_auth) {
    case ClientAuth::kNoClientCert:
      SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
      break;
    case ClientAuth::kRequestClientCert:
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, VerifyNameOnly);
      break;
    case ClientAuth::kRequireAnyClientCert:
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         VerifyNameOnly);
      break;
    case ClientAuth::kVerifyClientCertIfGiven:
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, VerifyChain);
      break;
    case ClientAuth::kRequireAndVerifyClientCert:
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, VerifyChain);
      break;
  }
  return Ok();
}

Status TlsContext::TakeCiphers(const TlsSettings& settings) {
  std::string older, newer, curves;
  for (const std::string& name : settings.cipher_suites) {
    const bool is_newer = !name.starts_with("TLS_ECDHE_");
    std::string& list = is_newer ? newer : older;
    if (!list.empty()) list += ':';
    list += is_newer ? name.c_str() : OPENSSL_cipher_name(name.c_str());
  }
  for (const std::string& name : settings.curve_preferences) {
    const auto at = std::find(kCurves.begin(), kCurves.end(), name) - kCurves.begin();
    if (!curves.empty()) curves += ':';
    curves += kOpenSslCurves.at(static_cast<size_t>(at));
  }
  // Without a list, what has forward secrecy and authenticated encryption.
  if (older.empty()) older = "ECDHE+AESGCM:ECDHE+CHACHA20";
  if (SSL_CTX_set_cipher_list(context_, older.c_str()) != 1 ||
      (!newer.empty() && SSL_CTX_set_ciphersuites(context_, newer.c_str()) != 1)) {
    return Fail("these cipher suites cannot be used: " + Reason(), settings.cert.name);
  }
  if (!curves.empty() && SSL_CTX_set1_groups_list(context_, curves.c_str()) != 1) {
    return Fail("these curves cannot be used: " + Reason(), settings.cert.name);
  }
  return Ok();
}

Result<std::shared_ptr<const TlsContext>> TlsContext::Make(const TlsSettings& settings) {
  const std::shared_ptr<TlsContext> made(new TlsContext(settings));
  SSL_CTX* context = made->context_;
  if (context == nullptr) return Fail("OpenSSL cannot be used: " + Reason());
  SSL_CTX_set_min_proto_version(context, Version(settings.min_version));
  SSL_CTX_set_max_proto_version(context, Version(settings.max_version));
  uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_SINGLE_ECDH_USE;
  if (settings.prefer_server_cipher_suites) options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
  SSL_CTX_set_options(context, options);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // a quiet connection holds no buffers
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets need no memory of ours
  static constexpr unsigned char kSessionContext[] = "parshall";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  if (Status taken = made->TakeCertificate(settings); !taken) return taken.error();
  if (Status taken = made->TakeClientPolicy(settings); !taken) return taken.error();
  if (Status taken = made->TakeCiphers(settings); !taken) return taken.error();
  return std::shared_ptr<const TlsContext>(made);
}

}  // namespace parshall::http
