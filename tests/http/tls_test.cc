// The server under TLS: who is let in, and how it ends.
#include "http/tls.h"

#include <catch2/catch.hpp>
#include <mutex>
#include <tuple>
#include <vector>

#include "http/access.h"
#include "http/server.h"
#include "tests/http/client.h"

namespace parshall::http {
namespace {

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

TlsSettings Settings() {
  TlsSettings settings;
  settings.cert = {"the-cert", LocalhostCertificate().cert};
  settings.key = {"the-key", LocalhostCertificate().key};
  return settings;
}

std::shared_ptr<const Access> AccessOf(const TlsSettings& settings) {
  WebConfig config;
  config.tls = settings;
  auto access = MakeAccess(config);
  REQUIRE(access.ok());
  return *access;
}

std::unique_ptr<Server> StartWith(ServerOptions options, size_t body_bytes = 3) {
  options.addresses = {"127.0.0.1:0"};
  auto server = Server::Start(std::move(options), [body_bytes](const Request&) {
    Response response;
    response.body.assign(body_bytes, 'x');
    return response;
  });
  REQUIRE(server.ok());
  return std::move(*server);
}

std::unique_ptr<Server> StartWith(const TlsSettings& settings) {
  ServerOptions options;
  options.access = [access = AccessOf(settings)] { return access; };
  return StartWith(std::move(options));
}

// The status of a GET, or 0 when the connection ends without one.
int StatusOf(const Server& server, const TestCertificate* own = nullptr, int version = 0) {
  Client client(server.addresses()[0]);
  if (!client.StartTls(own, version)) return 0;
  client.Send(kGet);
  const auto answer = client.Read();
  return answer ? answer->status : 0;
}

const TestCertificate& Authority() {
  static const TestCertificate made = TestCertificate::Make("an authority", "");
  return made;
}

}  // namespace

TEST_CASE("Server answers under TLS, and keeps the connection") {
  const auto server = StartWith(Settings());
  Client client(server->addresses()[0]);
  REQUIRE(client.StartTls());
  for (int i = 0; i < 3; ++i) {
    client.Send(kGet);
    const auto answer = client.Read();
    REQUIRE(answer);
    CHECK(answer->body == "xxx");
  }
}

TEST_CASE("Server sends a large body under TLS whole, and says that it ends") {
  ServerOptions options;
  options.access = [access = AccessOf(Settings())] { return access; };
  const auto server = StartWith(std::move(options), 20 << 20);
  Client client(server->addresses()[0]);
  REQUIRE(client.StartTls());
  client.Send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto answer = client.Read();
  REQUIRE(answer);
  CHECK(answer->body.size() == 20 << 20);
  char rest;
  CHECK(SSL_read(client.ssl(), &rest, 1) == 0);
  CHECK(SSL_get_error(client.ssl(), 0) == SSL_ERROR_ZERO_RETURN);  // not merely cut off
}

TEST_CASE("Server speaks TLS 1.2 and 1.3, as far as it is let, and nothing older") {
  struct Row {
    TlsVersion min, max;
    int version;
    bool served;
  };
  const Row rows[] = {
      {TlsVersion::kTls12, TlsVersion::kTls13, TLS1_VERSION, false},
      {TlsVersion::kTls12, TlsVersion::kTls13, TLS1_1_VERSION, false},
      {TlsVersion::kTls12, TlsVersion::kTls13, TLS1_2_VERSION, true},
      {TlsVersion::kTls12, TlsVersion::kTls13, TLS1_3_VERSION, true},
      {TlsVersion::kTls13, TlsVersion::kTls13, TLS1_2_VERSION, false},
      {TlsVersion::kTls12, TlsVersion::kTls12, TLS1_3_VERSION, false},
  };
  for (const Row& row : rows) {
    INFO(row.version);
    TlsSettings settings = Settings();
    settings.min_version = row.min;
    settings.max_version = row.max;
    const auto server = StartWith(settings);
    CHECK(StatusOf(*server, nullptr, row.version) == (row.served ? 200 : 0));
    if (!row.served) CHECK(Eventually([&] { return server->tally().handshakes_failed == 1; }));
  }
}

TEST_CASE("Server asks clients for certificates as it is told") {
  const TestCertificate good = TestCertificate::Make("good", "DNS:good.test", &Authority());
  const TestCertificate stranger = TestCertificate::Make("stranger", "DNS:stranger.test");
  const TestCertificate expired =
      TestCertificate::Make("expired", "DNS:good.test", &Authority(), -7200, -3600);
  struct Row {
    ClientAuth policy;
    const char* san;  // the one allowed, or empty
    bool none, good, stranger, expired;
  };
  const Row rows[] = {
      {ClientAuth::kNoClientCert, "", true, true, true, true},
      {ClientAuth::kRequestClientCert, "", true, true, true, true},
      {ClientAuth::kRequireAnyClientCert, "", false, true, true, true},
      {ClientAuth::kRequireAnyClientCert, "stranger.test", false, false, true, false},
      {ClientAuth::kVerifyClientCertIfGiven, "", true, true, false, false},
      {ClientAuth::kRequireAndVerifyClientCert, "", false, true, false, false},
      {ClientAuth::kRequireAndVerifyClientCert, "good.test", false, true, false, false},
      {ClientAuth::kRequireAndVerifyClientCert, "other.test", false, false, false, false},
      {ClientAuth::kRequireAndVerifyClientCert, "GOOD.test", false, false, false, false},
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const Row& row : rows) {
      INFO(static_cast<int>(row.policy) << " " << row.san << " version " << version);
      TlsSettings settings = Settings();
      settings.client_auth = row.policy;
      if (*row.san != '\0') settings.client_allowed_sans = {row.san};
      if (row.policy != ClientAuth::kNoClientCert) settings.client_ca = {"ca", Authority().cert};
      const auto server = StartWith(settings);
      CHECK((StatusOf(*server, nullptr, version) == 200) == row.none);
      CHECK((StatusOf(*server, &good, version) == 200) == row.good);
      CHECK((StatusOf(*server, &stranger, version) == 200) == row.stranger);
      CHECK((StatusOf(*server, &expired, version) == 200) == row.expired);
    }
  }
}

