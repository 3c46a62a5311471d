#pragma once
// A growing block of bytes for output: callers reserve room for the worst case once, then write
// through a bare pointer.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace parshall {

// One thread. Unlike std::string it leaves reserved bytes as they are, so that vector stores may
// run over the end.
class Buffer {
 public:
  const char* data() const { return bytes_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  void clear() { size_ = 0; }

  // Room for `bytes` more behind the end; returns the end. What is written becomes part of the
  // buffer with SetEnd().
  char* Reserve(size_t bytes) {
    if (capacity_ - size_ < bytes) Grow(size_ + bytes);
    return bytes_.get() + size_;
  }
  void SetEnd(const char* end) { size_ = static_cast<size_t>(end - bytes_.get()); }

  void Append(std::string_view text) {
    char* end = Reserve(text.size());
    if (!text.empty()) std::memcpy(end, text.data(), text.size());
    size_ += text.size();
  }

  // Gives memory back after an unusually large batch.
  void ShrinkTo(size_t capacity) {
    if (size_ != 0 || capacity_ <= capacity) return;
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  void Grow(size_t needed) {
    size_t capacity = capacity_ == 0 ? 4096 : capacity_;
    while (capacity < needed) capacity += capacity / 2;
    char* grown = static_cast<char*>(std::realloc(bytes_.get(), capacity));
    if (grown == nullptr) throw std::bad_alloc();  // as any container does
    static_cast<void>(bytes_.release());
    bytes_.reset(grown);
    capacity_ = capacity;
  }

  std::unique_ptr<char, Free> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace parshall
