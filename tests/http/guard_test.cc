// Passwords and limits: what is decided before a handler sees a request.
#include "http/guard.h"

#include <crypt.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <vector>

#include "http/bcrypt.h"
#include "http/server.h"
#include "tests/http/client.h"

namespace parshall::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = Guard::Decision::Kind;

std::string HashOf(const std::string& password, int cost) {
  char salt[CRYPT_GENSALT_OUTPUT_SIZE];
  char random[16] = "123456789012345";
  crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), random, sizeof random, salt,
                   sizeof salt);
  crypt_data state = {};
  return crypt_r(password.c_str(), salt, &state);
}

std::shared_ptr<const Access> AccessWith(std::map<std::string, std::string> users,
                                         std::optional<RateLimit> limit = {}) {
  WebConfig config;
  config.users = std::move(users);
  config.rate_limit = limit;
  auto access = MakeAccess(config);
  REQUIRE(access.ok());
  return *access;
}

Request RequestOf(const std::string& user, const std::string& password) {
  Request request;
  request.method = "GET";
  request.path = "/";
  request.headers.push_back({"Authorization", BasicAuthHeader({user, password})});
  return request;
}

// As the server does it, at once.
int StatusOf(Guard* guard, const Access& access, const Request& request, const std::string& peer,
             Guard::Time now) {
  Guard::Decision decision = guard->Decide(access, request, peer, now);
  if (decision.kind == Kind::kAdmit) return 200;
  if (decision.kind == Kind::kAnswer) return decision.answer.status;
  const auto refusal = guard->Finish(decision.check, Guard::Judge(decision.check));
  return refusal ? refusal->status : 200;
}

}  // namespace

TEST_CASE("Guard lets in who has the password, and nobody else") {
  const auto access = AccessWith({{"anna", HashOf("secret", 4)}, {"ben", HashOf("other", 4)}});
  struct Row {
    const char* name;
    std::string header;
    int status;
  };
  const auto basic = [](const std::string& user, const std::string& password) {
    return BasicAuthHeader({user, password});
  };
  const Row rows[] = {
      {"right", basic("anna", "secret"), 200},
      {"right again", basic("anna", "secret"), 200},
      {"the other", basic("ben", "other"), 200},
      {"lower case scheme", "basic" + basic("anna", "secret").substr(5), 200},
      {"wrong password", basic("anna", "Secret"), 401},
      {"another's password", basic("anna", "other"), 401},
      {"unknown user", basic("carl", "secret"), 401},
      {"no user", basic("", "secret"), 401},
      {"no password", basic("anna", ""), 401},
      {"the hash itself", basic("anna", access->users.at("anna")), 401},
      {"a NUL behind it", basic("anna", std::string("secret\0", 7)), 401},
      {"no header", "", 401},
      {"another scheme", "Bearer c2VjcmV0", 401},
      {"no colon", "Basic YW5uYQ==", 401},
      {"not base64", "Basic !!!!", 401},
      {"padding inside", "Basic YW=uYTpzZWNyZXQ=", 401},
      {"cut", "Basic YW5uYTpzZWNyZXQ", 401},
  };
  Guard guard;
  const Guard::Time begin;
  int peer = 0;
  for (const Row& row : rows) {
    INFO(row.name);
    Request request;
    if (!row.header.empty()) request.headers.push_back({"authorization", row.header});
    CHECK(StatusOf(&guard, *access, request, std::to_string(++peer), begin) == row.status);
  }
}

TEST_CASE("Guard asks bcrypt once for a password, until the hash changes") {
  const auto access = AccessWith({{"anna", HashOf("secret", 4)}});
  Guard guard;
  const Guard::Time now;
  const Request request = RequestOf("anna", "secret");
  CHECK(guard.Decide(*access, request, "a", now).kind == Kind::kCheck);
  Guard fresh;
  CHECK(StatusOf(&fresh, *access, request, "a", now) == 200);
  CHECK(fresh.Decide(*access, request, "b", now).kind == Kind::kAdmit);
  const auto changed = AccessWith({{"anna", HashOf("another", 4)}});
  CHECK(fresh.Decide(*changed, request, "a", now).kind == Kind::kCheck);
  CHECK(StatusOf(&fresh, *AccessWith({{"ben", HashOf("secret", 4)}}), request, "a", now) == 401);
}