TEST_CASE("An allowed name may be an address, a URI or an e-mail address") {
  const TestCertificate client = TestCertificate::Make(
      "client", "IP:10.1.2.3,IP:2001:db8::1,URI:spiffe://x/y,email:a@b.test", &Authority());
  for (const char* san : {"10.1.2.3", "2001:db8::1", "spiffe://x/y", "a@b.test", "10.1.2.4"}) {
    INFO(san);
    TlsSettings settings = Settings();
    settings.client_auth = ClientAuth::kRequireAndVerifyClientCert;
    settings.client_ca = {"ca", Authority().cert};
    settings.client_allowed_sans = {"nobody.test", san};
    CHECK((StatusOf(*StartWith(settings), &client) == 200) == (san != std::string("10.1.2.4")));
  }
}

TEST_CASE("Server uses the suites and curves it is told") {
  TlsSettings settings = Settings();
  settings.max_version = TlsVersion::kTls12;
  settings.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"};
  settings.curve_preferences = {"CurveP384"};
  const auto server = StartWith(settings);
  Client client(server->addresses()[0]);
  REQUIRE(client.StartTls());
  CHECK(std::string(SSL_get_cipher_name(client.ssl())) == "ECDHE-ECDSA-CHACHA20-POLY1305");
  CHECK(SSL_get_negotiated_group(client.ssl()) == NID_secp384r1);
}

TEST_CASE("Every suite and curve that is offered can be set") {
  for (const std::string_view name : CipherSuiteNames()) {
    TlsSettings settings = Settings();
    settings.cipher_suites = {std::string(name)};
    INFO(name);
    CHECK(TlsContext::Make(settings).ok());
  }
  for (const std::string_view name : CurveNames()) {
    TlsSettings settings = Settings();
    settings.curve_preferences = {std::string(name)};
    INFO(name);
    CHECK(TlsContext::Make(settings).ok());
  }
}

TEST_CASE("Server agrees on HTTP/1.1 by ALPN, and refuses who wants only HTTP/2") {
  const auto server = StartWith(Settings());
  Client both(server->addresses()[0]);
  REQUIRE(both.StartTls(nullptr, 0, "\x02h2\x08http/1.1"));
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(both.ssl(), &chosen, &size);
  CHECK(std::string(reinterpret_cast<const char*>(chosen), size) == "http/1.1");
  Client only_h2(server->addresses()[0]);
  CHECK(!only_h2.StartTls(nullptr, 0, "\x02h2"));
}

TEST_CASE("Server tells a client that speaks plain HTTP to a TLS port") {
  const auto server = StartWith(Settings());
  const auto answer = Ask(server->addresses()[0], kGet);
  REQUIRE(answer);
  CHECK(answer->status == 400);
  CHECK(Eventually([&] { return server->tally().handshakes_failed == 1; }));
}

