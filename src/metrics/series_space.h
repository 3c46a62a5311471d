#pragma once
// The series of one space: dense numbers, which are used again once a series is gone, the text of
// its labels, and the ways to find it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace parshall::metrics {

// Hashes text that anybody may have chosen: seeded, so that collisions cannot be prepared.
struct TextHash {
  using is_transparent = void;
  uint64_t seed = 0;
  size_t operator()(std::string_view text) const;
};

using TextMap = std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>>;

// One series of a space. Immutable; who holds an order of series holds them alive.
struct Series {
  uint32_t number = 0;            // within its space, from 0
  int64_t created_ms = 0;         // Unix time of the batch that brought it
  std::string labels;             // a="x",b="y" with the constant labels, escaped; no braces
  std::vector<uint32_t> initial;  // families that show it before anything was observed
};

using SeriesList = std::vector<std::shared_ptr<const Series>>;
using SeriesOrder = std::shared_ptr<const SeriesList>;

// One thread at a time: the registry's lock guards it.
class SeriesSpace {
 public:
  // `index_labels`: places within a label text by whose values together series are looked up.
  SeriesSpace(TextHash hash, std::vector<uint32_t> index_labels)
      : by_labels_(8, hash), index_labels_(std::move(index_labels)), index_(8, hash) {}

  static constexpr uint32_t kNone = ~uint32_t{0};

  // The number of the series with this label text, or kNone.
  uint32_t Find(std::string_view labels) const;
  // `labels` is of no series yet.
  uint32_t Add(std::string labels, int64_t created_ms);
  // The number is free from now on.
  void Remove(uint32_t number);
  // The same series, begun at another time.
  void SetCreated(uint32_t number, int64_t created_ms);
  void SetInitial(uint32_t number, std::vector<uint32_t> families);

  // The series whose values at the index labels are these, as label text: a="x",b="y".
  std::vector<uint32_t> Matching(std::string_view key) const;

  // Null if the number is free.
  const Series* at(uint32_t number) const { return series_[number].get(); }
  size_t size() const { return by_labels_.size(); }
  // Numbers are below it.
  uint32_t numbers_end() const { return static_cast<uint32_t>(series_.size()); }

  // All series by label text. Work only for those that came since it was last asked for.
  SeriesOrder Sorted();

 private:
  std::string IndexKey(std::string_view labels) const;
  void Replace(uint32_t number, Series series);

  SeriesList series_;  // by number
  std::vector<uint32_t> free_;
  TextMap by_labels_;
  std::vector<uint32_t> index_labels_;
  std::unordered_map<std::string, std::vector<uint32_t>, TextHash, std::equal_to<>> index_;
  SeriesOrder sorted_ = std::make_shared<const SeriesList>();
  SeriesList fresh_;           // not in sorted_ yet
  bool sorted_wrong_ = false;  // something in sorted_ is gone or changed
};

}  // namespace parshall::metrics
