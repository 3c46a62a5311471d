// What the server does for an honest client. Rude ones are in server_limits_test.cc.
#include "http/server.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <stdexcept>

#include "http/router.h"
#include "tests/http/client.h"

namespace parshall::http {
namespace {

// Answers with what it was asked.
Response Echo(const Request& request) {
  Response response;
  response.body = request.method + " " + request.path + "|" + request.query + "|" + request.accept +
                  "|" + request.accept_encoding + "|" + request.body;
  return response;
}

std::unique_ptr<Server> StartEcho(std::vector<std::string> addresses = {"127.0.0.1:0"}) {
  ServerOptions options;
  options.addresses = std::move(addresses);
  auto server = Server::Start(std::move(options), Echo);
  REQUIRE(server.ok());
  return std::move(*server);
}

// Holds handlers until it is opened.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    opened_.wait(lock, [this] { return open_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  int waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  int waiting_ = 0;
};

}  // namespace

TEST_CASE("Server hands the handler what the client asked") {
  const auto server = StartEcho();
  const auto answer = Ask(server->addresses()[0],
                          "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\naccept: one\r\nAccept:  two \r\n"
                          "Accept-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "POST /a/b|c=d|one, two|gzip|hello");
  CHECK(answer->Find("X-Content-Type-Options") == "nosniff");
  CHECK(answer->Find("Cache-Control") == "no-store");
  CHECK(answer->Find("Content-Type") == "text/plain; charset=utf-8");
  CHECK(answer->Find("Date"));
  CHECK_FALSE(answer->Find("Server"));
}

TEST_CASE("Server takes chunked bodies and Expect: 100-continue") {
  const auto server = StartEcho();
  Client client(server->addresses()[0]);
  client.Send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  const auto interim = client.Read();
  REQUIRE(interim);
  CHECK(interim->status == 100);
  client.Send("3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n");
  const auto answer = client.Read();
  REQUIRE(answer);
  CHECK(answer->body == "POST /||||abcde");
}

TEST_CASE("Server answers HEAD like GET, without the body") {
  const auto server = StartEcho();
  const auto get = Get(server->addresses()[0], "/x");
  Client client(server->addresses()[0]);
  client.Send("HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  std::string all;
  REQUIRE(client.ReadToEnd(&all));
  REQUIRE(get);
  // "HEAD" is one byte longer than "GET" in the echo.
  CHECK(all.find("Content-Length: " + std::to_string(get->body.size() + 1)) != std::string::npos);
  CHECK(all.ends_with("\r\n\r\n"));
}

TEST_CASE("Server keeps an HTTP/1.1 connection and closes an HTTP/1.0 one, unless told otherwise") {
  struct Row {
    const char* request;
    bool kept;
    const char* version;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\n\r\n", true, "HTTP/1.1"},
      {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false, "HTTP/1.1"},
      {"GET / HTTP/1.0\r\n\r\n", false, "HTTP/1.0"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, "HTTP/1.0"},
  };
  const auto server = StartEcho();
  for (const Row& row : rows) {
    INFO(row.request);
    Client client(server->addresses()[0]);
    client.Send(row.request);
    const auto first = client.Read();
    REQUIRE(first);
    CHECK(first->status == 200);
    CHECK(first->head.starts_with(row.version));
    CHECK((first->Find("Connection") != "close") == row.kept);
    if (row.kept) {
      client.Send(row.request);
      CHECK(client.Read().has_value());
    } else {
      CHECK(client.IsClosed());
    }
  }
}

TEST_CASE("Server answers pipelined requests one after the other, in order") {
  const auto server = StartEcho();
  Client client(server->addresses()[0]);
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client.Send(requests);
  for (int i = 0; i < 100; ++i) {
    const auto answer = client.Read();
    REQUIRE(answer);
    CHECK(answer->body == "GET /" + std::to_string(i) + "||||");
  }
}

TEST_CASE("Server reads a request that is cut anywhere") {
  const auto server = StartEcho();
  const std::string request = "POST /p?q HTTP/1.1\r\nAccept: a\r\nContent-Length: 3\r\n\r\nabc";
  Client client(server->addresses()[0]);
  for (size_t cut = 1; cut < request.size(); ++cut) {
    INFO(cut);
    client.Send(request.substr(0, cut));
    std::this_thread::sleep_for(
        std::chrono::microseconds(300));  // lets the first piece arrive alone
    client.Send(request.substr(cut));
    const auto answer = client.Read();
    REQUIRE(answer);
    CHECK(answer->body == "POST /p|q|a||abc");
  }
}

TEST_CASE("Server takes an absolute URI and refuses a target that is none") {
  const auto server = StartEcho();
  const auto proxied = Ask(server->addresses()[0], "GET http://h:1/x?y HTTP/1.1\r\n\r\n");
  REQUIRE(proxied);
  CHECK(proxied->body == "GET /x|y|||");
  const auto connect = Ask(server->addresses()[0], "CONNECT host:443 HTTP/1.1\r\n\r\n");
  REQUIRE(connect);
  CHECK(connect->status == 400);
}

TEST_CASE("Server listens on several addresses, IPv4, IPv6 and unix") {
  char name[] = "/tmp/parshall_http_XXXXXX";
  const std::filesystem::path dir = mkdtemp(name);
  const std::string socket = (dir / "s").string();
  {
    const auto server = StartEcho({"127.0.0.1:0", "127.0.0.1:0", ":0", "unix:" + socket});
    REQUIRE(server->addresses().size() == 4);
    CHECK(server->addresses()[0] != server->addresses()[1]);
    for (const std::string& address : server->addresses()) {
      INFO(address);
      const auto answer = Get(address, "/here");
      REQUIRE(answer);
      CHECK(answer->body == "GET /here||||");
    }
  }
  CHECK_FALSE(std::filesystem::exists(socket));
  std::filesystem::remove_all(dir);
}

TEST_CASE("Server listens on the IPv6 loopback") {
  ServerOptions options;
  options.addresses = {"[::1]:0"};
  auto server = Server::Start(options, Echo);
  if (!server.ok()) {
    WARN("no IPv6 on this machine: " << server.error().ToString());
    return;
  }
  CHECK((*server)->addresses()[0].starts_with("[::1]:"));
  CHECK(Get((*server)->addresses()[0]).has_value());
}

TEST_CASE("Server reports a port in use and takes it when it is free") {
  auto first = StartEcho();
  ServerOptions options;
  options.addresses = first->addresses();
  const auto second = Server::Start(options, Echo);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().where == "tcp:" + first->addresses()[0]);
  CHECK(second.error().what.ends_with(
      "is in use by another program; choose another with --web.listen-address"));
  REQUIRE(Get(first->addresses()[0]));  // leaves a connection in TIME_WAIT
  first.reset();
  CHECK(Server::Start(options, Echo).ok());
}

TEST_CASE("Server writes a large response whole") {
  std::string large(50 << 20, '\0');
  for (size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i);
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  auto server = Server::Start(options, [&large](const Request&) {
    Response response;
    response.body = large;
    return response;
  });
  REQUIRE(server.ok());
  const auto answer = Get((*server)->addresses()[0]);
  REQUIRE(answer);
  CHECK((answer->body == large));
}

TEST_CASE("Server answers quick paths while a handler is busy") {
  Gate gate;
  Router router;
  router.Add("/metrics", "GET", [&gate](const Request&) {
    gate.Wait();
    return TextResponse(200, "slow");
  });
  router.Add("/-/healthy", "GET", [](const Request&) { return TextResponse(200, "healthy"); });
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  options.quick_paths = {"/-/healthy"};
  auto server = Server::Start(options, router.AsHandler());
  REQUIRE(server.ok());
  const std::string address = (*server)->addresses()[0];
  Client scraper(address);
  scraper.Send("GET /metrics HTTP/1.1\r\n\r\n");
  REQUIRE(Eventually([&] { return gate.waiting() == 1; }));
  const auto healthy = Get(address, "/-/healthy");
  gate.Open();
  REQUIRE(healthy);
  CHECK(healthy->body == "healthy\n");
  const auto scraped = scraper.Read();
  REQUIRE(scraped);
  CHECK(scraped->body == "slow\n");
}

TEST_CASE("Server answers 500 when a handler throws") {
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  auto server = Server::Start(
      options, [](const Request&) -> Response { throw std::runtime_error("no memory"); });
  REQUIRE(server.ok());
  const auto answer = Get((*server)->addresses()[0]);
  REQUIRE(answer);
  CHECK(answer->status == 500);
  CHECK(answer->body.find("no memory") == std::string::npos);
}

TEST_CASE("Stop closes idle and half-read connections at once") {
  auto server = StartEcho();
  const std::string address = server->addresses()[0];
  Client idle(address), half(address), kept(address);
  half.Send("GET / HT");
  kept.Send("GET / HTTP/1.1\r\n\r\n");
  REQUIRE(kept.Read());
  REQUIRE(Eventually([&] { return server->tally().connections_open == 3; }));
  const auto before = std::chrono::steady_clock::now();
  server->Stop();
  server->Stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(500));
  CHECK(idle.IsClosed());
  CHECK(half.IsClosed());
  CHECK(kept.IsClosed());
  CHECK_FALSE(Client(address).connected());
}

