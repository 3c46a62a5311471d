#pragma once
// The sketches of one family, a few for each series: for a native histogram one of everything, for
// a summary one for each part of the window of time that it looks back on.

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/sketch.h"

namespace parshall::metrics {

// What a family keeps of its values beside the cells.
struct SketchSpec {
  SketchShape shape;
  int64_t part_ms = 0;  // how much time one sketch covers; 0: all
  uint32_t parts = 1;   // so many are looked back on, the one that is being filled included
};

// One thread. Parts begin at multiples of part_ms of Unix time, so that those of all threads, and
// of the run before, are the same. What is older than the window is forgotten at the next value.
class Sketches {
 public:
  // Null: the family has none, and nothing may be added.
  explicit Sketches(const SketchSpec* spec) : spec_(spec) {}

  bool any() const { return spec_ != nullptr; }
  void Add(uint32_t series, double value, int64_t now_ms);
  // Everything within the window that ends now.
  Sketch At(uint32_t series, int64_t now_ms) const;

  void Forget(uint32_t series);
  void Move(uint32_t from, uint32_t to);
  void Merge(const Sketches& other);

  // What they hold in memory.
  size_t bytes() const;

  void Save(uint32_t series, std::string* out) const;
  // False if the bytes are wrong: nothing is kept of them.
  bool Restore(uint32_t series, PackedReader* reader);

 private:
  struct Part {
    int64_t number = 0;  // its begin / part_ms
    Sketch sketch;
  };
  using Parts = std::vector<Part>;  // by number

  int64_t PartAt(int64_t now_ms) const { return spec_->part_ms == 0 ? 0 : now_ms / spec_->part_ms; }
  Part& PartOf(Parts* parts, int64_t number);
  void MergeInto(Parts* into, const Parts& from);

  const SketchSpec* spec_;
  std::vector<Parts> series_;
};

}  // namespace parshall::metrics
