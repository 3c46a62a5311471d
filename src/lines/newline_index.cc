#include "lines/newline_index.h"

#include <cstring>

namespace parshall::lines {

extern const bool kIndexAvx2Built;    // newline_index_avx2.cc
extern const bool kIndexAvx512Built;  // newline_index_avx512.cc

size_t IndexNewlinesBaseline(const char* begin, const char* end, uint32_t* offsets) {
  size_t count = 0;
  for (const char* at = begin; at < end;) {
    const void* const found = std::memchr(at, '\n', static_cast<size_t>(end - at));
    if (found == nullptr) break;
    at = static_cast<const char*>(found) + 1;
    offsets[count++] = static_cast<uint32_t>(at - 1 - begin);
  }
  return count;
}

bool HasIndexAvx2() {
#if defined(__x86_64__)
  return kIndexAvx2Built && __builtin_cpu_supports("avx2") != 0 &&
         __builtin_cpu_supports("popcnt") != 0 && __builtin_cpu_supports("bmi") != 0;
#else
  return false;
#endif
}

bool HasIndexAvx512() {
#if defined(__x86_64__)
  return kIndexAvx512Built && HasIndexAvx2() && __builtin_cpu_supports("avx512bw") != 0;
#else
  return false;
#endif
}

size_t IndexNewlines(const char* begin, const char* end, uint32_t* offsets) {
  static const auto index = HasIndexAvx512() ? IndexNewlinesAvx512
                            : HasIndexAvx2() ? IndexNewlinesAvx2
                                             : IndexNewlinesBaseline;
  return index(begin, end, offsets);
}

}  // namespace parshall::lines
