#include "lines/newline_index.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "lines/newline_framer.h"

namespace parshall::lines {
namespace {

using Index = size_t (*)(const char*, const char*, uint32_t*);

// In a block of exactly the size and the padding, which is full of newlines that are not to be
// seen.
std::vector<uint32_t> Run(Index index, const std::string& text) {
  std::vector<char> block(text.begin(), text.end());
  block.insert(block.end(), kPadBytes, '\n');
  std::vector<uint32_t> offsets(kIndexRoom);
  offsets.resize(index(block.data(), block.data() + text.size(), offsets.data()));
  return offsets;
}

std::vector<uint32_t> Wanted(const std::string& text) {
  std::vector<uint32_t> offsets;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') offsets.push_back(static_cast<uint32_t>(at));
  }
  return offsets;
}

}  // namespace

TEST_CASE("IndexNewlines finds every newline of a block and none behind it") {
  std::mt19937 random(11);
  std::vector<std::string> texts = {"",
                                    "\n",
                                    "a",
                                    "a\n",
                                    std::string(kIndexBlockBytes, '\n'),
                                    std::string(kIndexBlockBytes, 'x')};
  for (size_t size = 0; size < 300; ++size) {
    for (unsigned one_in : {1u, 2u, 3u, 20u, 100u}) {
      std::string text(size, '\x8a');  // a newline but for its high bit
      for (char& c : text) {
        if (random() % one_in == 0) c = '\n';
      }
      texts.push_back(text);
    }
  }
  for (const std::string& text : texts) {
    const std::vector<uint32_t> wanted = Wanted(text);
    INFO("size " << text.size());
    REQUIRE(Run(IndexNewlinesBaseline, text) == wanted);
    REQUIRE(Run(IndexNewlines, text) == wanted);
    if (HasIndexAvx2()) REQUIRE(Run(IndexNewlinesAvx2, text) == wanted);
    if (HasIndexAvx512()) REQUIRE(Run(IndexNewlinesAvx512, text) == wanted);
  }
}

}  // namespace parshall::lines
