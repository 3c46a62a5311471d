#include "http/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string_view>

#include "http/bad_request.h"
#include "http/channel.h"
#include "http/hello.h"
#include "http/outgoing.h"

namespace parshall::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using std::chrono::steady_clock;

// What a client may still send after our last word before we stop listening to the rest of it.
constexpr size_t kLingerBytesMax = 1 << 20;
// What the kernel takes for a client beyond what is under way to it. By itself it would take 2.5
// MiB for each: a hundred slow readers had so much printed, encrypted and kept, all at once.
using UnsentBytes = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
constexpr int kUnsentBytes = 128 << 10;
// Of a TLS hello at one time; usual ones have some 500 bytes, with post-quantum keys 1,800.
constexpr size_t kHelloBytes = 2048;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

class HttpConnection final : public Connection {
 public:
  HttpConnection(StreamSocket socket, const ServerOptions& options, ConnectionHost* host)
      : Connection(host->CurrentAccess()),
        stream_(std::move(socket), access().tls),
        options_(options),
        host_(host),
        // Room for a header and for the beginning of what follows it; never for more.
        buffer_(options.header_bytes_max + (8 << 10)) {}

  void Start() override {
    error_code ignored;
    // Fails on unix sockets.
    stream_.plain().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    stream_.plain().socket().set_option(UnsentBytes(kUnsentBytes), ignored);
    request_ends_ = steady_clock::now() + options_.request_timeout;
    if (!stream_.is_secure()) return ReadRequest();
    // The first request shares its deadline with the handshake.
    Enter(Phase::kReading);
    stream_.plain().expires_at(request_ends_);
    AwaitHello();
  }

  void Respond(std::shared_ptr<const Response> response) override {
    if (phase() != Phase::kAnswering) return;  // closed meanwhile
    StartWriting(std::move(response));
  }

  void Continue(std::optional<BodyPiece> piece) override {
    if (phase() != Phase::kWriting) return;  // closed meanwhile
    if (!piece) return Close();
    outgoing_->Put(std::move(*piece));
    if (awaits_piece_) WriteMore();
  }