TEST_CASE("Guard compares an unknown user's password with the dearest hash") {
  const auto access = AccessWith({{"anna", HashOf("secret", 4)}, {"ben", HashOf("secret", 6)}});
  Guard guard;
  const auto decision = guard.Decide(*access, RequestOf("carl", "secret"), "a", {});
  REQUIRE(decision.kind == Kind::kCheck);
  CHECK(BcryptCost(decision.check.hash) == 6);
  CHECK(!decision.check.user_known);
  CHECK(MatchesBcrypt(decision.check.password, decision.check.hash));
  CHECK(!Guard::Judge(decision.check));  // and yet nobody comes in by it
  CHECK(guard.Finish(decision.check, false)->status == 401);
}

TEST_CASE("Guard stops looking at the passwords of who is wrong again and again") {
  const auto access = AccessWith({{"anna", HashOf("secret", 4)}});
  Guard guard;
  const Guard::Time begin;
  const Request wrong = RequestOf("anna", "guess");
  for (int i = 0; i < 10; ++i) CHECK(StatusOf(&guard, *access, wrong, "a", begin) == 401);
  CHECK(StatusOf(&guard, *access, wrong, "a", begin) == 429);
  CHECK(StatusOf(&guard, *access, RequestOf("anna", "secret"), "a", begin) == 429);
  CHECK(StatusOf(&guard, *access, RequestOf("anna", "secret"), "b", begin) == 200);
  CHECK(StatusOf(&guard, *access, RequestOf("anna", "secret"), "a", begin) == 200);  // known now
  CHECK(StatusOf(&guard, *access, wrong, "a", begin + seconds(1)) == 401);
  CHECK(StatusOf(&guard, *access, wrong, "a", begin + seconds(1)) == 429);
}

TEST_CASE("Guard bounds the checks of one client, and of all") {
  const auto access = AccessWith({{"anna", HashOf("secret", 4)}});
  Guard guard;
  std::vector<Guard::Check> running;
  const auto ask = [&](const std::string& peer) {
    Guard::Decision decision = guard.Decide(*access, RequestOf("anna", "x"), peer, {});
    if (decision.kind == Kind::kCheck) running.push_back(decision.check);
    return decision.kind == Kind::kCheck ? 0 : decision.answer.status;
  };
  for (size_t i = 0; i < Guard::kPeerChecksMax; ++i) CHECK(ask("a") == 0);
  CHECK(ask("a") == 429);
  for (size_t i = running.size(); i < Guard::kChecksMax; ++i) CHECK(ask(std::to_string(i)) == 0);
  CHECK(ask("z") == 503);
  for (const Guard::Check& check : running) guard.Finish(check, false);
  CHECK(ask("z") == 0);
}

TEST_CASE("Guard forgets clients when there are very many") {
  const auto access = AccessWith({{"anna", HashOf("secret", 4)}});
  Guard guard;
  for (size_t i = 0; i < 2 * Guard::kPeersMax; ++i) {
    const auto decision = guard.Decide(*access, RequestOf("anna", "x"), std::to_string(i), {});
    REQUIRE(decision.kind == Kind::kCheck);
    guard.Finish(decision.check, false);
  }
}

TEST_CASE("Guard's bucket lets a burst through, and then one each interval") {
  const auto access = AccessWith({}, RateLimit{milliseconds(100), 3});
  Guard guard;
  const Guard::Time begin = std::chrono::steady_clock::now();
  const auto status = [&](milliseconds after) {
    return StatusOf(&guard, *access, Request(), "a", begin + after);
  };
  CHECK(status(milliseconds(0)) == 200);
  CHECK(status(milliseconds(0)) == 200);
  CHECK(status(milliseconds(0)) == 200);
  CHECK(status(milliseconds(0)) == 429);
  CHECK(status(milliseconds(99)) == 429);
  CHECK(status(milliseconds(101)) == 200);
  CHECK(status(milliseconds(102)) == 429);
  CHECK(status(seconds(60)) == 200);
  CHECK(status(seconds(60)) == 200);
  CHECK(status(seconds(60)) == 200);
  CHECK(status(seconds(60)) == 429);
}

