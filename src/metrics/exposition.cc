#include "metrics/exposition.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

#include "metrics/exposed_family.h"
#include "metrics/exposition_writer.h"
#include "metrics/label_text.h"
#include "metrics/own_families.h"

namespace parshall::metrics {
namespace {

// One family of the rules in one dialect.
// One thread.
class FamilyPrinter {
 public:
  FamilyPrinter(const ExposedFamily& exposed, Dialect dialect, ExpositionWriter* writer)
      : exposed_(exposed),
        family_(*exposed.family),
        openmetrics_(dialect == Dialect::kOpenMetrics),
        writer_(*writer),
        name_(exposed.name),
        labelled_(exposed.labelled) {
    const Family& family = family_;
    if (openmetrics_ && family_.kind == rules::MetricKind::kCounter) {
      if (name_.ends_with("_total")) {
        name_.resize(name_.size() - 6);
      } else {
        // OpenMetrics would call its samples …_total: keep the name rather than the type.
        unknown_ = true;
      }
    }
    if (openmetrics_ && family.kind == rules::MetricKind::kInfo && name_.ends_with("_info")) {
      name_.resize(name_.size() - 5);
    }
    for (const double quantile : family.quantiles) {
      std::string ending = labelled_ ? ",quantile=\"" : "{quantile=\"";
      AppendBound(quantile, openmetrics_, &ending);
      quantile_endings_.push_back(ending + "\"} ");
    }
    for (const std::string& state : family.states) {
      std::string scratch;
      std::string ending;
      AppendLabel(name_, LabelValue(state, &scratch), &ending);
      state_endings_.push_back((labelled_ ? "," : "{") + ending + "} ");
    }
    if (family.kind != rules::MetricKind::kHistogram) return;
    for (uint32_t i = 0; i < family.buckets.count(); ++i) {
      std::string ending = labelled_ ? ",le=\"" : "{le=\"";
      if (i < family.buckets.bounds().size()) {
        AppendBound(family.buckets.bounds()[i], openmetrics_, &ending);
      } else {
        ending.append("+Inf");
      }
      ending.append("\"} ");
      assert(ending.size() <= ExpositionWriter::kPieceBytes);  // a double has at most 24 characters
      bucket_endings_.push_back({.text = {}, .size = ending.size()});
      ending.copy(bucket_endings_.back().text.data(), ending.size());
    }
    bucket_start_ = name_ + "_bucket" + (labelled_ ? "{" : "");
    // OpenMetrics 1.0: no sum (and then no count) where a bucket's bound is negative.
    const std::vector<double>& bounds = family.buckets.bounds();
    sum_may_stand_ = !openmetrics_ || bounds.empty() || bounds.front() >= 0;
  }

  void Print(const Snapshot& snapshot, size_t begin, size_t end, bool head_due) {
    snapshot_ = &snapshot;
    if (openmetrics_ && !unknown_) exemplars_ = snapshot.ExemplarsOf(family_);
    exposed_.ForEachRowIn(snapshot, begin, end, [&](const Row& row, size_t) {
      if (head_due) PrintHead();
      head_due = false;
      PrintRow(row);
    });
  }

 private:
  // What stands between a bucket's labels and its number.
  struct Ending {
    std::array<char, ExpositionWriter::kPieceBytes> text;
    size_t size;
  };

  // HELP and TYPE; a family without series is not shown.
  void PrintHead() {
    std::string head = "# HELP " + name_ + " ";
    AppendHelp(family_.help.empty() ? "No help was given in the rules." : family_.help,
               openmetrics_, &head);
    head.append("\n# TYPE " + name_ + " ");
    head.append(unknown_ ? "unknown" : TypeName());
    head.push_back('\n');
    writer_.Text(head);
  }

  const char* TypeName() const {
    switch (family_.kind) {
      case rules::MetricKind::kCounter:
        return "counter";
      case rules::MetricKind::kGauge:
        return "gauge";
      case rules::MetricKind::kHistogram:
        return "histogram";
      case rules::MetricKind::kSummary:
        return "summary";
      case rules::MetricKind::kInfo:
        return openmetrics_ ? "info" : "gauge";
      case rules::MetricKind::kStateSet:
        return openmetrics_ ? "stateset" : "gauge";
    }
    return "untyped";
  }

