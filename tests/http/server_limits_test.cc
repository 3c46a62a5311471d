// What the server does for clients that are rude, slow, broken or many.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <vector>

#include "http/server.h"
#include "tests/http/client.h"

namespace parshall::http {
namespace {

using std::chrono::milliseconds;

constexpr const char* kGet = "GET / HTTP/1.1\r\n\r\n";

std::unique_ptr<Server> StartWith(ServerOptions options, size_t body_bytes = 3) {
  if (options.addresses.empty()) options.addresses = {"127.0.0.1:0"};
  auto server = Server::Start(std::move(options), [body_bytes](const Request&) {
    Response response;
    response.body.assign(body_bytes, 'x');
    return response;
  });
  REQUIRE(server.ok());
  return std::move(*server);
}

std::string Repeat(std::string_view piece, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += piece;
  return text;
}

long ResidentKib() {
  std::ifstream status("/proc/self/statm");
  long total = 0, resident = 0;
  status >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE) / 1024;
}

}  // namespace

// For the server's side of TLS, with a certificate of its own.
AccessSource TlsAccess() {
  WebConfig config;
  config.tls.emplace();
  config.tls->cert = {"cert", LocalhostCertificate().cert};
  config.tls->key = {"key", LocalhostCertificate().key};
  const auto access = MakeAccess(config);
  REQUIRE(access.ok());
  return [access = *access] { return access; };
}

