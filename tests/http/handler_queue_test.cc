// Requests that wait for the same thing get one response; see handler_queue.h.
#include <atomic>
#include <catch2/catch.hpp>
#include <vector>

#include "http/server.h"
#include "tests/http/client.h"

namespace parshall::http {
namespace {

constexpr size_t kCrowd = 30;

ServerOptions SharingOptions() {
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  options.handlers_waiting_max = 3;
  options.share_key = [](const Request& request) {
    return request.path == "/own" ? std::string() : request.path;
  };
  return options;
}

std::string GetOf(const std::string& path) { return "GET " + path + " HTTP/1.1\r\n\r\n"; }

}  // namespace

TEST_CASE("Requests that wait for one response share it, and see all that happened before them") {
  std::atomic<int> calls = 0;
  std::atomic<int> written = 0;
  std::atomic<bool> open = false;
  auto server = Server::Start(SharingOptions(), [&](const Request& request) {
    ++calls;
    const int seen = written;
    Eventually([&] { return open.load(); });
    return TextResponse(200, request.path + std::to_string(seen));
  });
  REQUIRE(server.ok());
  const std::string& address = (*server)->addresses()[0];
  Client first(address);
  first.Send(GetOf("/a"));
  REQUIRE(Eventually([&] { return calls == 1; }));
  written = 1;  // the running one may have missed it: nobody who comes now may get that
  std::vector<Client> crowd;
  for (size_t i = 0; i < kCrowd; ++i) {
    crowd.emplace_back(address);
    crowd.back().Send(GetOf("/a"));
  }
  Client other(address);
  other.Send(GetOf("/b"));
  REQUIRE(Eventually([&] { return (*server)->tally().requests == kCrowd + 2; }));
  open = true;
  CHECK(first.Read()->body == "/a0\n");
  for (Client& one : crowd) {
    const auto answer = one.Read();
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == "/a1\n");
  }
  CHECK(other.Read()->body == "/b1\n");
  CHECK(calls == 3);
}

TEST_CASE("Requests without a name share nothing, and are bounded") {
  std::atomic<int> calls = 0;
  std::atomic<bool> open = false;
  auto server = Server::Start(SharingOptions(), [&](const Request&) {
    ++calls;
    Eventually([&] { return open.load(); });
    return TextResponse(200, "x");
  });
  REQUIRE(server.ok());
  std::vector<Client> crowd;
  for (size_t i = 0; i < 5; ++i) {
    crowd.emplace_back((*server)->addresses()[0]);
    crowd.back().Send(GetOf("/own"));
  }
  REQUIRE(Eventually([&] { return (*server)->tally().requests == 5; }));
  open = true;
  int served = 0;
  for (Client& one : crowd) served += one.Read()->status == 200 ? 1 : 0;
  CHECK(served == 3);
  CHECK(calls == 3);
}

TEST_CASE("A shared response reaches HEAD without its body, and the others whole") {
  std::atomic<int> calls = 0;
  std::atomic<bool> open = false;
  auto server = Server::Start(SharingOptions(), [&](const Request&) {
    ++calls;
    Eventually([&] { return open.load(); });
    return TextResponse(200, std::string(1000, 'x'));
  });
  REQUIRE(server.ok());
  const std::string& address = (*server)->addresses()[0];
  Client busy(address), head(address), whole(address);
  busy.Send(GetOf("/busy"));
  REQUIRE(Eventually([&] { return calls == 1; }));
  head.Send("HEAD /a HTTP/1.1\r\n\r\n");
  whole.Send(GetOf("/a"));
  REQUIRE(Eventually([&] { return (*server)->tally().requests == 3; }));
  open = true;
  const auto short_answer = head.Read(true);
  REQUIRE(short_answer);
  CHECK(short_answer->Find("Content-Length") == "1001");
  CHECK(whole.Read()->body.size() == 1001);
  CHECK(calls == 2);
}

}  // namespace parshall::http
