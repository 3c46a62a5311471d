// The loop of field_json.h, in an unnamed namespace: no function of one width may be linked into
// another. PARSHALL_AVX2 or PARSHALL_AVX512 says which vectors may be used.

#include <cstring>
#include <iterator>

#include "sinks/field_json.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace parshall::sinks {

// A vector of each byte that ends a plain text, in field_json_baseline.cc: constants that the
// compiler knew it would make anew before each use.
struct SpecialBytes {
  alignas(64) std::array<uint8_t, 64> blank;
  alignas(64) std::array<uint8_t, 64> quote;
  alignas(64) std::array<uint8_t, 64> backslash;
};
extern const SpecialBytes kSpecialBytes;

namespace {

// PlainCopier copies texts that need no escape, a vector at a time, and runs over their end on both
// sides. Copy() is false when some byte of the text is special; what was written is then void.
#if defined(PARSHALL_AVX512) || defined(PARSHALL_AVX2)
inline __m256i Load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
inline void Store(void* at, __m256i bytes) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), bytes);
}

struct PlainCopier {
  __m256i blank = Load(kSpecialBytes.blank.data());
  __m256i quote = Load(kSpecialBytes.quote.data());
  __m256i backslash = Load(kSpecialBytes.backslash.data());
#if defined(PARSHALL_AVX512)
  __m512i blanks = _mm512_loadu_si512(kSpecialBytes.blank.data());
  __m512i quotes = _mm512_loadu_si512(kSpecialBytes.quote.data());
  __m512i backslashes = _mm512_loadu_si512(kSpecialBytes.backslash.data());
#endif

  // Most texts are short, and wide stores that cross cache lines are dear: 32 bytes at once for
  // those.
  bool Copy(char* out, const char* at, size_t size) const {
    if (size > 32) return CopyLong(out, at, size);
    const __m256i bytes = Load(at);
    Store(out, bytes);
    return static_cast<size_t>(__builtin_ctzll(Special(bytes) | (uint64_t{1} << 32))) >= size;
  }

  uint64_t Special(__m256i bytes) const {
    // Signed: bytes over 0x7f are below ' ' as well.
    return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(
        _mm256_cmpgt_epi8(blank, bytes),
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)))));
  }
#if defined(PARSHALL_AVX512)
  uint64_t CopyVector(char* out, const char* at) const {
    const __m512i bytes = _mm512_loadu_si512(at);
    _mm512_storeu_si512(out, bytes);
    return _cvtmask64_u64(_kor_mask64(_mm512_cmplt_epi8_mask(bytes, blanks),
                                      _kor_mask64(_mm512_cmpeq_epi8_mask(bytes, quotes),
                                                  _mm512_cmpeq_epi8_mask(bytes, backslashes))));
  }
#else
  uint64_t CopyVector(char* out, const char* at) const {
    const __m256i low = Load(at);
    const __m256i high = Load(at + 32);
    Store(out, low);
    Store(out + 32, high);
    return Special(low) | (Special(high) << 32);
  }
#endif
  // Two vectors a round: nearly every text is through after one, so that the loop is never
  // mispredicted.
  bool CopyLong(char* out, const char* at, size_t size) const {
    while (true) {
      const uint64_t low = CopyVector(out, at);
      const uint64_t high = CopyVector(out + 64, at + 64);
      const uint64_t in_low = _tzcnt_u64(low);  // 64 when there is none
      const uint64_t copied = in_low + (in_low >> 6) * _tzcnt_u64(high);
      if (copied >= size) return true;
      if (copied < 128) return false;
      out += 128;
      at += 128;
      size -= 128;
    }
  }
};

inline void CopyLiteral(char* out, const FieldStep& step) {
  static_assert(FieldStep::kLiteralBytes == 32);
  Store(out, Load(step.literal.data()));
}

