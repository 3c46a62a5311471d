#include "metrics/cells.h"

#include <algorithm>

namespace parshall::metrics {

CellKind CellKindOf(const rules::MetricSpec& spec) {
  switch (spec.kind) {
    case rules::MetricKind::kHistogram:
      return CellKind::kHistogram;
    case rules::MetricKind::kSummary:
      return CellKind::kSummary;
    case rules::MetricKind::kCounter:
      if (spec.cumulative) return CellKind::kTotalSet;
      return spec.value.empty() ? CellKind::kCount : CellKind::kSum;
    case rules::MetricKind::kInfo:
      return CellKind::kCount;
    case rules::MetricKind::kStateSet:
      return CellKind::kStateSet;
    case rules::MetricKind::kGauge:
      break;
  }
  switch (spec.op) {
    case rules::GaugeOp::kSet:
      return CellKind::kGaugeSet;
    case rules::GaugeOp::kAdd:
      return CellKind::kGaugeAdd;
    case rules::GaugeOp::kMin:
      return CellKind::kGaugeMin;
    case rules::GaugeOp::kMax:
      return CellKind::kGaugeMax;
  }
  return CellKind::kGaugeSet;
}

uint32_t CellCount(CellKind kind, uint32_t buckets) {
  if (kind == CellKind::kHistogram) return buckets + 1;
  if (kind == CellKind::kTotalSet) return 3;
  return kind == CellKind::kCount ? 1 : 2;
}

bool IsThere(CellKind kind, const uint64_t* cells, uint32_t cell_count) {
  if (kind == CellKind::kCount) return cells[0] != 0;
  if (kind != CellKind::kHistogram) return cells[1] != 0;
  return std::any_of(cells, cells + cell_count - 1, [](uint64_t n) { return n != 0; });
}

void MergeCells(CellKind kind, const uint64_t* from, uint32_t cell_count, uint64_t* into) {
  switch (kind) {
    case CellKind::kCount:
      into[0] += from[0];
      return;
    case CellKind::kSum:
    case CellKind::kGaugeAdd:
    case CellKind::kSummary:
      into[0] = AsCell(AsDouble(into[0]) + AsDouble(from[0]));
      into[1] += from[1];
      return;
    case CellKind::kTotalSet: {
      // A counter that began anew for one worker did so for all.
      const uint64_t created_ms = std::max(from[2], into[2]);
      if (from[1] > into[1]) std::copy_n(from, 2, into);
      into[2] = created_ms;
      return;
    }
    case CellKind::kStateSet:
    case CellKind::kGaugeSet:
      if (from[1] > into[1]) std::copy_n(from, 2, into);
      return;
    case CellKind::kGaugeMin:
    case CellKind::kGaugeMax: {
      if (from[1] == 0) return;
      const double theirs = AsDouble(from[0]);
      const double ours = AsDouble(into[0]);
      const bool better = kind == CellKind::kGaugeMin ? theirs < ours : theirs > ours;
      if (into[1] == 0 || better) into[0] = from[0];
      into[1] += from[1];
      return;
    }
    case CellKind::kHistogram:
      for (uint32_t i = 0; i + 1 < cell_count; ++i) into[i] += from[i];
      into[cell_count - 1] =
          AsCell(AsDouble(into[cell_count - 1]) + AsDouble(from[cell_count - 1]));
      return;
  }
}

}  // namespace parshall::metrics
