#pragma once
// Numbers in a string, small ones in few bytes (LEB128): what the notes of a saved moment are made
// of. Reading is safe on any bytes.

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace parshall::metrics {

inline void AppendPacked(uint64_t number, std::string* out) {
  while (number >= 0x80) {
    out->push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out->push_back(static_cast<char>(number));
}

inline void AppendPackedText(std::string_view text, std::string* out) {
  AppendPacked(text.size(), out);
  out->append(text);
}

// Takes numbers off the front. After the first that is not there, everything is 0 and ok() false.
// One thread.
class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes) : left_(bytes) {}

  bool ok() const { return ok_; }
  bool done() const { return left_.empty(); }

  uint64_t Number() {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) break;
      const auto byte = static_cast<uint8_t>(left_.front());
      left_.remove_prefix(1);
      number |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return number;
    }
    return Fail();
  }

  std::string_view Text() {
    const uint64_t size = Number();
    if (size > left_.size()) {
      Fail();
      return {};
    }
    const std::string_view text = left_.substr(0, size);
    left_.remove_prefix(size);
    return text;
  }

 private:
  uint64_t Fail() {
    ok_ = false;
    left_ = {};
    return 0;
  }

  std::string_view left_;
  bool ok_ = true;
};

}  // namespace parshall::metrics
