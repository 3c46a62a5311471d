#include "lines/newline_framer.h"

#include <algorithm>
#include <cassert>

namespace parshall::lines {
namespace {

// Above this a carry's memory is given back once the long line is through, so that a thousand
// followed files do not each keep the memory of their longest line.
constexpr size_t kCarryKeptBytes = 16 * 1024;

const char* FindLastNewline(const char* begin, const char* end) {
  return static_cast<const char*>(memrchr(begin, '\n', static_cast<size_t>(end - begin)));
}

const char* FindNewline(const char* begin, const char* end) {
  return static_cast<const char*>(std::memchr(begin, '\n', static_cast<size_t>(end - begin)));
}

}  // namespace

NewlineFramer::NewlineFramer(size_t line_bytes_max)
    : line_bytes_max_(std::max<size_t>(line_bytes_max, 1)) {}

void NewlineFramer::Resume(uint64_t file, uint64_t position, bool skipping) {
  assert(tally_.bytes == 0);  // a framer that has seen bytes has its own position
  file_ = file;
  next_offset_ = position;
  skipping_ = skipping;
}

void NewlineFramer::Keep(const char* begin, const char* end) {
  const size_t size = static_cast<size_t>(end - begin);
  if (carry_.capacity() > kCarryKeptBytes && size <= kCarryKeptBytes) {
    std::vector<char>().swap(carry_);
  }
  carry_.assign(begin, end);
}

void NewlineFramer::Hand(const char* begin, const char* end, const char* base, uint64_t base_offset,
                         std::vector<Cut>* cuts) {
  if (begin == end) return;
  Cut cut;
  cut.begin = begin;
  cut.end = end;
  cut.file = file_;
  cut.offset = base_offset + static_cast<uint64_t>(begin - base);
  cut.offset_end = base_offset + static_cast<uint64_t>(end - base);
  cuts->push_back(cut);
  ++tally_.cuts;
}

void NewlineFramer::Feed(char* buffer, size_t size, uint64_t offset, uint64_t file,
                         std::vector<Cut>* cuts) {
  // A half line never goes on in another file, nor behind a gap: the pipeline calls EndFile()
  // between.
  assert(carry_.empty() || (file == file_ && offset == next_offset_));
  file_ = file;
  next_offset_ = offset + size;
  tally_.bytes += size;
  if (size == 0) return;

  const size_t carried = carry_.size();
  const char* const fresh = buffer + carried;
  const char* const end = fresh + size;
  const char* at = buffer;  // the first byte that is not yet handed on or skipped
  const uint64_t base_offset = offset - carried;

  if (skipping_) {
    const char* const newline = FindNewline(fresh, end);
    const char* const stop = newline == nullptr ? end : newline;
    tally_.bytes_skipped += static_cast<uint64_t>(stop - fresh);
    if (newline == nullptr) return;
    skipping_ = false;
    at = newline + 1;
  } else if (carried > 0) {
    const size_t total = carried + size;
    const bool may_wait =
        total <= line_bytes_max_ || (total == line_bytes_max_ + 1 && end[-1] == '\r');
    if (may_wait && FindNewline(fresh, end) == nullptr) {
      // Doubling, as vector's own growth would, but never beyond what a carry can be.
      if (total > carry_.capacity()) {
        carry_.reserve(std::min(std::max(total, 2 * carry_.capacity()), line_bytes_max_ + 1));
      }
      carry_.insert(carry_.end(), fresh, end);
      return;
    }
    std::memcpy(buffer, carry_.data(), carried);
  }

  // [from, at) are whole lines that go into one cut.
  const char* from = at;
  while (at < end) {
    const size_t left = static_cast<size_t>(end - at);
    const size_t window = std::min(left, line_bytes_max_ + 1);
    if (const char* newline = FindLastNewline(at, at + window); newline != nullptr) {
      // Every line that ends in this window began in it, so none is too long.
      at = newline + 1;
      if (window == left) break;
      continue;
    }
    if (left <= line_bytes_max_) break;
    const bool return_at_limit = at[line_bytes_max_] == '\r';
    if (return_at_limit && left == line_bytes_max_ + 1) break;  // a newline may follow
    if (return_at_limit && at[line_bytes_max_ + 1] == '\n') {
      at += line_bytes_max_ + 2;
      continue;
    }
    Hand(from, at, buffer, base_offset, cuts);
    Hand(at, at + line_bytes_max_, buffer, base_offset, cuts);
    cuts->back().oversized = true;
    ++tally_.oversized;
    at += line_bytes_max_;
    const char* const newline = FindNewline(at, end);
    tally_.bytes_skipped += static_cast<uint64_t>((newline == nullptr ? end : newline) - at);
    skipping_ = newline == nullptr;
    at = skipping_ ? end : newline + 1;
    from = at;
  }
  Hand(from, at, buffer, base_offset, cuts);
  Keep(at, end);
}

void NewlineFramer::EndFile(char* buffer, std::vector<Cut>* cuts) {
  skipping_ = false;
  const size_t carried = carry_.size();
  if (carried == 0) return;
  std::memcpy(buffer, carry_.data(), carried);
  // A carry one byte beyond the limit ends in '\r' and waited for its newline; without one it is
  // too long.
  const bool oversized = carried > line_bytes_max_;
  const size_t handed = std::min(carried, line_bytes_max_);
  Hand(buffer, buffer + handed, buffer, next_offset_ - carried, cuts);
  cuts->back().oversized = oversized;
  cuts->back().unterminated = !oversized;
  if (oversized) {
    ++tally_.oversized;
    tally_.bytes_skipped += carried - handed;
  }
  Keep(nullptr, nullptr);
}

}  // namespace parshall::lines