  void PrintRow(const Row& row) {
    if (family_.kind == rules::MetricKind::kHistogram) {
      PrintHistogram(row);
    } else if (family_.kind == rules::MetricKind::kSummary) {
      PrintSummary(row);
    } else if (family_.kind == rules::MetricKind::kStateSet) {
      PrintStates(row);
    } else if (family_.kind == rules::MetricKind::kInfo) {
      Start(exposed_.name, "", row);
      writer_.Text("1\n");
    } else {
      Start(exposed_.name, "", row);
      if (family_.cell_kind == CellKind::kCount) {
        writer_.Integer(row.cells[0]);
      } else {
        writer_.Number(AsDouble(row.cells[0]));
      }
      if (exemplars_ != nullptr) PrintExemplar(row, 0);
      writer_.Text("\n");
    }
    const bool counts = family_.kind == rules::MetricKind::kCounter ||
                        family_.kind == rules::MetricKind::kHistogram ||
                        family_.kind == rules::MetricKind::kSummary;
    if (openmetrics_ && !unknown_ && counts) PrintCreated(row);
  }

  void PrintExemplar(const Row& row, uint32_t cell) {
    const Exemplar* exemplar = exemplars_->Find(row.series->number, cell);
    if (exemplar == nullptr) return;
    std::string label;
    AppendLabel(*exemplar->label, exemplar->id, &label);
    writer_.Text(" # {");
    writer_.Text(label);
    writer_.Text("} ");
    writer_.Number(exemplar->value);
    writer_.Text(" ");
    writer_.Timestamp(exemplar->at_ms);
  }

  void PrintStates(const Row& row) {
    for (size_t state = 0; state < state_endings_.size(); ++state) {
      writer_.Text(name_);
      if (labelled_) {
        writer_.Text("{");
        writer_.Text(row.labels);
      }
      writer_.Text(state_endings_[state]);
      writer_.Text(row.cells[0] == state ? "1\n" : "0\n");
    }
  }

  // What OpenMetrics knows of summaries is not negative.
  void PrintSummary(const Row& row) {
    if (!quantile_endings_.empty()) {
      const Sketch sketch = snapshot_->SketchOf(family_, row);
      for (size_t i = 0; i < quantile_endings_.size(); ++i) {
        const double value = sketch.Quantile(family_.quantiles[i]);
        if (openmetrics_ && value < 0) continue;
        writer_.Text(name_);
        if (labelled_) {
          writer_.Text("{");
          writer_.Text(row.labels);
        }
        writer_.Text(quantile_endings_[i]);
        writer_.Number(value);
        writer_.Text("\n");
      }
    }
    if (!openmetrics_ || AsDouble(row.cells[0]) >= 0) {
      Start(name_, "_sum", row);
      writer_.Number(AsDouble(row.cells[0]));
      writer_.Text("\n");
    }
    Start(name_, "_count", row);
    writer_.Integer(row.cells[1]);
    writer_.Text("\n");
  }

  void PrintHistogram(const Row& row) {
    uint64_t count = 0;
    bucket_line_.assign(bucket_start_);
    bucket_line_.append(row.labels);
    for (uint32_t i = 0; i < family_.buckets.count(); ++i) {
      count += row.cells[i];
      writer_.Text(bucket_line_);
      writer_.Piece(bucket_endings_[i].text.data(), bucket_endings_[i].size);
      writer_.Integer(count);
      if (exemplars_ != nullptr) PrintExemplar(row, i);
      writer_.Text("\n");
    }
    const double sum = AsDouble(row.cells[family_.buckets.count()]);
    // A sum that fell below zero, or is none, is no value of a histogram in OpenMetrics.
    if (!sum_may_stand_ || (openmetrics_ && !(sum >= 0))) return;
    Start(name_, "_sum", row);
    writer_.Number(sum);
    writer_.Text("\n");
    Start(name_, "_count", row);
    writer_.Integer(count);
    writer_.Text("\n");
  }

  void PrintCreated(const Row& row) {
    Start(name_, "_created", row);
    const bool begun_anew = family_.cell_kind == CellKind::kTotalSet && row.cells[2] != 0;
    writer_.Timestamp(begun_anew ? static_cast<int64_t>(row.cells[2]) : row.series->created_ms);
    writer_.Text("\n");
  }

  void Start(std::string_view name, std::string_view suffix, const Row& row) {
    writer_.Text(name);
    writer_.Text(suffix);
    if (labelled_) {
      writer_.Text("{");
      writer_.Text(row.labels);
      writer_.Text("} ");
    } else {
      writer_.Text(" ");
    }
  }

