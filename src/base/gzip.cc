#include "base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace parshall {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // the largest window; +16 asks for gzip's wrapping
constexpr int kMemoryLevel = 8;           // zlib's default

}  // namespace

std::string Gzip(std::string_view text, int level) {
  z_stream stream = {};
  if (deflateInit2(&stream, std::clamp(level, 1, 9), Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out;
  // zlib counts in 32 bits, so both sides are fed in pieces.
  constexpr size_t kPiece = std::numeric_limits<uInt>::max() / 2;
  // Expositions shrink to about a tenth; then the text doubles as often as it must.
  out.resize(std::max<size_t>(text.size() / 8, 256));
  size_t written = 0;
  int code = Z_OK;
  while (code == Z_OK || code == Z_BUF_ERROR) {
    if (stream.avail_in == 0 && !text.empty()) {
      const size_t piece = std::min(text.size(), kPiece);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
      stream.avail_in = static_cast<uInt>(piece);
      text.remove_prefix(piece);
    }
    if (written == out.size()) out.resize(out.size() * 2);
    const size_t room = std::min(out.size() - written, kPiece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = static_cast<uInt>(room);
    code = deflate(&stream, text.empty() ? Z_FINISH : Z_NO_FLUSH);
    written += room - stream.avail_out;
  }
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return {};
  out.resize(written);
  return out;
}

}  // namespace parshall