TEST_CASE("A bcrypt hash is looked at before it is used") {
  const std::string good = HashOf("x", 4);
  const std::pair<std::string, bool> rows[] = {
      {good, true},
      {"$2y$" + good.substr(4), true},
      {"$2a$" + good.substr(4), true},
      {"", false},
      {"secret", false},
      {good.substr(0, 59), false},
      {good + "x", false},
      {"$2b$03$" + good.substr(7), false},
      {"$2b$17$" + good.substr(7), false},
      {"$2b$31$" + good.substr(7), false},
      {"$2b$1x$" + good.substr(7), false},
      {"$2b$04$" + std::string(53, '!'), false},
      {"$6$" + std::string(57, 'x'), false},
  };
  for (const auto& [hash, fine] : rows) {
    INFO(hash);
    CHECK(CheckBcryptHash(hash).ok() == fine);
  }
}

TEST_CASE("bcrypt's 72 bytes are no reason to take a longer password for it") {
  const std::string password(72, 'p');
  const std::string hash = HashOf(password, 4);
  CHECK(MatchesBcrypt(password, hash));
  CHECK(!MatchesBcrypt(password + "x", hash));
  CHECK(!MatchesBcrypt(password.substr(1), hash));
}

TEST_CASE("Server asks for the password on every path, and serves others while bcrypt works") {
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  options.quick_paths = {"/-/healthy"};
  const auto access = AccessWith({{"anna", HashOf("secret", 10)}, {"ben", HashOf("quick", 4)}});
  options.access = [access] { return access; };
  auto server = Server::Start(
      std::move(options), [](const Request& request) { return TextResponse(200, request.path); });
  REQUIRE(server.ok());
  const std::string address = (*server)->addresses()[0];
  const auto request = [](const std::string& path, const std::string& user,
                          const std::string& password) {
    return "GET " + path + " HTTP/1.1\r\nAuthorization: " + BasicAuthHeader({user, password}) +
           "\r\n\r\n";
  };
  for (const char* path : {"/", "/-/healthy", "/nothing"}) {
    const auto answer = Get(address, path);
    REQUIRE(answer);
    CHECK(answer->status == 401);
    CHECK(answer->Find("WWW-Authenticate") == "Basic realm=\"parshall\", charset=\"UTF-8\"");
  }
  REQUIRE(Ask(address, request("/", "ben", "quick"))->status == 200);
  // One guess takes some 50 ms or more; known scrapes take a fraction of one.
  Client guess(address);
  guess.Send(request("/", "anna", "guess"));
  std::atomic<bool> answered = false;
  std::thread waiter([&] {
    const auto answer = guess.Read();
    CHECK((answer && answer->status == 401));
    answered = true;
  });
  int served = 0;
  while (!answered) served += Ask(address, request("/", "ben", "quick"))->status == 200 ? 1 : 0;
  waiter.join();
  CHECK(served >= 3);
  const auto right = Ask(address, request("/", "anna", "secret"));
  REQUIRE(right);
  CHECK(right->status == 200);
  CHECK((*server)->tally().requests_denied == 4);
}

TEST_CASE("Server adds the configured headers to responses that do not have them") {
  WebConfig config;
  config.headers = {{"X-Frame-Options", "deny"},
                    {"Content-Security-Policy", "default-src 'self'"},
                    {"X-Content-Type-Options", "nosniff"}};
  const auto access = MakeAccess(config);
  REQUIRE(access.ok());
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  options.access = [access = *access] { return access; };
  auto server = Server::Start(std::move(options), [](const Request& request) {
    Response response;
    if (request.path == "/own") {
      response.headers.push_back({"Content-Security-Policy", "default-src 'none'"});
    }
    return response;
  });
  REQUIRE(server.ok());
  const auto plain = Get((*server)->addresses()[0], "/");
  REQUIRE(plain);
  CHECK(plain->Find("X-Frame-Options") == "deny");
  CHECK(plain->Find("Content-Security-Policy") == "default-src 'self'");
  CHECK(plain->head.find("nosniff") == plain->head.rfind("nosniff"));
  const auto own = Get((*server)->addresses()[0], "/own");
  REQUIRE(own);
  CHECK(own->Find("Content-Security-Policy") == "default-src 'none'");
}

}  // namespace parshall::http
