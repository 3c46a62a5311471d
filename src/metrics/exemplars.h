#pragma once
// Exemplars of one family: for a counter or a bucket, the latest record that says which trace it
// belongs to. OpenMetrics shows them (§ Exemplars).

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace parshall::metrics {

struct Exemplar {
  const std::string* label = nullptr;  // its name, which the layout holds
  std::string id;                      // valid UTF-8
  double value = 0;
  int64_t at_ms = 0;      // Unix time of the batch
  uint64_t sequence = 0;  // of the batch; the latest wins
};

// One thread. Bounded: at kExemplarsMax, only those that are there are replaced.
class Exemplars {
 public:
  static constexpr size_t kExemplarsMax = 10'000;
  // OpenMetrics: name and value have 128 characters at most; names have up to 63.
  static constexpr size_t kIdBytesMax = 64;
  static constexpr size_t kLabelBytesMax = 63;

  // `cells`: how many a series has, one for each bucket or 1.
  explicit Exemplars(uint32_t cells) : cells_(cells) {}

  // An id that is empty or too long is none: a part of one leads nowhere.
  void Put(uint32_t series, uint32_t cell, std::string_view raw_id, Exemplar exemplar);
  const Exemplar* Find(uint32_t series, uint32_t cell) const;

  void Forget(uint32_t series);
  void Move(uint32_t from, uint32_t to);
  void Merge(const Exemplars& other);

  bool empty() const { return by_cell_.empty(); }

 private:
  uint64_t Key(uint32_t series, uint32_t cell) const { return uint64_t{series} * cells_ + cell; }
  void Keep(uint64_t key, Exemplar exemplar);

  uint32_t cells_;
  std::unordered_map<uint64_t, Exemplar> by_cell_;
};

}  // namespace parshall::metrics
