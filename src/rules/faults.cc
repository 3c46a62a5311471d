#include "rules/faults.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/quoted.h"

namespace parshall::rules {
namespace {

// Longer words are not compared: no key of ours is as long, and the table is of fixed size.
constexpr size_t kWordMax = 40;

// The optimal string alignment distance: insert, delete, replace and swap of neighbours cost one
// each.
size_t Distance(std::string_view a, std::string_view b) {
  std::array<std::array<size_t, kWordMax + 1>, 3> rows{};
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& above_two = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], above_two[j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

void Faults::Add(Where where, std::string what) {
  auto file = std::find_if(files_.begin(), files_.end(),
                           [&](const FileCount& f) { return f.file == where.file; });
  if (file == files_.end()) file = files_.insert(files_.end(), FileCount{where.file, 0});
  if (++file->count > kFaultsMax) return;
  faults_.push_back(Fault{std::move(where), std::move(what)});
}

std::vector<Error> Faults::Take() {
  const auto rank = [&](const Fault& fault) {
    return std::find_if(files_.begin(), files_.end(),
                        [&](const FileCount& f) { return f.file == fault.where.file; }) -
           files_.begin();
  };
  std::stable_sort(faults_.begin(), faults_.end(), [&](const Fault& a, const Fault& b) {
    return std::make_tuple(rank(a), a.where.line, a.where.column) <
           std::make_tuple(rank(b), b.where.line, b.where.column);
  });
  std::vector<Error> errors;
  errors.reserve(faults_.size());
  for (Fault& fault : faults_) {
    errors.push_back(Fail(std::move(fault.what), fault.where.ToString()));
  }
  for (const FileCount& file : files_) {
    if (file.count <= kFaultsMax) continue;
    errors.push_back(
        Fail("and " + std::to_string(file.count - kFaultsMax) + " more faults", file.file));
  }
  faults_.clear();
  files_.clear();
  return errors;
}

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > kWordMax) return {};
  std::string_view nearest;
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kWordMax) continue;
    const size_t distance = Distance(word, candidate);
    if (distance < best && distance < candidate.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  // Shortened or lengthened words: count for counter, integer for int.
  constexpr size_t kStemMin = 3;
  for (std::string_view candidate : candidates) {
    if (!nearest.empty() || std::min(candidate.size(), word.size()) < kStemMin) continue;
    if (candidate.starts_with(word) || word.starts_with(candidate)) nearest = candidate;
  }
  return nearest;
}

std::string Hint(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr size_t kNamedMax = 20;
  const std::string_view nearest = Nearest(word, candidates);
  if (!nearest.empty()) return " (did you mean " + Quoted(nearest) + "?)";
  if (candidates.empty() || candidates.size() > kNamedMax) return {};
  std::string hint = " (known here: ";
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) hint += ", ";
    hint += candidates[i];
  }
  return hint + ")";
}

}  // namespace parshall::rules
