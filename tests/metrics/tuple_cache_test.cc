#include "metrics/tuple_cache.h"

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <string>

namespace parshall::metrics {
namespace {

TEST_CASE("KeyOfText gives different texts different keys and reads nothing outside the text") {
  std::map<std::pair<uint64_t, uint64_t>, std::string> seen;
  std::mt19937 random(3);
  for (size_t size = 0; size <= kKeyBytesMax; ++size) {
    for (int i = 0; i < 400; ++i) {
      std::string text;
      for (size_t k = 0; k < size; ++k) text.push_back("\0a\xFF"[random() % 3]);
      // Its own allocation of just this size: the sanitizer sees any byte too many.
      const std::unique_ptr<char[]> exact(new char[size]);
      text.copy(exact.get(), size);
      const ValueKey key = KeyOfText(exact.get(), size);
      const auto [at, is_new] = seen.try_emplace({key.low, key.high}, text);
      CHECK(at->second == text);
      CHECK(key.high != kKeyOther);
      CHECK((key.high >> 56) == size);
    }
  }
}

TEST_CASE("RecentTuples knows tuples of short texts apart and never gives a wrong answer") {
  std::map<std::pair<std::string, std::string>, uint64_t> wanted;
  RecentTuples recent;
  std::mt19937 random(5);
  const auto text = [&random] {
    std::string made(2 + random() % 3, ' ');
    for (char& c : made) c = "\0aG\xFF"[random() % 4];
    return made;
  };
  const auto word = [](const std::string& made) {
    // Its own allocation of just this size: the sanitizer sees any byte too many.
    const std::unique_ptr<char[]> exact(new char[made.size()]);
    made.copy(exact.get(), made.size());
    REQUIRE(RecentTuples::Fits(made.size()));
    return RecentTuples::WordOf(exact.get(), made.size());
  };
  uint64_t found = 0;
  for (uint64_t n = 0; n < 50'000; ++n) {
    const std::pair<std::string, std::string> tuple(text(), random() % 4 == 0 ? "" : text());
    RecentTuples::Key key;
    key.words[0] = word(tuple.first);
    if (!tuple.second.empty()) key.words[1] = word(tuple.second);
    const uint64_t value = recent.Find(key);
    const auto at = wanted.find(tuple);
    if (value != RecentTuples::kAbsent) {
      REQUIRE(at != wanted.end());
      REQUIRE(value == at->second);
      ++found;
    }
    recent.Put(key, n);
    REQUIRE(recent.Find(key) == n);
    wanted[tuple] = n;
  }
  CHECK(found > 100);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{5}, ~size_t{0}}) {
    CHECK_FALSE(RecentTuples::Fits(size));
  }
}

template <uint32_t kWords>
void CheckCache(uint32_t words) {
  TupleCache cache(words);
  std::vector<uint64_t> key(words);
  const auto make_key = [&](uint64_t i) {
    for (uint32_t k = 0; k < words; ++k) key[k] = (i >> k) * 0x100;
  };
  uint64_t known = 0;
  const uint64_t tuples = 100'000;
  for (uint64_t i = 0; i < tuples; ++i) {
    make_key(i);
    REQUIRE(cache.template Find<kWords>(key.data()) == TupleCache::kAbsent);
    cache.Put(key.data(), i, 10'000);
    REQUIRE(cache.template Find<kWords>(key.data()) == i);
    REQUIRE(cache.size() <= 16'384);  // the next power of two
  }
  for (uint64_t i = 0; i < tuples; ++i) {
    make_key(i);
    const uint64_t found = cache.template Find<kWords>(key.data());
    REQUIRE((found == i || found == TupleCache::kAbsent));
    known += found == i ? 1U : 0U;
  }
  CHECK(known > 0);
  CHECK(known == cache.size());
}

TEST_CASE("TupleCache never gives a wrong answer, and forgets rather than grow without bound") {
  CheckCache<2>(2);
  CheckCache<4>(4);
  CheckCache<0>(4);
  CheckCache<0>(22);
}

TEST_CASE("LongTextCache remembers texts and stays bounded") {
  LongTextCache cache(99);
  CHECK(cache.Find("a text longer than a key") == nullptr);
  for (uint64_t i = 0; i < 20'000; ++i) {
    const std::string text = "a text longer than a key " + std::to_string(i);
    cache.Put(text, i, 100);
    const uint64_t* found = cache.Find(text);
    REQUIRE(found != nullptr);
    REQUIRE(*found == i);
  }
  CHECK(cache.Find("a text longer than a key, never put") == nullptr);
}

}  // namespace
}  // namespace parshall::metrics
