#pragma once
// Appends the pieces of an exposition to one growing string: names, label text that is ready,
// numbers. Numbers never depend on a locale.

#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace parshall::metrics {

// Appends a number: integers as integers, "NaN", "+Inf", "-Inf", else the shortest text that reads
// back as the same double.
void AppendNumber(double value, std::string* out);

// A bucket's bound or a quantile as a label value. The text format has 100, 0.005, 1e+06 and +Inf
// as Prometheus's own client writes them; OpenMetrics wants floats: 100.0. Never differs between
// scrapes.
void AppendBound(double bound, bool openmetrics, std::string* out);

// Unix seconds with milliseconds: 1700000000.123.
void AppendTimestamp(int64_t unix_ms, std::string* out);

// A char buffer in front of a string: appending to the string itself piece by piece costs twice the
// time. One thread. Flushes when destroyed.
class ExpositionWriter {
 public:
  explicit ExpositionWriter(std::string* out)
      : out_(out), buffer_(new char[kBufferBytes]), at_(buffer_.get()) {}
  ~ExpositionWriter() { Flush(); }
  ExpositionWriter(const ExpositionWriter&) = delete;
  ExpositionWriter& operator=(const ExpositionWriter&) = delete;

  void Text(std::string_view text) {
    if (text.size() > Left()) {
      Flush();
      if (text.size() > kBufferBytes) {
        out_->append(text);
        return;
      }
    }
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  // Appends `count` bytes whose storage is readable for kPieceBytes: a copy of fixed size is a few
  // instructions. For pieces that stand on every line.
  static constexpr size_t kPieceBytes = 48;
  void Piece(const char* text, size_t count) {
    if (Left() < kPieceBytes) Flush();
    std::memcpy(at_, text, kPieceBytes);
    at_ += count;
  }

  void Integer(uint64_t value) {
    if (Left() < kNumberBytesMax) Flush();
    at_ = std::to_chars(at_, at_ + kNumberBytesMax, value).ptr;
  }

  void Number(double value);
  void Timestamp(int64_t unix_ms);

  void Flush() {
    out_->append(buffer_.get(), static_cast<size_t>(at_ - buffer_.get()));
    at_ = buffer_.get();
  }

 private:
  static constexpr size_t kBufferBytes = size_t{64} << 10;
  static constexpr size_t kNumberBytesMax = 32;

  size_t Left() const { return static_cast<size_t>(buffer_.get() + kBufferBytes - at_); }

  std::string* out_;
  std::unique_ptr<char[]> buffer_;
  char* at_;
  std::string scratch_;
};

}  // namespace parshall::metrics