TEST_CASE("Server answers hostile requests with 4xx or by closing, and goes on") {
  const bool secure = GENERATE(false, true);
  INFO((secure ? "TLS" : "plain"));
  struct Row {
    const char* name;
    std::string bytes;
    std::vector<int> statuses;  // 0: closed without an answer
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const Row rows[] = {
      {"garbage", "\x01\x02\x03\xff\xfe garbage\r\n\r\n", {400}},
      {"blank", "\r\n\r\n\r\n\r\n", {0, 400}},
      {"NULs", std::string(100, '\0') + "\r\n\r\n", {400}},
      {"TLS hello",
       std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(507, 'r'),
       {0, 400}},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}},
      {"HTTP/3", "GET / HTTP/3.0\r\n\r\n", {400}},
      {"HTTP/0.9", "GET /\r\n\r\n", {400}},
      {"no method", " / HTTP/1.1\r\n\r\n", {400}},
      {"NUL in path", std::string("GET /a\0b HTTP/1.1\r\n\r\n", 21), {400}},
      {"control in header", "GET / HTTP/1.1\r\nX: a\x01z\r\n\r\n", {400}},
      {"bare header", "GET / HTTP/1.1\r\nnonsense\r\n\r\n", {400}},
      {"blank before colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", {200, 400}},
      {"64 KiB path", "GET /" + std::string(64 << 10, 'a') + " HTTP/1.1\r\n\r\n", {431}},
      {"64 KiB method", std::string(64 << 10, 'A'), {431}},
      {"header without end", "GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'a'), {431}},
      {"many headers", "GET / HTTP/1.1\r\n" + Repeat("a: b\r\n", 100'000), {431}},
      {"folded headers", "GET / HTTP/1.1\r\nA: b\r\n" + Repeat(" c\r\n", 10'000), {431}},
      {"length over limit", post + "Content-Length: 65537\r\n\r\n", {413}},
      {"length of 2^64", post + "Content-Length: 18446744073709551616\r\n\r\n", {400, 413}},
      {"negative length", post + "Content-Length: -1\r\n\r\n", {400}},
      {"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}},
      {"length and chunked",
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       {400}},
      {"negative chunk", chunked + "-2\r\nab\r\n0\r\n\r\n", {400}},
      {"chunk of 2^64", chunked + "10000000000000000\r\n", {400, 413}},
      {"chunk of 2^64-1", chunked + "ffffffffffffffff\r\n", {400, 413}},
      {"chunk over limit",
       chunked + "10001\r\n" + std::string(0x10001, 'a') + "\r\n0\r\n\r\n",
       {413}},
      {"chunks over limit", chunked + Repeat("1\r\na\r\n", 70'000) + "0\r\n\r\n", {413}},
      {"endless chunk extension", chunked + "1;" + std::string(1 << 20, 'e'), {400, 413, 431}},
      {"endless trailer", chunked + "0\r\nT: " + std::string(1 << 20, 't'), {400, 413, 431}},
      {"chunk without end", chunked + "1\r\nabc\r\n", {400}},
      {"chunk size is no number", chunked + "zz\r\n", {400}},
      {"NUL in a chunk size", chunked + std::string("1\0\r\na\r\n", 7), {400}},
      {"chunked is not last", post + "Transfer-Encoding: chunked, identity\r\n\r\n", {400}},
      {"chunked twice",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       {400}},
      {"chunked in HTTP/1.0",
       "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       {400}},
      {"the same length twice",
       post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
       {200, 400}},
      {"length with a sign", post + "Content-Length: +1\r\n\r\na", {400}},
      {"absolute form", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", {200}},
      {"absolute form of another scheme", "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", {400}},
      {"CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", {400}},
      {"unknown expectation", post + "Expect: a-miracle\r\nContent-Length: 1\r\n\r\na", {200, 417}},
      {"expectation of a large body",
       post + "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
       {413}},
      {"upgrade", "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", {200}},
      {"half a request", "GET / HT", {0}},
      {"half a body", post + "Content-Length: 10\r\n\r\nabc", {0}},
      {"nothing", "", {0}},
  };
  ServerOptions options;
  if (secure) options.access = TlsAccess();
  const auto server = StartWith(options);
  const std::string& address = server->addresses()[0];
  for (const Row& row : rows) {
    INFO(row.name);
    Client client(address);
    if (secure) REQUIRE(client.StartTls());
    client.Send(row.bytes);
    client.CloseWriting();
    const auto answer = client.Read();
    const int status = answer ? answer->status : 0;
    INFO("status " << status);
    CHECK(std::count(row.statuses.begin(), row.statuses.end(), status) == 1);
    if (status != 200) CHECK(client.IsClosed());
    if (status >= 400) CHECK(answer->Find("Connection") == "close");
    Client good(address);
    if (secure) REQUIRE(good.StartTls());
    good.Send(kGet);
    CHECK(good.Read().has_value());
  }
}

TEST_CASE("Server bounds a body at exactly its limit") {
  const auto server = StartWith({});
  const auto post = [&](size_t size) {
    const auto answer =
        Ask(server->addresses()[0], "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(size) +
                                        "\r\n\r\n" + std::string(size, 'b'));
    return answer ? answer->status : 0;
  };
  CHECK(post(64 << 10) == 200);
  CHECK(post((64 << 10) + 1) == 413);
}

TEST_CASE("Server's refusal reaches a client that is still sending") {
  const auto server = StartWith({});
  Client client(server->addresses()[0]);
  client.Send("POST / HTTP/1.1\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'b'));
  const auto answer = client.Read();
  REQUIRE(answer);
  CHECK(answer->status == 413);
}

TEST_CASE("Server does not store what an endless header sends") {
  const auto server = StartWith({});
  Client client(server->addresses()[0]);
  client.Send("GET / HTTP/1.1\r\nX: ");
  const long before = ResidentKib();
  const std::string piece(1 << 20, 'a');
  int sent = 0;
  while (sent < 256 && client.Send(piece)) ++sent;
  CHECK(sent < 256);  // closed long before
  CHECK(ResidentKib() - before < 16 << 10);
}

TEST_CASE(
    "Server closes a client that sends its request byte by byte, while a good one is served") {
  ServerOptions options;
  options.request_timeout = milliseconds(300);
  const auto server = StartWith(options);
  const auto begin = std::chrono::steady_clock::now();
  for (const char* start :
       {"", "G", "GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n"}) {
    INFO(start);
    Client slow(server->addresses()[0]);
    slow.Send(start);
    bool open = true;
    // Each byte is progress, and still the deadline of the whole request holds.
    CHECK(Eventually([&] {
      CHECK(Get(server->addresses()[0]).has_value());
      if (*start != '\0') open = slow.SendSome("a");
      return !open || *start == '\0';
    }));
    CHECK(slow.IsClosed());
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  CHECK(Eventually([&] { return server->tally().connections_timed_out == 4; }));
}

TEST_CASE("Server closes a kept connection that stays quiet") {
  ServerOptions options;
  options.keep_alive_timeout = milliseconds(100);
  const auto server = StartWith(options);
  Client client(server->addresses()[0]);
  client.Send(kGet);
  REQUIRE(client.Read());
  CHECK(client.IsClosed());
  CHECK(Eventually([&] { return server->tally().connections_timed_out == 1; }));
}

TEST_CASE("Server gives the second request of a connection its whole deadline") {
  ServerOptions options;
  options.request_timeout = milliseconds(2000);
  options.keep_alive_timeout = milliseconds(100);
  const auto server = StartWith(options);
  Client client(server->addresses()[0]);
  client.Send(kGet);
  REQUIRE(client.Read());
  client.Send("G");
  std::this_thread::sleep_for(milliseconds(250));  // longer than the quiet deadline
  client.Send("ET / HTTP/1.1\r\n\r\n");
  CHECK(client.Read().has_value());
}

TEST_CASE("Server closes a client that stops reading") {
  ServerOptions options;
  options.write_progress_timeout = milliseconds(150);
  const auto server = StartWith(options, 20 << 20);
  Client client(server->addresses()[0], 4096);
  client.Send(kGet);
  CHECK(Eventually([&] { return server->tally().connections_timed_out == 1; }));
  CHECK(Eventually([&] { return server->tally().connections_open == 0; }));
  CHECK(!client.Send("x"));  // it is reset, and not left with what the socket still holds
}

TEST_CASE("Server closes a client that reads too slowly to come to an end") {
  ServerOptions options;
  options.write_timeout = milliseconds(400);
  options.write_progress_timeout = milliseconds(10'000);
  const auto server = StartWith(options, 20 << 20);
  Client client(server->addresses()[0], 4096);
  client.Send(kGet);
  CHECK(Eventually([&] { return server->tally().connections_timed_out == 1; }));
}

TEST_CASE("Server serves a good client among 600 that hold it up") {
  ServerOptions options;
  options.request_timeout = std::chrono::seconds(60);
  const auto server = StartWith(options);
  const std::string& address = server->addresses()[0];
  std::vector<Client> crowd;
  for (int i = 0; i < 600; ++i) {
    crowd.emplace_back(address);
    REQUIRE(crowd.back().connected());
    crowd.back().Send("GET / HT");
  }
  REQUIRE(Eventually([&] { return server->tally().connections_accepted == 600; }));
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = Get(address);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
  REQUIRE(answer);
  CHECK(answer->status == 200);
  const ServerTally tally = server->tally();
  CHECK(tally.connections_open <= 512);
  CHECK(tally.connections_evicted >= 600 - 512);
  CHECK(crowd.front().IsClosed());  // the oldest went first
}

TEST_CASE("Server answers 503 when every connection is being served") {
  ServerOptions options;
  options.connections_max = 2;
  options.evict_writer_after = std::chrono::seconds(60);
  const auto server = StartWith(options, 20 << 20);
  const std::string& address = server->addresses()[0];
  Client first(address, 4096), second(address, 4096);
  first.Send(kGet);
  second.Send(kGet);
  REQUIRE(Eventually([&] { return server->tally().requests == 2; }));
  Client third(address);  // sends nothing, so that the refusal is not lost to a reset
  const auto answer = third.Read();
  REQUIRE(answer);
  CHECK(answer->status == 503);
  CHECK(answer->Find("Retry-After") == "1");
  CHECK(third.IsClosed());
  CHECK(server->tally().connections_refused == 1);
}

TEST_CASE("Server bounds the responses it holds for slow readers") {
  ServerOptions options;
  options.responses_bytes_max = 50 << 20;
  options.evict_writer_after = std::chrono::seconds(60);
  const auto server = StartWith(options, 30 << 20);
  const std::string& address = server->addresses()[0];
  std::vector<Client> slow;
  for (int i = 0; i < 2; ++i) {
    slow.emplace_back(address, 4096);
    slow.back().Send(kGet);
  }
  REQUIRE(Eventually([&] { return server->tally().requests == 2; }));
  int status = 200;
  REQUIRE(Eventually([&] {  // until the second body is there
    Client probe(address);
    probe.Send(kGet);
    const auto answer = probe.Read();
    status = answer ? answer->status : 0;
    return status == 503;
  }));
  CHECK(server->tally().requests_busy >= 1);
}

TEST_CASE("Server closes the slowest reader when it holds too much") {
  ServerOptions options;
  options.responses_bytes_max = 50 << 20;
  options.evict_writer_after = milliseconds(1);
  // On a busy machine the deadlines of slow readers may pass first; this is not about those.
  options.write_progress_timeout = options.write_timeout = milliseconds(300'000);
  const auto server = StartWith(options, 30 << 20);
  const std::string& address = server->addresses()[0];
  std::vector<Client> slow;
  for (int i = 0; i < 6; ++i) {
    slow.emplace_back(address, 4096);
    slow.back().Send(kGet);
  }
  REQUIRE(Eventually([&] { return server->tally().requests == 6; }));
  REQUIRE(Eventually([&] {
    const auto answer = Get(address);
    return answer && answer->status == 200 && answer->body.size() == 30 << 20;
  }));
  CHECK(server->tally().connections_evicted >= 1);
}

TEST_CASE("Server goes on when descriptors run out, without a busy loop") {
  ServerOptions options;
  options.accept_pause = milliseconds(20);
  const auto server = StartWith(options);
  const std::string& address = server->addresses()[0];
  std::vector<Client> clients;
  clients.emplace_back(address);
  clients.emplace_back(address);
  REQUIRE(Eventually([&] { return server->tally().connections_open == 2; }));
  clients.emplace_back(address);
  REQUIRE(Eventually([&] { return server->tally().connections_open == 3; }));

  // The client's own socket is made first; the limit then leaves none for the server's end of it.
  rlimit before;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int next = dup(0);
  close(next);
  const int waiting = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  rlimit tight = before;
  tight.rlim_cur = 3;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  const bool connected = connect(waiting, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  const bool failed = Eventually([&] { return server->tally().accepts_failed >= 2; });
  std::this_thread::sleep_for(milliseconds(200));
  const uint64_t failures = server->tally().accepts_failed;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(connected);
  CHECK(failed);
  CHECK(failures < 30);  // a busy loop would have made hundreds of thousands
  CHECK(Get(address).has_value());
  close(waiting);
}

TEST_CASE("Server refuses requests beyond the queue of its worker") {
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  options.handlers_waiting_max = 2;
  std::atomic<bool> open = false;
  auto server = Server::Start(options, [&open](const Request&) {
    Eventually([&open] { return open.load(); });
    return TextResponse(200, "done");
  });
  REQUIRE(server.ok());
  const std::string& address = (*server)->addresses()[0];
  Client first(address), second(address);
  first.Send(kGet);
  second.Send(kGet);
  REQUIRE(Eventually([&] { return (*server)->tally().requests == 2; }));
  const auto third = Get(address);
  open = true;
  REQUIRE(third);
  CHECK(third->status == 503);
  const auto answer = second.Read();
  REQUIRE(answer);
  CHECK(answer->status == 200);
}

TEST_CASE("Server survives clients that vanish at every moment") {
  const auto server = StartWith({}, 1 << 20);
  const std::string& address = server->addresses()[0];
  const std::string request = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
  for (size_t cut = 0; cut <= request.size(); ++cut) {
    Client client(address);
    client.Send(request.substr(0, cut));
  }
  CHECK(Eventually([&] { return server->tally().connections_open == 0; }));
  CHECK(Get(address).has_value());
}

}  // namespace parshall::http
