#pragma once
// A snapshot as the bytes of its file (format.h). The same snapshot gives the same bytes.

#include "base/buffer.h"
#include "base/result.h"
#include "state/snapshot.h"

namespace parshall::state {

// Appends the whole file to `out`. Fails, and leaves `out` as it was, for what Decode() would not
// take back: more than kSnapshotBytesMax, or a family whose cells are not rows × cell_count.
Status Encode(const Snapshot& snapshot, Buffer& out);

}  // namespace parshall::state
