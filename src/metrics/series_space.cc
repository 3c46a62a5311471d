#include "metrics/series_space.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "metrics/label_text.h"

namespace parshall::metrics {
namespace {

bool ByLabels(const std::shared_ptr<const Series>& a, const std::shared_ptr<const Series>& b) {
  return a->labels < b->labels;
}

}  // namespace

size_t TextHash::operator()(std::string_view text) const {
  uint64_t hash = seed ^ (text.size() * 0x9E3779B97F4A7C15ULL);
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ULL;
    hash ^= hash >> 32;
  };
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    mix(word);
  }
  uint64_t rest = 0;
  if (i < text.size()) std::memcpy(&rest, text.data() + i, text.size() - i);
  mix(rest);
  hash *= 0xD6E8FEB86659FD93ULL;
  return static_cast<size_t>(hash ^ (hash >> 32));
}

std::string SeriesSpace::IndexKey(std::string_view labels) const {
  std::string key;
  size_t wanted = 0;
  uint32_t place = 0;
  ForEachLabel(labels, [&](std::string_view name, std::string_view escaped) {
    if (wanted < index_labels_.size() && index_labels_[wanted] == place) {
      if (!key.empty()) key += ',';
      key.append(name).append("=\"").append(escaped).append("\"");
      ++wanted;
    }
    ++place;
  });
  return key;
}

uint32_t SeriesSpace::Find(std::string_view labels) const {
  const auto at = by_labels_.find(labels);
  return at == by_labels_.end() ? kNone : at->second;
}

uint32_t SeriesSpace::Add(std::string labels, int64_t created_ms) {
  uint32_t number = numbers_end();
  if (free_.empty()) {
    series_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  if (!index_labels_.empty()) index_[IndexKey(labels)].push_back(number);
  by_labels_.try_emplace(labels, number);
  Series series;
  series.number = number;
  series.created_ms = created_ms;
  series.labels = std::move(labels);
  series_[number] = std::make_shared<const Series>(std::move(series));
  fresh_.push_back(series_[number]);
  return number;
}

void SeriesSpace::Remove(uint32_t number) {
  assert(series_[number] != nullptr);
  const std::string& labels = series_[number]->labels;
  if (!index_labels_.empty()) {
    const auto at = index_.find(IndexKey(labels));
    std::erase(at->second, number);
    if (at->second.empty()) index_.erase(at);
  }
  by_labels_.erase(by_labels_.find(labels));
  series_[number] = nullptr;
  free_.push_back(number);
  sorted_wrong_ = true;
}

void SeriesSpace::Replace(uint32_t number, Series series) {
  series_[number] = std::make_shared<const Series>(std::move(series));
  sorted_wrong_ = true;
}

void SeriesSpace::SetCreated(uint32_t number, int64_t created_ms) {
  if (series_[number]->created_ms == created_ms) return;
  Series series = *series_[number];
  series.created_ms = created_ms;
  Replace(number, std::move(series));
}

void SeriesSpace::SetInitial(uint32_t number, std::vector<uint32_t> families) {
  Series series = *series_[number];
  series.initial = std::move(families);
  Replace(number, std::move(series));
}

std::vector<uint32_t> SeriesSpace::Matching(std::string_view key) const {
  const auto at = index_.find(key);
  return at == index_.end() ? std::vector<uint32_t>() : at->second;
}

SeriesOrder SeriesSpace::Sorted() {
  if (!sorted_wrong_ && fresh_.empty()) return sorted_;
  SeriesList order;
  std::ptrdiff_t old_count = 0;
  if (sorted_wrong_) {
    for (const auto& series : series_) {
      if (series != nullptr) order.push_back(series);
    }
  } else {
    old_count = std::ssize(*sorted_);
    order.reserve(sorted_->size() + fresh_.size());
    order = *sorted_;
    order.insert(order.end(), fresh_.begin(), fresh_.end());
  }
  std::sort(order.begin() + old_count, order.end(), ByLabels);
  std::inplace_merge(order.begin(), order.begin() + old_count, order.end(), ByLabels);
  fresh_.clear();
  sorted_wrong_ = false;
  sorted_ = std::make_shared<const SeriesList>(std::move(order));
  return sorted_;
}

}  // namespace parshall::metrics
