#pragma once
// What is still to be sent of one response: its head, and its body from where it lies or piece by
// piece. Knows the framing (RFC 9112 §7.1) and no socket.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/message.h"
#include "http/streamed_body.h"

namespace parshall::http {

// One thread: the io thread.
class Outgoing {
 public:
  using Buffers = boost::beast::buffers_suffix<std::array<boost::asio::const_buffer, 2>>;

  // `bodiless`: only the head is sent. `chunked`: how a streamed body is framed; else it ends where
  // the connection does.
  Outgoing(std::string head, std::shared_ptr<const Response> response, bool bodiless, bool chunked);
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  // May be written now. Nothing: either all is said, or a piece is awaited.
  const Buffers& ready() const { return *ready_; }
  bool has_ready() const { return boost::asio::buffer_size(*ready_) > 0; }
  void Consume(size_t bytes);
  bool over() const { return !has_ready() && reader_ == nullptr; }

  // Whom to ask for a piece, if one shall be made now: always one ahead of what is being written.
  // Null, or the answer must be given to Put().
  std::shared_ptr<BodyReader> Wanted();
  void Put(BodyPiece piece);

 private:
  void Load();
  void Ready(std::string_view body);

  std::string head_;  // of the response, then of each chunk
  std::shared_ptr<const Response> response_;
  const bool chunked_;
  std::shared_ptr<BodyReader> reader_;  // null when nothing more will come
  bool asked_ = false;                  // a piece is being made
  bool ended_ = false;                  // the last one was put
  bool within_ = false;                 // some chunk was begun, whose line end is still owed
  BodyPiece piece_;                     // being written
  BodyPiece next_;
  std::optional<Buffers> ready_;
};

}  // namespace parshall::http