TEST_CASE("Server closes who disturbs a handshake") {
  const auto server = StartWith(Settings());
  const std::string hello = std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  const std::string rows[] = {std::string(100'000, '\0'), hello + std::string(100'000, 'r'),
                              std::string("\x16\x03\x01\xff\xff", 5) + std::string(100'000, 'x'),
                              std::string("\x80\x2e\x01\x00\x02", 5) + std::string(100, 'x'),
                              "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
  for (const std::string& row : rows) {
    INFO(row.substr(0, 5));
    Client client(server->addresses()[0]);
    client.Send(row);
    client.CloseWriting();
    CHECK(client.IsClosed());
    CHECK(StatusOf(*server) == 200);
  }
}

TEST_CASE("The deadline of the first request begins with the connection, not after the handshake") {
  ServerOptions options;
  options.request_timeout = std::chrono::milliseconds(300);
  options.access = [access = AccessOf(Settings())] { return access; };
  const auto server = StartWith(std::move(options));
  Client silent(server->addresses()[0]);
  CHECK(silent.IsClosed());
  Client shaken(server->addresses()[0]);
  if (shaken.StartTls()) shaken.Send("GET / HT");
  CHECK(shaken.IsClosed());
  CHECK(Eventually([&] { return server->tally().connections_timed_out == 2; }));
}

TEST_CASE("Connections of older certificates end with their next response") {
  auto current = AccessOf(Settings());
  std::mutex mutex;
  ServerOptions options;
  options.access = [&] {
    const std::lock_guard lock(mutex);
    return current;
  };
  const auto server = StartWith(std::move(options));
  Client client(server->addresses()[0]);
  REQUIRE(client.StartTls());
  client.Send(kGet);
  REQUIRE(client.Read());
  {
    const std::lock_guard lock(mutex);
    current = AccessOf(Settings());
  }
  client.Send(kGet);
  const auto last = client.Read();
  REQUIRE(last);
  CHECK(last->Find("Connection") == "close");
  CHECK(client.IsClosed());
  CHECK(StatusOf(*server) == 200);
}

TEST_CASE("A context says what is wrong with its certificate, key or authorities") {
  struct Row {
    const char* name;
    TlsSettings settings;
    const char* where;
    const char* what;
  };
  const TestCertificate other = TestCertificate::Make("other", "DNS:other.test");
  std::vector<Row> rows(5, {"", Settings(), "", ""});
  rows[0].name = "no certificate";
  rows[0].settings.cert.text = "nothing";
  rows[0].where = "the-cert";
  rows[0].what = "no certificate in PEM";
  rows[1].name = "no key";
  rows[1].settings.key.text = "nothing";
  rows[1].where = "the-key";
  rows[1].what = "no private key in PEM";
  rows[2].name = "another's key";
  rows[2].settings.key.text = other.key;
  rows[2].where = "the-key";
  rows[2].what = "does not belong to the certificate the-cert";
  rows[3].name = "half a certificate";
  rows[3].settings.cert.text.resize(rows[3].settings.cert.text.size() / 2);
  rows[3].where = "the-cert";
  rows[3].what = "no certificate in PEM";
  rows[4].name = "no authority";
  rows[4].settings.client_ca = {"the-ca", "nothing"};
  rows[4].where = "the-ca";
  rows[4].what = "no certificate in PEM";
  for (const Row& row : rows) {
    INFO(row.name);
    const auto made = TlsContext::Make(row.settings);
    REQUIRE(!made.ok());
    CHECK(made.error().where == row.where);
    CHECK(made.error().what.find(row.what) != std::string::npos);
  }
}

TEST_CASE("A context warns of a certificate that expired, or is not valid yet") {
  for (const auto& [begin, end, word] : {std::tuple{-7200L, -3600L, "expired on"},
                                         std::tuple{3600L, 7200L, "is not valid before"}}) {
    const TestCertificate made = TestCertificate::Make("x", "", nullptr, begin, end);
    TlsSettings settings;
    settings.cert = {"the-cert", made.cert};
    settings.key = {"the-key", made.key};
    const auto context = TlsContext::Make(settings);
    REQUIRE(context.ok());
    REQUIRE((*context)->warnings().size() == 1);
    CHECK((*context)->warnings()[0].ToString().find(word) != std::string::npos);
  }
}

}  // namespace parshall::http
