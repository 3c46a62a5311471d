#pragma once
// A body that is made while it is sent, so that a large one never stands in memory as a whole.

#include <cstddef>
#include <memory>
#include <string>

namespace parshall::http {

// Never empty. Readers at the same place may share it.
using BodyPiece = std::shared_ptr<const std::string>;

// One client's way through a body. One thread at a time.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // The next piece, null at the end. False when it cannot be made: the client gets half a body, and
  // sees that. May take milliseconds, but waits for nobody.
  virtual bool Next(BodyPiece* piece) = 0;
};

// Immutable; any thread.
class StreamedBody {
 public:
  virtual ~StreamedBody() = default;
  // At its beginning. The reader keeps what it needs alive.
  virtual std::unique_ptr<BodyReader> Read() const = 0;
  // About what it holds in memory while somebody reads it, beside the pieces.
  virtual size_t bytes() const = 0;
};

}  // namespace parshall::http
