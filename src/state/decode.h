#pragma once
// A snapshot out of the bytes of its file (format.h): all of it as it was written, or a sentence
// that says what is wrong. Any bytes may be given: nothing is believed before the checksum over
// everything is right, and no length is followed beyond what is there.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "state/snapshot.h"

namespace parshall::state {

// Why a file is not used as a generation; the word is a label value.
enum class Refusal : uint8_t {
  kTorn,          // cut off, or changed since it was written
  kZeroFilled,    // only zeros: its name came to the disk, its bytes did not
  kForeign,       // something else than a snapshot
  kOtherVersion,  // of a format that this program does not read
  kUnsafe,        // a symbolic link, somebody else's, writable by others … (state_dir.h)
  kUnreadable,    // the system says so
};
inline constexpr std::array<std::string_view, 6> kRefusalNames = {
    "torn", "zero_filled", "foreign", "other_version", "unsafe", "unreadable"};

constexpr std::string_view RefusalName(Refusal refusal) {
  return kRefusalNames[static_cast<size_t>(refusal)];
}

// On failure *refusal says what kind. What the values mean is not looked at: a cell_kind or a slot
// that no one knows is the business of whoever goes on with them.
Result<Snapshot> Decode(std::string_view file, Refusal* refusal);

}  // namespace parshall::state