TEST_CASE("Stop lets a response that is owed leave, and tells the client that it is the last") {
  Gate gate;
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  options.stop_grace = std::chrono::seconds(10);
  auto server = Server::Start(options, [&gate](const Request&) {
    gate.Wait();
    return TextResponse(200, "the final counts");
  });
  REQUIRE(server.ok());
  Client client((*server)->addresses()[0]);
  client.Send("GET / HTTP/1.1\r\n\r\n");
  REQUIRE(Eventually([&] { return gate.waiting() == 1; }));
  std::thread stopper([&] { (*server)->Stop(); });
  // The door closes first; then the handler may end.
  CHECK(Eventually([&] { return !Client((*server)->addresses()[0]).connected(); }));
  gate.Open();
  stopper.join();
  const auto answer = client.Read();
  REQUIRE(answer);
  CHECK(answer->body == "the final counts\n");
  CHECK(answer->Find("Connection") == "close");
}

TEST_CASE("Stop gives up on a client that does not read") {
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  options.stop_grace = std::chrono::milliseconds(50);
  auto server = Server::Start(options, [](const Request&) {
    Response response;
    response.body.resize(50 << 20);
    return response;
  });
  REQUIRE(server.ok());
  Client client((*server)->addresses()[0], 4096);
  client.Send("GET / HTTP/1.1\r\n\r\n");
  REQUIRE(Eventually([&] { return (*server)->tally().requests == 1; }));
  const auto before = std::chrono::steady_clock::now();
  (*server)->Stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
}

TEST_CASE("Server leaves no descriptor behind") {
  { const auto warm_up = StartEcho(); }
  const long before = OpenDescriptors();
  for (int round = 0; round < 20; ++round) {
    const auto server = StartEcho();
    for (int i = 0; i < 10; ++i) REQUIRE(Get(server->addresses()[0]));
    Client open(server->addresses()[0]);
    open.Send("GET / HT");
  }
  CHECK(OpenDescriptors() == before);
}

}  // namespace parshall::http
