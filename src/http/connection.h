#pragma once
// One client: reads its requests one after the other, hands each to its host, writes the response.
// Pipelined requests wait in the socket until it is their turn. connection.cc and channel.h are the
// only files of the server that know Beast.

#include <utility>  // asio 1.74 uses std::exchange without including it

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "http/access.h"
#include "http/message.h"
#include "http/server.h"
#include "http/streamed_body.h"

namespace parshall::http {

using StreamSocket = boost::asio::generic::stream_protocol::socket;
using MonotonicTime = std::chrono::steady_clock::time_point;

class Connection;

// What a connection needs from the server. All calls come on the io thread.
class ConnectionHost {
 public:
  // Sooner or later, on the io thread: connection->Respond(…). Never within the call itself.
  virtual void Answer(std::shared_ptr<Connection> connection, Request request) = 0;
  // Sooner or later, on the io thread: connection->Continue(…). Never within the call itself.
  virtual void MakePiece(std::shared_ptr<Connection> connection,
                         std::shared_ptr<BodyReader> reader) = 0;
  // The last call about a connection; its socket is closed.
  virtual void Ended(Connection* connection) = 0;
  virtual void CountBadRequest() = 0;
  virtual void CountBadHandshake() = 0;
  // Never null.
  virtual std::shared_ptr<const Access> CurrentAccess() = 0;
  virtual void CountTimeout() = 0;

 protected:
  ~ConnectionHost() = default;
};

// One thread: the io thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class Phase {
    kIdle,       // between two requests
    kReading,    // a TLS handshake or a request is arriving
    kAnswering,  // the handler has it
    kWriting,    // the response is leaving
    kLingering,  // all is said; waits for the client to close
    kClosed,
  };

  static std::shared_ptr<Connection> Make(StreamSocket socket, const ServerOptions& options,
                                          ConnectionHost* host);

  virtual void Start() = 0;
  // The body is sent from where it lies.
  virtual void Respond(std::shared_ptr<const Response> response) = 0;
  // The piece that was asked for; nothing when it could not be made.
  virtual void Continue(std::optional<BodyPiece> piece) = 0;
  // Closes at once, whatever is on its way. Ended() follows within this call.
  virtual void Close() = 0;
  // Closes now if no response is owed, else right after it.
  virtual void CloseWhenAnswered() = 0;

  // The client, as far as one can be told from another: an IPv4 address, an IPv6 network of 64
  // bits, and one name for all who come through unix sockets.
  virtual std::string Peer() const = 0;
  // Whether the socket takes no byte now: else it is we who are late, and not the client.
  virtual bool IsFull() const = 0;
  // What held when the current request came.
  const Access& access() const { return *access_; }

  Phase phase() const { return phase_; }
  MonotonicTime phase_began() const { return phase_began_; }
  // How the client takes its response: how many bytes, how long it let us wait for that in all
  // (what we need to make a piece is not its fault), and how long it has taken nothing now.
  struct Reading {
    size_t bytes = 0;
    double seconds = 0;
    double stalled_seconds = 0;
  };
  Reading reading() const {
    Reading reading = reading_;
    if (phase_ == Phase::kWriting && writing_) {
      const auto waits = std::chrono::steady_clock::now() - write_began_;
      reading.stalled_seconds = std::chrono::duration<double>(waits).count();
      reading.seconds += reading.stalled_seconds;
    }
    return reading;
  }

 protected:
  explicit Connection(std::shared_ptr<const Access> access) : access_(std::move(access)) {}
  virtual ~Connection() = default;
  void Enter(Phase phase) {
    phase_ = phase;
    phase_began_ = std::chrono::steady_clock::now();
    reading_ = {};
    writing_ = false;
  }
  void BeginWrite() {
    writing_ = true;
    write_began_ = std::chrono::steady_clock::now();
  }
  void EndWrite(size_t bytes) {
    reading_.seconds = reading().seconds;
    reading_.bytes += bytes;
    writing_ = false;
  }

  std::shared_ptr<const Access> access_;

 private:
  Phase phase_ = Phase::kIdle;
  MonotonicTime phase_began_ = std::chrono::steady_clock::now();
  Reading reading_;       // up to the write that is going on
  bool writing_ = false;  // some bytes wait for the client
  MonotonicTime write_began_;
};

// What a client gets that cannot be served now: best effort, without waiting.
void RefuseAndClose(StreamSocket socket);

}  // namespace parshall::http
