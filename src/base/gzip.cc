#include "base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace parshall {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // the largest window; +16 asks for gzip's wrapping
constexpr int kRawWindowBits = -15;       // the same without any wrapping
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

std::optional<PackedPiece> PackPiece(std::string_view text, int level) {
  z_stream stream = {};
  if (deflateInit2(&stream, std::clamp(level, 1, 9), Z_DEFLATED, kRawWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  PackedPiece piece;
  piece.text_bytes = text.size();
  const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
  const auto size = static_cast<uInt>(text.size());
  piece.crc = static_cast<uint32_t>(crc32(0, bytes, size));
  // The bound is of Z_FINISH; a full flush ends with an empty block of at most 5 bytes more.
  piece.bytes.resize(deflateBound(&stream, size) + 16);
  stream.next_in = const_cast<Bytef*>(bytes);
  stream.avail_in = size;
  stream.next_out = reinterpret_cast<Bytef*>(piece.bytes.data());
  stream.avail_out = static_cast<uInt>(piece.bytes.size());
  // Ends at a byte, and what follows refers to nothing before it.
  const int code = deflate(&stream, Z_FULL_FLUSH);
  const bool whole = code == Z_OK && stream.avail_in == 0 && stream.avail_out > 0;
  piece.bytes.resize(piece.bytes.size() - stream.avail_out);
  deflateEnd(&stream);
  if (!whole) return std::nullopt;
  piece.bytes.shrink_to_fit();
  return piece;
}

void GzipJoin::Add(const PackedPiece& piece) {
  crc_ =
      static_cast<uint32_t>(crc32_combine(crc_, piece.crc, static_cast<z_off_t>(piece.text_bytes)));
  text_bytes_ += static_cast<uint32_t>(piece.text_bytes);
}

std::string GzipJoin::Tail() const {
  std::string tail("\x03\0", 2);  // the last block, which is empty (RFC 1951 §3.2.6)
  for (const uint32_t number : {crc_, text_bytes_}) {
    for (int shift = 0; shift < 32; shift += 8) {
      tail.push_back(static_cast<char>(number >> shift & 0xff));
    }
  }
  return tail;
}

}  // namespace parshall
