#pragma once
// JSON text, passed over byte by byte and checked as strictly as RFC 8259 asks: what JSON events
// (json_event.h) and the reading of their strings (json_unescape.cc) share. All functions read at
// most kPaddingBytes behind `end`, and decide by nothing that stands there.

#include <cstddef>
#include <string_view>

#include "records/record.h"

namespace parshall::records {

// What a scan has seen, beyond syntax.
struct JsonSeen {
  bool high_bytes = false;      // bytes over 0x7f: the line's UTF-8 must be checked
  bool lone_surrogate = false;  // a \ud800 without its other half
  bool escapes = false;         // backslashes
};

const char* SkipJsonBlanks(const char* at, const char* end);

// `at` stands on the opening quote, on a bracket, or on whatever a value begins with. Returns the
// place behind it, or null when it is not valid.
const char* SkipJsonString(const char* at, const char* end, JsonSeen* seen);
const char* SkipJsonContainer(const char* at, const char* end, JsonSeen* seen);
const char* SkipJsonValue(const char* at, const char* end, JsonKind* kind, JsonSeen* seen);

// The code unit of \uXXXX, `at` behind the u; -1 when the four digits are not there.
int JsonHexUnit(const char* at, const char* end);
inline bool IsHighSurrogate(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
inline bool IsLowSurrogate(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// A whole event at once, by an index of its quotes: the usual one, of at most kIndexedBytesMax
// bytes and kIndexedMembersMax members, without control characters, whose only escapes are \" and
// \\. Returns the number of members, or kNotIndexed when it is not surely a valid one; then the
// functions above decide. `seen` says high_bytes.
inline constexpr size_t kIndexedBytesMax = 4096;
inline constexpr size_t kIndexedMembersMax = 64;
inline constexpr int kNotIndexed = -1;
using ScanEvent = int (*)(const char* begin, const char* end, JsonMember* members, JsonSeen* seen);
// Only where HasAvx2() (plan.h).
int ScanEventAvx2(const char* begin, const char* end, JsonMember* members, JsonSeen* seen);
// The best that this machine has.
ScanEvent BestScanEvent();

// Like UnescapeJson(), for long texts: kPaddingBytes behind `raw` must be readable, and 64 bytes
// more than its size writable.
using UnescapePadded = char* (*)(std::string_view raw, char* out);
bool HasVbmi2();
char* UnescapeJsonVbmi2(std::string_view raw, char* out);  // only where HasVbmi2()
UnescapePadded BestUnescapePadded();

}  // namespace parshall::records
