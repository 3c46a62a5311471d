// Bodies that are made while they are sent; see outgoing.h and handler_queue.h.
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "http/server.h"
#include "http/streamed_body.h"
#include "tests/http/client.h"

namespace parshall::http {
namespace {

using std::chrono::milliseconds;

// The same piece so many times; after `fails_at` of them nothing can be made.
class Repeated final : public StreamedBody {
 public:
  Repeated(std::string piece, size_t count, std::atomic<size_t>* made, size_t fails_at = SIZE_MAX)
      : piece_(std::make_shared<const std::string>(std::move(piece))),
        count_(count),
        made_(made),
        fails_at_(fails_at) {}
  size_t bytes() const override { return 1000; }
  std::unique_ptr<BodyReader> Read() const override {
    class Reader final : public BodyReader {
     public:
      explicit Reader(const Repeated& body)
          : piece_(body.piece_),
            left_(body.count_),
            made_(body.made_),
            until_failure_(body.fails_at_) {}
      bool Next(BodyPiece* piece) override {
        if (until_failure_-- == 0) return false;
        if (left_ == 0) return true;
        --left_;
        ++*made_;
        *piece = piece_;
        return true;
      }

     private:
      const BodyPiece piece_;
      size_t left_;
      std::atomic<size_t>* made_;
      size_t until_failure_;
    };
    return std::make_unique<Reader>(*this);
  }

 private:
  const BodyPiece piece_;
  const size_t count_;
  std::atomic<size_t>* const made_;
  const size_t fails_at_;
};

std::unique_ptr<Server> StartWith(ServerOptions options, Handler handler) {
  options.addresses = {"127.0.0.1:0"};
  auto server = Server::Start(std::move(options), std::move(handler));
  REQUIRE(server.ok());
  return std::move(*server);
}

Handler Streams(std::shared_ptr<const StreamedBody> body) {
  return [body](const Request&) {
    Response response;
    response.stream = body;
    return response;
  };
}

constexpr const char* kGet = "GET /x HTTP/1.1\r\n\r\n";

}  // namespace

TEST_CASE("Server sends a streamed body in chunks, and keeps the connection") {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{700}}) {
    std::atomic<size_t> made = 0;
    const std::string piece(12'345, 'p');
    const auto server = StartWith({}, Streams(std::make_shared<Repeated>(piece, count, &made)));
    Client client(server->addresses()[0]);
    for (int i = 0; i < 2; ++i) {
      client.Send(kGet);
      const auto answer = client.Read();
      REQUIRE(answer);
      CHECK(!answer->Find("Content-Length"));
      std::string whole;
      for (size_t n = 0; n < count; ++n) whole += piece;
      CHECK((answer->body == whole));
    }
    CHECK(made == 2 * count);
  }
}

TEST_CASE(
    "Server sends nothing of a streamed body to HEAD, and its end with the connection to "
    "HTTP/1.0") {
  std::atomic<size_t> made = 0;
  const auto server = StartWith({}, Streams(std::make_shared<Repeated>("piece", 3, &made)));
  Client client(server->addresses()[0]);
  client.Send("HEAD /x HTTP/1.1\r\n\r\n");
  const auto head = client.Read(/*head_only=*/true);
  REQUIRE(head);
  CHECK(head->Find("Transfer-Encoding") == "chunked");
  CHECK(made == 0);
  client.Send(kGet);  // what came first was all
  CHECK(client.Read()->body == "piecepiecepiece");
  Client old(server->addresses()[0]);
  old.Send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  std::string all;
  REQUIRE(old.ReadToEnd(&all));
  CHECK(all.ends_with("\r\n\r\npiecepiecepiece"));
  CHECK(all.find("Transfer-Encoding") == std::string::npos);
  CHECK(all.find("Connection: close") != std::string::npos);
}

