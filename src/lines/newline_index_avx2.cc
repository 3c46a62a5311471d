// Built with the vectors of its name on x86-64 (src/CMakeLists.txt); elsewhere the same as the
// baseline and never chosen.
#include "lines/newline_index.h"

#if defined(__AVX2__)
#include "lines/newline_index_impl.h"
#endif

namespace parshall::lines {

#if defined(__AVX2__)
extern const bool kIndexAvx2Built;
const bool kIndexAvx2Built = true;

size_t IndexNewlinesAvx2(const char* begin, const char* end, uint32_t* offsets) {
  return IndexNewlinesImpl(begin, end, offsets);
}
#else
extern const bool kIndexAvx2Built;
const bool kIndexAvx2Built = false;

size_t IndexNewlinesAvx2(const char* begin, const char* end, uint32_t* offsets) {
  return IndexNewlinesBaseline(begin, end, offsets);
}
#endif

}  // namespace parshall::lines
