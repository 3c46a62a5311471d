#pragma once
// A number that tells configurations apart, for /metrics and for knowing whether files have
// changed. Not cryptographic: who can write the configuration has no need to forge it.

#include <cstdint>
#include <string_view>

namespace parshall::app {

// FNV-1a over texts, one after the other. Plain data.
class ConfigHash {
 public:
  void Add(std::string_view text) {
    for (const char c : text) Step(static_cast<unsigned char>(c));
    Step(0xff);  // no byte of UTF-8: "ab" + "c" is not "a" + "bc"
  }
  void Add(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) Step(static_cast<unsigned char>(number >> shift));
  }
  // 48 bits, which a sample of Prometheus holds exactly; as alertmanager_config_hash does.
  uint64_t value() const { return (hash_ ^ (hash_ >> 48)) & ((uint64_t{1} << 48) - 1); }

 private:
  void Step(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001b3; }

  uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace parshall::app
