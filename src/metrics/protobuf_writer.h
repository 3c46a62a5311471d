#pragma once
// The wire format of protocol buffers, as much of it as an exposition needs: varints, doubles,
// texts and messages in messages (https://protobuf.dev/programming-guides/encoding). Written by
// hand: the library would bring generated code and an object for each sample for what is 60 lines.

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace parshall::metrics {

// One message that is being written. One thread.
class ProtobufWriter {
 public:
  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

  void Varint(uint32_t field, uint64_t value) {
    Tag(field, 0);
    AppendVarint(value, &bytes_);
  }
  // sint32, sint64: small negative numbers are small, too.
  void Signed(uint32_t field, int64_t value) { Varint(field, ZigZag(value)); }
  void Double(uint32_t field, double value) {
    Tag(field, 1);
    uint64_t bits = std::bit_cast<uint64_t>(value);
    for (int i = 0; i < 8; ++i, bits >>= 8) bytes_.push_back(static_cast<char>(bits & 0xFF));
  }
  // A text, a message, or a packed list.
  void Bytes(uint32_t field, std::string_view value) {
    Tag(field, 2);
    AppendVarint(value.size(), &bytes_);
    bytes_.append(value);
  }
  void Message(uint32_t field, const ProtobufWriter& message) { Bytes(field, message.bytes()); }

  static void AppendVarint(uint64_t value, std::string* out) {
    for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>((value & 0x7F) | 0x80));
    out->push_back(static_cast<char>(value));
  }
  static uint64_t ZigZag(int64_t value) {
    return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  }

 private:
  void Tag(uint32_t field, uint32_t wire_type) {
    AppendVarint((uint64_t{field} << 3) | wire_type, &bytes_);
  }

  std::string bytes_;
};

}  // namespace parshall::metrics
