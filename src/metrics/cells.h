#pragma once
// What a series keeps: a few 8-byte cells, whose meaning depends on the family's kind.
// The one table of kinds: how many cells, how two threads' cells become one, when a series is
// there.

#include <bit>
#include <cstdint>

#include "rules/rule.h"

namespace parshall::metrics {

// The cells of one series in one family. A series of a family is there once something was observed.
enum class CellKind : uint8_t {
  kCount,      // [n]: a counter of ones
  kSum,        // [sum as double, steps]: a counter of a field
  kGaugeSet,   // [value as double, batch sequence + 1]: the latest batch wins
  kGaugeAdd,   // [sum as double, steps]
  kGaugeMin,   // [least as double, observations]
  kGaugeMax,   // [greatest as double, observations]
  kSummary,    // [sum as double, observations]; the values are in sketches.h
  kHistogram,  // [n of each bucket (not cumulative), +Inf last; sum as double]
  kTotalSet,   // [value as double, batch sequence + 1, ms of Unix time since when it counts or 0]:
               // a counter that the log counts; the latest batch wins
  kStateSet,   // [index of the state, batch sequence + 1]: the latest batch wins
};

inline double AsDouble(uint64_t cell) { return std::bit_cast<double>(cell); }
inline uint64_t AsCell(double value) { return std::bit_cast<uint64_t>(value); }

CellKind CellKindOf(const rules::MetricSpec& spec);

// True where the second cell says which batch set the first.
inline bool LatestWins(CellKind kind) {
  return kind == CellKind::kGaugeSet || kind == CellKind::kTotalSet || kind == CellKind::kStateSet;
}

// `buckets` counts +Inf; only histograms have any.
uint32_t CellCount(CellKind kind, uint32_t buckets);

// True when something was observed into these cells.
bool IsThere(CellKind kind, const uint64_t* cells, uint32_t cell_count);

// Adds another thread's cells of the same series.
void MergeCells(CellKind kind, const uint64_t* from, uint32_t cell_count, uint64_t* into);

}  // namespace parshall::metrics
