#pragma once
// Certificates for tests, made when they are needed: a key of its own for each, on the curve P-256,
// which is quick.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>

#pragma GCC diagnostic ignored "-Wold-style-cast"  // OpenSSL's macros cast as C does

namespace parshall::http {

struct TestCertificate {
  std::string cert;  // PEM
  std::string key;   // PEM

  // Signed by `issuer`, or by itself. `san` as OpenSSL writes it: "DNS:localhost,IP:127.0.0.1".
  static TestCertificate Make(const std::string& name, const std::string& san,
                              const TestCertificate* issuer = nullptr, long begin_s = -3600,
                              long end_s = 86'400) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* cert = X509_new();
    X509_set_version(cert, 2);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), begin_s);
    X509_gmtime_adj(X509_getm_notAfter(cert), end_s);
    X509_set_pubkey(cert, key);
    X509_NAME* subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* issuer_cert = issuer == nullptr ? cert : issuer->ReadCert();
    EVP_PKEY* issuer_key = issuer == nullptr ? key : issuer->ReadKey();
    X509_set_issuer_name(cert, X509_get_subject_name(issuer_cert));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer_cert, cert, nullptr, nullptr, 0);
    const auto extend = [&](int id, const char* value) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
      X509_add_ext(cert, extension, -1);
      X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!san.empty()) extend(NID_subject_alt_name, san.c_str());
    X509_sign(cert, issuer_key, EVP_sha256());
    TestCertificate made;
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, cert);
    made.cert = Take(out);
    PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    made.key = Take(out);
    BIO_free(out);
    if (issuer != nullptr) {
      X509_free(issuer_cert);
      EVP_PKEY_free(issuer_key);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return made;
  }

  // The caller frees them.
  X509* ReadCert() const {
    BIO* in = BIO_new_mem_buf(cert.data(), static_cast<int>(cert.size()));
    X509* read = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
    BIO_free(in);
    return read;
  }
  EVP_PKEY* ReadKey() const {
    BIO* in = BIO_new_mem_buf(key.data(), static_cast<int>(key.size()));
    EVP_PKEY* read = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
    BIO_free(in);
    return read;
  }

 private:
  static std::string Take(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    static_cast<void>(BIO_reset(bio));
    return text;
  }
};

// The server's own in most tests.
inline const TestCertificate& LocalhostCertificate() {
  static const TestCertificate made =
      TestCertificate::Make("localhost", "DNS:localhost,IP:127.0.0.1");
  return made;
}

}  // namespace parshall::http