  std::string Peer() const override {
    error_code failed;
    const auto endpoint = stream_.plain().socket().remote_endpoint(failed);
    if (failed) return "gone";
    const auto* address = reinterpret_cast<const sockaddr*>(endpoint.data());
    if (address->sa_family == AF_INET) {
      const auto& v4 = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
      return std::string(reinterpret_cast<const char*>(&v4), sizeof v4);
    }
    if (address->sa_family != AF_INET6) return "unix";
    const auto& v6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6) != 0;
    return std::string(reinterpret_cast<const char*>(&v6) + (mapped ? 12 : 0), mapped ? 4 : 8);
  }

  bool IsFull() const override {
    pollfd socket = {stream_.plain_fd(), POLLOUT, 0};
    return poll(&socket, 1, 0) == 0;
  }

  void Close() override {
    if (phase() == Phase::kClosed) return;
    Enter(Phase::kClosed);
    DropResponse();
    stream_.plain().close();  // also cancels its timer, which would keep the io thread from ending
    host_->Ended(this);
  }

  void CloseWhenAnswered() override {
    closing_ = true;
    if (phase() != Phase::kAnswering && phase() != Phase::kWriting) Close();
  }

 private:
  std::shared_ptr<HttpConnection> Self() {
    return std::static_pointer_cast<HttpConnection>(shared_from_this());
  }

  // Whoever never says a whole hello gets no TLS session, which is the dear part of a connection.
  void AwaitHello() {
    stream_.plain().async_read_some(
        buffer_.prepare(std::min(kHelloBytes, buffer_.max_size() - buffer_.size())),
        [self = Self()](const error_code& error, size_t size) {
          if (error) return self->OnHandshake(error);
          self->buffer_.commit(size);
          const auto hello = self->buffer_.cdata();
          if (!IsWholeRecord(hello) && self->buffer_.size() < self->buffer_.max_size()) {
            return self->AwaitHello();
          }
          self->stream_.Handshake(
              hello, [self](const error_code& failed, size_t) { self->OnHandshake(failed); });
        });
  }

  void OnHandshake(const error_code& error) {
    if (phase() == Phase::kClosed) return;
    buffer_.clear();
    if (!error) return ReadRequest();
    if (error == beast::error::timeout) {
      host_->CountTimeout();
    } else {
      host_->CountBadHandshake();
    }
    if (error.category() != asio::error::get_ssl_category()) return Close();
    // The alert that says why must reach the client: a close with its bytes unread would reset.
    if (!SpokePlainHttp(error)) return LingerPlain();
    static constexpr std::string_view kAnswer =
        "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Connection: close\r\n\r\nThis port speaks HTTPS, and the request was HTTP.\n";
    asio::async_write(stream_.plain(), asio::buffer(kAnswer),
                      [self = Self()](const error_code& failed, size_t) {
                        if (self->phase() == Phase::kClosed) return;
                        if (failed) return self->Close();
                        self->LingerPlain();
                      });
  }

  void BeginRequest() {
    request_ends_ = steady_clock::now() + options_.request_timeout;
    ReadRequest();
  }

  // The deadline set here covers the header and the body, however slowly they come.
  void ReadRequest() {
    Enter(Phase::kReading);
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
    parser_->body_limit(options_.body_bytes_max);
    stream_.plain().expires_at(request_ends_);
    beast::http::async_read_header(
        stream_, buffer_, *parser_,
        [self = Self()](const error_code& error, size_t) { self->OnHeader(error); });
  }

  // Waits for the first byte of the next request under the longer deadline of a quiet connection.
  void AwaitRequest() {
    if (buffer_.size() > 0) return BeginRequest();
    Enter(Phase::kIdle);
    buffer_.clear();
    stream_.plain().expires_after(options_.keep_alive_timeout);
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = Self()](const error_code& error, size_t size) {
                              if (self->phase() == Phase::kClosed) return;
                              if (error) return self->Fail(error);
                              self->buffer_.commit(size);
                              self->BeginRequest();
                            });
  }

  void OnHeader(const error_code& error) {
    if (phase() == Phase::kClosed) return;
    if (error) return Fail(error);
    if (!KnowsLength(parser_->get(), parser_->get().version())) return Reject(400);
    if (parser_->is_done()) return OnRequest();
    if (beast::iequals(parser_->get()[beast::http::field::expect], "100-continue")) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(stream_, asio::buffer(kContinue),
                        [self = Self()](const error_code& failed, size_t) {
                          if (self->phase() == Phase::kClosed) return;
                          if (failed) return self->Fail(failed);
                          self->ReadBody();
                        });
      return;
    }
    ReadBody();
  }

  void ReadBody() {
    beast::http::async_read(stream_, buffer_, *parser_,
                            [self = Self()](const error_code& error, size_t) {
                              if (self->phase() == Phase::kClosed) return;
                              if (error) return self->Fail(error);
                              self->OnRequest();
                            });
  }

  void OnRequest() {
    access_ = host_->CurrentAccess();
    // Under other certificates the client must show anew who it is.
    if (access().tls.get() != stream_.tls()) {
      if (!stream_.is_secure()) return Close();  // and nothing more in plain text
      closing_ = true;
    }
    auto message = parser_->release();
    http_minor_ = message.version() >= 11 ? 1 : 0;
    keep_alive_ = message.keep_alive();
    Request request;
    request.method = View(message.method_string());
    is_head_ = request.method == "HEAD";
    if (message.version() < 10 || message.version() > 11 ||
        !SplitTarget(View(message.target()), &request.path, &request.query)) {
      return Reject(400);
    }
    for (const auto& field : message) {
      request.headers.push_back(
          {std::string(View(field.name_string())), std::string(View(field.value()))});
    }
    request.accept = request.Joined("Accept");
    request.accept_encoding = request.Joined("Accept-Encoding");
    request.body = std::move(message.body());
    parser_.reset();
    Enter(Phase::kAnswering);
    host_->Answer(shared_from_this(), std::move(request));
  }

  // The request cannot be read: say why if there is somebody to hear it, then close, since nobody
  // knows where the next request would begin.
  void Fail(const error_code& error) {
    if (error == beast::error::timeout) host_->CountTimeout();
    const int status = StatusOf(error);
    if (status == 0) return Close();
    is_head_ = false;
    http_minor_ = 1;
    Reject(status);
  }

  void Reject(int status) {
    host_->CountBadRequest();
    keep_alive_ = false;
    StartWriting(std::make_shared<const Response>(TextResponse(status, SentenceOf(status))));
  }

  void StartWriting(std::shared_ptr<const Response> response) {
    Enter(Phase::kWriting);
    parser_.reset();
    // Before HTTP/1.1, the end of a connection is the only end of a body without a length.
    const bool chunked = http_minor_ > 0;
    keep_alive_ = keep_alive_ && !closing_ && (chunked || response->stream == nullptr);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    std::string head = ResponseHead(*response, http_minor_, keep_alive_,
                                    std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                                    access().headers);
    const bool bodiless = is_head_ || response->status == 204 || response->status == 304;
    outgoing_.emplace(std::move(head), std::move(response), bodiless, chunked);
    ResetOnClose(true);
    write_ends_ = steady_clock::now() + options_.write_timeout;
    WriteMore();
  }

  void WriteMore() {
    if (std::shared_ptr<BodyReader> reader = outgoing_->Wanted()) {
      host_->MakePiece(shared_from_this(), std::move(reader));
    }
    if (outgoing_->over()) return OnWritten();
    awaits_piece_ = !outgoing_->has_ready();
    if (!awaits_piece_) WriteSome();
  }

  // Half a response is no response: a reset says so, and gives back at once what the kernel holds
  // for a slow reader. Set beforehand, since a deadline closes the socket before anybody is told.
  void ResetOnClose(bool reset) {
    error_code ignored;
    stream_.plain().socket().set_option(asio::socket_base::linger(reset, 0), ignored);
  }

  // Header and body leave from where they lie, in as many pieces as the socket takes.
  void WriteSome() {
    stream_.plain().expires_at(
        std::min(write_ends_, steady_clock::now() + options_.write_progress_timeout));
    BeginWrite();
    stream_.async_write_some(outgoing_->ready(),
                             [self = Self()](const error_code& error, size_t size) {
                               if (self->phase() == Phase::kClosed) return;
                               if (error) {
                                 if (error == beast::error::timeout) self->host_->CountTimeout();
                                 return self->Close();
                               }
                               self->EndWrite(size);
                               self->outgoing_->Consume(size);
                               self->WriteMore();
                             });
  }

  void OnWritten() {
    ResetOnClose(false);
    DropResponse();
    if (closing_ && !stream_.is_secure()) return Close();
    if (keep_alive_) return AwaitRequest();
    Linger();
  }

  void DropResponse() {
    // A write that is still on its way was cancelled, but its handler has not run: it holds no view
    // of the body.
    outgoing_.reset();
  }

  // To close with unread bytes in the socket would reset the connection, and the client might lose
  // our last response. So say that nothing more will come, and throw away what the client still
  // sends, for a while.
  void Linger() {
    if (!stream_.is_secure()) return LingerPlain();
    Enter(Phase::kLingering);
    stream_.plain().expires_after(options_.linger_timeout);
    // Under TLS its own farewell goes first; whether the client answers it is all the same.
    stream_.Farewell([self = Self()](const error_code&) {
      if (self->phase() != Phase::kClosed) self->LingerPlain();
    });
  }

  // The rest, below TLS if there is any.
  void LingerPlain() {
    Enter(Phase::kLingering);
    error_code ignored;
    stream_.plain().socket().shutdown(StreamSocket::shutdown_send, ignored);
    stream_.plain().expires_after(options_.linger_timeout);
    buffer_.clear();
    Discard();
  }

  void Discard() {
    stream_.plain().async_read_some(buffer_.prepare(buffer_.max_size()),
                                    [self = Self()](const error_code& error, size_t size) {
                                      if (self->phase() == Phase::kClosed) return;
                                      self->discarded_bytes_ += size;
                                      if (error || self->discarded_bytes_ > kLingerBytesMax)
                                        return self->Close();
                                      self->Discard();
                                    });
  }

  Channel stream_;
  const ServerOptions& options_;  // the server's; it outlives its connections
  ConnectionHost* const host_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;

  steady_clock::time_point request_ends_;
  int http_minor_ = 1;
  bool keep_alive_ = false;
  bool is_head_ = false;
  bool closing_ = false;  // after the response that is owed

  std::optional<Outgoing> outgoing_;  // while a response is written
  bool awaits_piece_ = false;         // nothing is being written until it comes
  steady_clock::time_point write_ends_;
  size_t discarded_bytes_ = 0;
};

}  // namespace

std::shared_ptr<Connection> Connection::Make(StreamSocket socket, const ServerOptions& options,
                                             ConnectionHost* host) {
  return std::make_shared<HttpConnection>(std::move(socket), options, host);
}

void RefuseAndClose(StreamSocket socket) {
  Response busy = TextResponse(503, "Too many connections.");
  busy.headers.push_back({"Retry-After", "1"});
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string text =
      ResponseHead(busy, 1, false, std::chrono::duration_cast<std::chrono::seconds>(now).count()) +
      busy.body;
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.close(ignored);
}

}  // namespace parshall::http