  const ExposedFamily& exposed_;
  const Family& family_;
  const bool openmetrics_;
  ExpositionWriter& writer_;
  std::string name_;  // in this dialect
  const bool labelled_;
  bool unknown_ = false;
  bool sum_may_stand_ = true;
  std::string bucket_start_;
  std::string bucket_line_;  // up to the bound, of the row at hand
  std::vector<Ending> bucket_endings_;
  const Exemplars* exemplars_ = nullptr;
  const Snapshot* snapshot_ = nullptr;  // while printing
  std::vector<std::string> quantile_endings_;
  std::vector<std::string> state_endings_;  // name="state"} of each
};

}  // namespace

PartedExposition::PartedExposition(const Snapshot& snapshot,
                                   std::vector<prometheus::MetricFamily> own, Dialect dialect)
    : snapshot_(snapshot),
      dialect_(dialect),
      own_(std::move(own)),
      families_(ExposedFamilies(snapshot)),
      parts_(1) {
  std::vector<const prometheus::MetricFamily*> sorted;
  for (const prometheus::MetricFamily& family : own_) sorted.push_back(&family);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->name < b->name; });
  auto next_own = sorted.begin();
  for (const ExposedFamily& family : families_) {
    for (; next_own != sorted.end() && (*next_own)->name < family.name; ++next_own) {
      PlanOwn(**next_own);
    }
    PlanFamily(family);
  }
  for (; next_own != sorted.end(); ++next_own) PlanOwn(**next_own);
}

// Notes what the last run of the last part prints, about; what follows may belong to a new part.
void PartedExposition::Count(size_t bytes) {
  text_bytes_ += bytes;
  part_text_bytes_ += bytes;
}

void PartedExposition::PlanOwn(const prometheus::MetricFamily& family) {
  constexpr size_t kLineBytes = 100;
  if (part_text_bytes_ >= kPartBytes) {
    parts_.emplace_back();
    part_text_bytes_ = 0;
  }
  parts_.back().push_back({.own = &family});
  Count((family.metric.size() + 2) * kLineBytes);
}

void PartedExposition::PlanFamily(const ExposedFamily& exposed) {
  constexpr size_t kNumberBytes = 6;
  const Family& family = *exposed.family;
  const size_t lines = family.kind == rules::MetricKind::kHistogram
                           ? size_t{family.buckets.count()} + 2
                           : std::max<size_t>(family.states.size(), family.quantiles.size() + 2);
  const size_t created = dialect_ == Dialect::kOpenMetrics ? 1 : 0;
  const size_t line_bytes =
      exposed.name.size() + sizeof("_bucket{,le=\"100000\"}\n") + kNumberBytes;
  Run run{.family = &exposed, .head_due = exposed.first};
  bool empty = true;
  exposed.ForEachRowIn(snapshot_, 0, Snapshot::kNoEnd, [&](const Row& row, size_t place) {
    if (part_text_bytes_ >= kPartBytes) {
      run.end = place;
      if (!empty) {
        parts_.back().push_back(run);
        run.head_due = false;
      }
      parts_.emplace_back();
      part_text_bytes_ = 0;
      run.begin = place;
    }
    empty = false;
    Count((lines + created) * (line_bytes + row.labels.size()));
  });
  run.end = Snapshot::kNoEnd;
  if (!empty) parts_.back().push_back(run);
}

size_t PartedExposition::bytes() const {
  size_t bytes = sizeof *this;
  for (const Part& part : parts_) bytes += sizeof part + part.capacity() * sizeof(Run);
  for (const ExposedFamily& family : families_) {
    bytes += sizeof family + family.rows.capacity() * sizeof(Row);
  }
  constexpr size_t kOwnSeriesBytes = 300;  // labels are strings of their own
  for (const prometheus::MetricFamily& family : own_) {
    bytes += sizeof family + family.metric.size() * kOwnSeriesBytes;
  }
  return bytes;
}

void PartedExposition::AppendPart(size_t part, std::string* out) const {
  ExpositionWriter writer(out);
  for (const Run& run : parts_[part]) {
    if (run.own != nullptr) {
      PrintOwnFamily(*run.own, snapshot_.layout().constants, dialect_, &writer);
    } else {
      FamilyPrinter(*run.family, dialect_, &writer)
          .Print(snapshot_, run.begin, run.end, run.head_due);
    }
  }
  if (dialect_ == Dialect::kOpenMetrics && part + 1 == parts_.size()) writer.Text("# EOF\n");
}

}  // namespace parshall::metrics
