#include "http/outgoing.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

namespace parshall::http {

Outgoing::Outgoing(std::string head, std::shared_ptr<const Response> response, bool bodiless,
                   bool chunked)
    : head_(std::move(head)), response_(std::move(response)), chunked_(chunked) {
  if (bodiless) response_.reset();
  if (response_ != nullptr && response_->stream != nullptr) reader_ = response_->stream->Read();
  Ready(response_ != nullptr && reader_ == nullptr ? std::string_view(response_->body) : "");
}

void Outgoing::Ready(std::string_view body) {
  ready_.emplace(std::array{boost::asio::const_buffer(head_.data(), head_.size()),
                            boost::asio::const_buffer(body.data(), body.size())});
}

void Outgoing::Consume(size_t bytes) {
  ready_->consume(bytes);
  if (!has_ready()) Load();
}

std::shared_ptr<BodyReader> Outgoing::Wanted() {
  if (reader_ == nullptr || asked_ || ended_ || next_ != nullptr) return nullptr;
  asked_ = true;
  return reader_;
}

void Outgoing::Put(BodyPiece piece) {
  assert(asked_);
  asked_ = false;
  ended_ = piece == nullptr;
  next_ = std::move(piece);
  if (!has_ready()) Load();
}

// Puts the next piece, or the end, in the place of what is written.
void Outgoing::Load() {
  if (reader_ == nullptr) return;
  piece_ = std::move(next_);
  next_.reset();
  if (piece_ == nullptr && !ended_) return;  // comes by Put()
  head_.clear();
  if (chunked_) {
    if (std::exchange(within_, true)) head_ = "\r\n";
    head_ += piece_ != nullptr ? fmt::format("{:x}\r\n", piece_->size()) : "0\r\n\r\n";
  }
  if (piece_ == nullptr) reader_.reset();
  Ready(piece_ != nullptr ? std::string_view(*piece_) : "");
}

}  // namespace parshall::http
