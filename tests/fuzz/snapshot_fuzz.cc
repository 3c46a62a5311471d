// The file of a snapshot: as it is, and with length and checksum put right, so that the sections
// are reached. What is taken is bounded by the file, and is the same when it is written and read
// again.

#include <cstring>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "state/decode.h"
#include "state/encode.h"
#include "state/format.h"
#include "tests/fuzz/fuzz.h"

using namespace parshall;
using namespace parshall::state;

namespace {

void PutAt(std::vector<char>& file, size_t at, uint64_t value, size_t size) {
  for (size_t n = 0; n < size; ++n) file[at + n] = static_cast<char>(value >> (8 * n));
}

void Seal(std::vector<char>& file) {
  std::memcpy(file.data(), kMagic.data(), kMagic.size());
  PutAt(file, kVersionAt, kFormatMajor, 2);
  PutAt(file, kLengthAt, file.size(), 8);
  const std::string_view all(file.data(), file.size());
  PutAt(file, kChecksumAt, Crc32c(all.substr(kChecksumAt + 4), Crc32c(all.substr(0, kChecksumAt))),
        4);
}

void Check(const std::vector<char>& file) {
  Refusal refusal = Refusal::kUnsafe;
  const auto snapshot = Decode({file.data(), file.size()}, &refusal);
  if (!snapshot) {
    FUZZ_CHECK(!snapshot.error().what.empty());
    FUZZ_CHECK(refusal != Refusal::kUnsafe && refusal != Refusal::kUnreadable);
    return;
  }
  Buffer once;
  FUZZ_CHECK(Encode(*snapshot, once).ok());
  FUZZ_CHECK(once.size() <= file.size());  // unknown sections are left out
  const auto again = Decode(once.view(), &refusal);
  FUZZ_CHECK(again.ok());
  Buffer twice;
  FUZZ_CHECK(Encode(*again, twice).ok());
  FUZZ_CHECK(once.view() == twice.view());
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<char> file(data, data + size);  // no byte behind it may be looked at
  Check(file);
  if (size < kHeaderSize) return 0;
  Seal(file);
  Check(file);
  return 0;
}
