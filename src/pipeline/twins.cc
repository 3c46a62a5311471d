#include "pipeline/twins.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/timestamp.h"

namespace parshall::pipeline {
namespace {

constexpr size_t kStampBytesMax = 48;
constexpr int64_t kSecond = 1'000'000'000;

// Before it is said that lines stand there twice. A client that asks for one thing as fast as it
// can makes a pair a second that looks like one, and in every other second one line too many.
constexpr uint64_t kPairsWanted = 20;
constexpr uint64_t kPairsForOneSingle = 5;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What a timestamp is made of.
bool InStamp(char c) {
  return IsDigit(c) || c == ':' || c == '.' || c == ',' || c == '-' || c == '+' || c == 'T' ||
         c == 'Z' || c == ' ';
}

// "1763717626.018231": ten digits and a fraction. Whole numbers could be anything.
bool IsEpochWithFraction(std::string_view text) {
  return text.size() > 11 && text[10] == '.' &&
         std::all_of(text.begin(), text.begin() + 10, IsDigit);
}

size_t CommonPrefix(const char* a, const char* b, size_t size) {
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
    uint64_t words[2];
    std::memcpy(&words[0], a + at, sizeof words[0]);
    std::memcpy(&words[1], b + at, sizeof words[1]);
    if (words[0] != words[1]) break;
  }
  while (at < size && a[at] == b[at]) ++at;
  return at;
}

struct Stamp {
  Moment moment;
  bool fraction = false;
};

bool ParseStamp(std::string_view text, Stamp* stamp) {
  // What stood around it: `"timestamp": 1763717626.01, "level"` or `09:33:46,018 - INFO`.
  const auto around = [](char c) { return !IsDigit(c) && c != 'Z'; };
  while (!text.empty() && around(text.front())) text.remove_prefix(1);
  while (!text.empty() && around(text.back())) text.remove_suffix(1);
  if (IsEpochWithFraction(text)) {
    stamp->fraction = true;
    return ParseEpoch(text, EpochUnit::kSeconds, &stamp->moment);
  }
  constexpr size_t kToSeconds = 19;  // 2026-11-21T09:33:46
  stamp->fraction =
      text.size() > kToSeconds && (text[kToSeconds] == '.' || text[kToSeconds] == ',');
  return ParseRfc3339(text, &stamp->moment);
}

bool Near(const Stamp& a, const Stamp& b) {
  const int64_t seconds = b.moment.seconds - a.moment.seconds;
  if (seconds < -1 || seconds > 1) return false;
  const int64_t nanos =
      seconds * kSecond + int64_t{b.moment.nanos} - static_cast<int64_t>(a.moment.nanos);
  return std::llabs(nanos) <= (a.fraction || b.fraction ? kTwinGapNanos : kSecond);
}

}  // namespace

bool IsTwin(std::string_view line, std::string_view next) {
  const size_t shorter = std::min(line.size(), next.size());
  if (shorter == 0 || !MayBeTwins(line, next) ||
      std::max(line.size(), next.size()) > kTwinBytesMax) {
    return false;
  }
  const size_t front = CommonPrefix(line.data(), next.data(), shorter);
  if (front == line.size() && front == next.size()) return true;
  // Lines that differ mostly differ in many places: what is behind the longest timestamp that could
  // begin here must be equal, which one look tells.
  const size_t left = shorter - front;
  size_t back = left > kStampBytesMax ? left - kStampBytesMax : 0;
  if (std::memcmp(line.data() + line.size() - back, next.data() + next.size() - back, back) != 0) {
    return false;
  }
  while (back < left && line[line.size() - 1 - back] == next[next.size() - 1 - back]) ++back;
  // The whole timestamp that the difference is in: what both have in common on its two sides.
  size_t begin = front;
  while (begin > 0 && InStamp(line[begin - 1]) && front - begin < kStampBytesMax) --begin;
  while (back > 0 && InStamp(line[line.size() - back])) --back;
  const std::string_view stamp = line.substr(begin, line.size() - back - begin);
  const std::string_view next_stamp = next.substr(begin, next.size() - back - begin);
  if (std::max(stamp.size(), next_stamp.size()) > kStampBytesMax) return false;
  Stamp first;
  Stamp second;
  return ParseStamp(stamp, &first) && ParseStamp(next_stamp, &second) && Near(first, second);
}

bool TwinEvidence::Add(uint64_t lines, uint64_t twins, uint64_t pairs) {
  lines_ += lines;
  twins_ += twins;
  pairs_ += pairs;
  if (said_ || pairs_ < kPairsWanted) return false;
  // A twin is one of two lines; what remains was written once.
  const uint64_t single = lines_ - std::min(lines_, 2 * twins_);
  said_ = single * kPairsForOneSingle <= pairs_;
  return said_;
}

}  // namespace parshall::pipeline