TEST_CASE("A streamed body that cannot go on is cut, and has no end") {
  std::atomic<size_t> made = 0;
  const auto server = StartWith({}, Streams(std::make_shared<Repeated>("piece", 9, &made, 2)));
  Client client(server->addresses()[0]);
  client.Send(kGet);
  CHECK(!client.Read());
  CHECK(Eventually([&] { return server->tally().connections_open == 0; }));
}

TEST_CASE("For a reader that does not read hardly more is made than the socket holds") {
  std::atomic<size_t> made = 0;
  ServerOptions options;
  options.write_progress_timeout = milliseconds(300);
  const size_t count = 4096;
  const auto server = StartWith(
      options, Streams(std::make_shared<Repeated>(std::string(64 << 10, 'p'), count, &made)));
  Client client(server->addresses()[0], 4096);
  client.Send(kGet);
  REQUIRE(Eventually([&] { return server->tally().connections_timed_out == 1; }));
  CHECK(made >= 2);
  CHECK(made <= 40);  // 2.5 MiB of 256
}

TEST_CASE("Without room, what was made a moment ago is sent again") {
  std::atomic<size_t> made = 0;
  std::atomic<int> calls = 0;
  ServerOptions options;
  options.streams_bytes_max = 1500;  // the second one is too much
  options.evict_writer_after = std::chrono::seconds(60);
  options.alike_max = std::chrono::seconds(60);
  options.share_key = [](const Request& request) { return request.path; };
  const auto body = std::make_shared<Repeated>(std::string(1 << 20, 'p'), 64, &made);
  const auto server = StartWith(options, [&](const Request& request) {
    ++calls;
    Response response = TextResponse(200, "small");
    if (request.path == "/x") response.stream = body;
    return response;
  });
  const std::string& address = server->addresses()[0];
  std::vector<Client> slow;
  for (int i = 1; i <= 2; ++i) {
    slow.emplace_back(address, 4096);
    slow.back().Send(kGet);
    REQUIRE(Eventually([&] { return calls == i && made >= static_cast<size_t>(i); }));
  }
  Client good(address);
  good.Send(kGet);
  const auto answer = good.Read();
  REQUIRE(answer);
  CHECK(answer->body.size() == 64 << 20);
  CHECK(calls == 2);
  // Of another name there is nothing: it waits for room, and in vain.
  const auto other = Ask(address, "GET /other HTTP/1.1\r\n\r\n");
  REQUIRE(other);
  CHECK(other->status == 503);
}

TEST_CASE("A reader that was kept waiting by us is not slow, and is not closed for others") {
  std::atomic<size_t> made = 0;
  std::atomic<bool> open = false;
  class Late final : public StreamedBody {
   public:
    explicit Late(std::atomic<bool>* open) : open_(open) {}
    size_t bytes() const override { return 1000; }
    std::unique_ptr<BodyReader> Read() const override {
      class Reader final : public BodyReader {
       public:
        explicit Reader(std::atomic<bool>* open) : open_(open) {}
        bool Next(BodyPiece* piece) override {
          if (pieces_++ == 1) Eventually([this] { return open_->load(); });
          if (pieces_ < 3) *piece = std::make_shared<const std::string>("late");
          return true;
        }

       private:
        std::atomic<bool>* open_;
        int pieces_ = 0;
      };
      return std::make_unique<Reader>(open_);
    }

   private:
    std::atomic<bool>* const open_;
  };
  ServerOptions options;
  options.streams_bytes_max = 500;
  options.evict_writer_after = milliseconds(1);
  options.room_timeout = milliseconds(100);
  const auto server = StartWith(options, Streams(std::make_shared<Late>(&open)));
  Client waits(server->addresses()[0]);
  waits.Send(kGet);
  REQUIRE(Eventually([&] { return server->tally().requests == 1; }));
  REQUIRE(Ask(server->addresses()[0], kGet)->status == 503);
  open = true;
  const auto answer = waits.Read();
  REQUIRE(answer);
  CHECK(answer->body == "latelate");
}

}  // namespace parshall::http
