#include "records/rule_filter.h"

#include <algorithm>
#include <map>

#include "records/plan.h"

namespace parshall::records {
namespace {

constexpr size_t kBuckets = 8;
constexpr int kRepeatedMax = 64;
// What a window must score to be worth looking for: `" "` stands in each line.
constexpr int kScoreMin = 2;
// A window that other rules need as well tells little about which of them it is.
constexpr int kSharedPenalty = 4;

using Window = std::array<unsigned char, FilterTables::kBytes>;

// How much a byte tells: what stands in each log line, tells nothing.
int Rarity(unsigned char byte) {
  constexpr std::string_view kEverywhere = " \"/.:-[]";
  constexpr std::string_view kUsual = "etaoinsrhldcu,0123456789";
  if (kEverywhere.find(static_cast<char>(byte)) != std::string_view::npos) return 0;
  return kUsual.find(static_cast<char>(byte)) != std::string_view::npos ? 1 : 2;
}

std::vector<Window> WindowsOf(const std::vector<std::string>& texts) {
  std::vector<Window> windows;
  for (const std::string& text : texts) {
    for (size_t at = 0; at + FilterTables::kBytes <= text.size(); ++at) {
      Window window;
      std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), window.size(), window.begin());
      windows.push_back(window);
    }
  }
  std::sort(windows.begin(), windows.end());
  windows.erase(std::unique(windows.begin(), windows.end()), windows.end());
  return windows;
}

// Walks over what must be there, in order; what may be left out ends a text.
class TextCollector {
 public:
  void Walk(const Node& node) {
    switch (node.kind) {
      case NodeKind::kByte:
        if (node.set.Single() < 0) return End();
        text_.push_back(static_cast<char>(node.set.Single()));
        return;
      case NodeKind::kConcat:
      case NodeKind::kCapture:
        for (const Node& child : node.children) Walk(child);
        return;
      case NodeKind::kRepeat:
        return Repeat(node);
      case NodeKind::kAlternate:
        return End();
      case NodeKind::kEmpty:
      case NodeKind::kBegin:
      case NodeKind::kEnd:
        return;
    }
  }
  std::vector<std::string> Take() {
    End();
    return std::move(texts_);
  }

 private:
  void Repeat(const Node& node) {
    const bool one_byte = node.children[0].kind == NodeKind::kByte;
    if (one_byte && node.min == node.max && node.min <= kRepeatedMax) {
      for (int n = 0; n < node.min; ++n) Walk(node.children[0]);
      return;
    }
    End();
    if (node.min > 0) Walk(node.children[0]);
    End();
  }
  void End() {
    if (text_.size() >= FilterTables::kBytes) texts_.push_back(text_);
    text_.clear();
  }

  std::string text_;
  std::vector<std::string> texts_;
};

}  // namespace

std::vector<std::string> NeededTexts(const Node& tree) {
  TextCollector collector;
  collector.Walk(tree);
  return collector.Take();
}

void RuleFilter::Add(size_t rule, std::vector<std::string> texts) {
  if (!texts.empty()) needed_.push_back({rule, std::move(texts)});
}

void RuleFilter::Build() {
  if (!HasAvx2()) return;
  std::vector<std::vector<Window>> windows;
  std::map<Window, int> needing;
  for (const Needed& needed : needed_) {
    windows.push_back(WindowsOf(needed.texts));
    for (const Window& window : windows.back()) ++needing[window];
  }
  // The one window of each rule, and whose it is.
  std::map<Window, uint64_t> chosen;
  for (size_t n = 0; n < needed_.size(); ++n) {
    const auto score = [&needing](const Window& window) {
      return Rarity(window[0]) + Rarity(window[1]) + Rarity(window[2]) -
             kSharedPenalty * (needing.at(window) - 1);
    };
    const auto best = std::max_element(
        windows[n].begin(), windows[n].end(),
        [&score](const Window& a, const Window& b) { return score(a) < score(b); });
    if (best == windows[n].end()) continue;
    if (Rarity((*best)[0]) + Rarity((*best)[1]) + Rarity((*best)[2]) < kScoreMin) continue;
    chosen[*best] |= uint64_t{1} << needed_[n].rule;
    rules_ |= uint64_t{1} << needed_[n].rule;
  }
  // Neighbours in the order of their bytes share a bucket: what they have in common keeps it
  // telling.
  size_t at = 0;
  for (const auto& [window, rules] : chosen) {
    const size_t bucket = at++ * kBuckets / std::max(chosen.size(), kBuckets);
    bucket_rules_[bucket] |= rules;
    for (size_t place = 0; place < window.size(); ++place) {
      const auto bit = static_cast<uint8_t>(1u << bucket);
      tables_.places[place].low[window[place] & 15] |= bit;
      tables_.places[place].high[window[place] >> 4] |= bit;
    }
  }
  needed_.clear();
}

uint64_t RuleFilter::Candidates(std::string_view line) const {
  unsigned buckets = FindBucketsAvx2(tables_, line.data(), line.data() + line.size());
  uint64_t candidates = 0;
  for (; buckets != 0; buckets &= buckets - 1) {
    candidates |= bucket_rules_[static_cast<size_t>(__builtin_ctz(buckets))];
  }
  return candidates;
}

}  // namespace parshall::records
