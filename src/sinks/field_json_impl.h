// The loop of field_json.h, in an unnamed namespace: no function of one width may be linked into
// another. PARSHALL_AVX2 or PARSHALL_AVX512 says which vectors may be used.

#include <cstring>

#include "base/json_text.h"
#include "sinks/field_json.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace parshall::sinks {
namespace {

#if defined(PARSHALL_AVX512) || defined(PARSHALL_AVX2)
// Most texts are short, and wide stores that cross cache lines are dear: sixteen bytes at once for
// those. False leaves a text with something special in it, or a longer one, to the loop.
inline bool AppendShort(char** out, const char* at, size_t size) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(*out), bytes);
  const __m256i special =
      _mm256_or_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(' '), bytes),
                      _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')),
                                      _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'))));
  const uint64_t mask = static_cast<uint32_t>(_mm256_movemask_epi8(special)) | (uint64_t{1} << 32);
  if (static_cast<size_t>(__builtin_ctzll(mask)) < size) return false;
  *out += size;
  return true;
}
#endif

#if defined(PARSHALL_AVX512)
inline char* AppendText(char* out, const char* at, size_t size) {
  if (size <= 32 && AppendShort(&out, at, size)) return out;
  const char* const end = at + size;
  const __m512i blank = _mm512_set1_epi8(' ');
  const __m512i quote = _mm512_set1_epi8('"');
  const __m512i backslash = _mm512_set1_epi8('\\');
  const auto copy = [&](char* to, const char* from) -> uint64_t {
    const __m512i bytes = _mm512_loadu_si512(from);
    _mm512_storeu_si512(to, bytes);
    // Signed: bytes over 0x7f are below ' ' as well.
    return _mm512_cmplt_epi8_mask(bytes, blank) | _mm512_cmpeq_epi8_mask(bytes, quote) |
           _mm512_cmpeq_epi8_mask(bytes, backslash);
  };
  // Two vectors a round: nearly every text is through after one, so that the loop is never
  // mispredicted.
  while (at < end) {
    const uint64_t low = copy(out, at);
    const uint64_t high = copy(out + 64, at + 64);
    const uint64_t in_low = _tzcnt_u64(low);  // 64 when there is none
    const auto plain = static_cast<ptrdiff_t>(in_low + (in_low >> 6) * _tzcnt_u64(high));
    const ptrdiff_t left = end - at;
    if (plain >= left) return out + left;
    at += plain;
    out += plain;
    if (plain < 128) out = AppendJsonSpecial(out, &at, end);
  }
  return out;
}
#elif defined(PARSHALL_AVX2)
inline char* AppendText(char* out, const char* at, size_t size) {
  if (size <= 32 && AppendShort(&out, at, size)) return out;
  const char* const end = at + size;
  const __m256i blank = _mm256_set1_epi8(' ');
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i backslash = _mm256_set1_epi8('\\');
  while (at < end) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
    const __m256i special = _mm256_or_si256(
        _mm256_cmpgt_epi8(blank, bytes),
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)));
    const auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(special));
    const ptrdiff_t left = end - at;
    const ptrdiff_t plain = mask == 0 ? 32 : __builtin_ctz(mask);
    if (plain >= left) return out + left;
    at += plain;
    out += plain;
    if (mask != 0) out = AppendJsonSpecial(out, &at, end);
  }
  return out;
}
#else
inline char* AppendText(char* out, const char* at, size_t size) {
  return AppendJsonText(out, {at, size});
}
#endif

// Padded like every other text.
constexpr char kNull[4 + 128] = "null";

inline char* AppendFieldsImpl(char* at, const FieldKey* keys, size_t count,
                              const records::Value* values, bool* first) {
  for (size_t n = 0; n < count; ++n) {
    const FieldKey& key = keys[n];
    const records::Value& value = values[key.slot];
    if (value.kind == records::ValueKind::kAbsent) continue;
    if (*first) {
      std::memcpy(at, key.text + 1, key.size - 1);
      at += key.size - 1;
      *first = false;
    } else if (key.size <= 16) {
      std::memcpy(at, key.text, 16);
      at += key.size;
    } else {
      std::memcpy(at, key.text, key.size);
      at += key.size;
    }
    if (value.kind <= records::ValueKind::kString) {
      // Null or text, which comes as it likes: one way for both, without a branch to mispredict.
      const bool text = value.kind == records::ValueKind::kString;
      const char* const data = text ? value.data : kNull;
      const size_t size = text ? value.size : 4;
      *at = '"';
      at += text;
      at = AppendText(at, data, size);
      *at = '"';
      at += text;
    } else if (value.json_number && value.size <= 16) {
      std::memcpy(at, value.data, 16);  // readable: the padding; the rest is written over
      at += value.size;
    } else {
      at = AppendFieldNumber(at, value);
    }
  }
  return at;
}

}  // namespace
}  // namespace parshall::sinks