// A text that is known to be plain.
inline void CopyKnown(char* out, const char* at, size_t size) {
  for (size_t done = 0;; done += 64) {
    Store(out + done, Load(at + done));
    Store(out + done + 32, Load(at + done + 32));
    if (size - done <= 64) return;
  }
}
#elif defined(__SSE2__)
class PlainCopier {
 public:
  bool Copy(char* out, const char* at, size_t size) const {
    const __m128i blank = _mm_set1_epi8(' ');
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    for (size_t done = 0; done < size; done += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + done));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + done), bytes);
      const __m128i special = _mm_or_si128(
          _mm_cmplt_epi8(bytes, blank),
          _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
      const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(special)) | 0x10000u;
      if (done + static_cast<size_t>(__builtin_ctz(mask)) < size && mask != 0x10000u) return false;
    }
    return true;
  }
  bool CopyLong(char* out, const char* at, size_t size) const { return Copy(out, at, size); }
};
#else
class PlainCopier {
 public:
  bool Copy(char* out, const char* at, size_t size) const {
    for (size_t n = 0; n < size; ++n) {
      const auto byte = static_cast<unsigned char>(at[n]);
      if (byte < ' ' || byte > 0x7e || byte == '"' || byte == '\\') return false;
      out[n] = at[n];
    }
    return true;
  }
  bool CopyLong(char* out, const char* at, size_t size) const { return Copy(out, at, size); }
};
#endif

#if !defined(PARSHALL_AVX512) && !defined(PARSHALL_AVX2)
inline void CopyLiteral(char* out, const FieldStep& step) {
  std::memcpy(out, step.literal.data(), FieldStep::kLiteralBytes);
}
inline void CopyKnown(char* out, const char* at, size_t size) {
  for (size_t done = 0; done < size; done += 32) std::memcpy(out + done, at + done, 32);
}
#endif

// Each step goes on to the next with a jump of its own, as in records/plan_run_impl.h.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#define PARSHALL_WRITE()                                                                    \
  do {                                                                                      \
    CopyLiteral(at, *step);                                                                 \
    at += step->literal_size;                                                               \
    value = reinterpret_cast<const records::Value*>(reinterpret_cast<const char*>(values) + \
                                                    step->value_offset);                    \
    size = value->size;                                                                     \
    goto* kWay[static_cast<size_t>(step->kind)];                                            \
  } while (false)
#define PARSHALL_NEXT() \
  do {                  \
    at += size;         \
    ++step;             \
    PARSHALL_WRITE();   \
  } while (false)

inline char* AppendFieldsImpl(char* at, const FieldStep* step, const records::Value* values) {
  static constexpr const void* const kWay[] = {
      // by Kind
      &&text, &&long_text, &&whole, &&part, &&request, &&number, &&nothing, &&end};
  static_assert(std::size(kWay) == FieldStep::kKinds);
  PlainCopier copier;
  const char* whole_text = nullptr;  // the latest whole text, when all of it is plain
  size_t whole_size = 0;
  const records::Value* value;
  size_t size;
  PARSHALL_WRITE();

text:
  if (!copier.Copy(at, value->data, size)) goto slowly;
  PARSHALL_NEXT();
long_text:
  if (!copier.CopyLong(at, value->data, size)) goto slowly;
  PARSHALL_NEXT();
whole:
  whole_size = 0;
  if (!copier.CopyLong(at, value->data, size)) goto slowly;
  whole_text = value->data;
  whole_size = size;
  PARSHALL_NEXT();
part : {
  const size_t offset = static_cast<size_t>(reinterpret_cast<uintptr_t>(value->data) -
                                            reinterpret_cast<uintptr_t>(whole_text));
  if (offset < whole_size && size <= whole_size - offset) {
    CopyKnown(at, value->data, size);
  } else if (!copier.Copy(at, value->data, size)) {
    goto slowly;
  }
  PARSHALL_NEXT();
}
request:
  whole_size = 0;
  if (!copier.CopyLong(at, value->data, size)) goto slowly;
  at += size;
  for (int part = 0; part < 3; ++part) {
    ++step;
    ++value;
    CopyLiteral(at, *step);
    at += step->literal_size;
    CopyKnown(at, value->data, value->size);
    at += value->size;
  }
  size = 0;
  PARSHALL_NEXT();
number:
  if (!value->json_number || size > 16) goto slowly;
  std::memcpy(at, value->data, 16);  // readable: the padding; the rest is written over
  PARSHALL_NEXT();
nothing:
  size = 0;
  PARSHALL_NEXT();
slowly:
  at = AppendFieldSlowly(at, *value);
  copier = PlainCopier();  // anew behind a call, so that its vectors stay in registers elsewhere
  size = 0;
  PARSHALL_NEXT();
end:
  return at;
}
#undef PARSHALL_NEXT
#undef PARSHALL_WRITE
#pragma GCC diagnostic pop

}  // namespace
}  // namespace parshall::sinks
