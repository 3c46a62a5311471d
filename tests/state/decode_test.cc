#include "state/decode.h"

#include <catch2/catch.hpp>
#include <random>

#include "base/crc32c.h"
#include "state/format.h"
#include "tests/state/kit.h"

using namespace parshall;
using namespace parshall::state;

namespace {

template <typename T>
void PutAt(std::string& file, size_t at, T value) {
  for (size_t n = 0; n < sizeof value; ++n) {
    file[at + n] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * n));
  }
}

// As a writer that knows what it does would leave it.
std::string Sealed(std::string file) {
  PutAt<uint64_t>(file, kLengthAt, file.size());
  const std::string_view all(file);
  PutAt<uint32_t>(file, kChecksumAt,
                  Crc32c(all.substr(kChecksumAt + 4), Crc32c(all.substr(0, kChecksumAt))));
  return file;
}

std::string Section(uint32_t tag, const std::string& payload) {
  std::string section(kSectionHeaderSize, '\0');
  PutAt<uint32_t>(section, 0, tag);
  PutAt<uint64_t>(section, 4, payload.size());
  return section + payload;
}

// What Decode says; empty if it takes the bytes. They stand in a block of their very size, so that
// a look behind their end is seen by the sanitizer.
std::string FaultOf(std::string_view file, Refusal* refusal) {
  const std::vector<char> exact(file.begin(), file.end());
  auto snapshot = Decode({exact.data(), exact.size()}, refusal);
  return snapshot ? std::string() : snapshot.error().what;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Every truncation of a snapshot is refused as torn") {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const std::string file = Encoded(SnapshotOf(seed));
    for (size_t size = 0; size < file.size(); ++size) {
      Refusal refusal = Refusal::kForeign;
      INFO("seed " << seed << ", " << size << " of " << file.size());
      REQUIRE(FaultOf(file.substr(0, size), &refusal) != "");
      REQUIRE(refusal == Refusal::kTorn);
    }
  }
}

TEST_CASE("Every single flipped bit is found") {
  Snapshot snapshot = SnapshotOf(5);
  while (Encoded(snapshot).size() > 6000 && !snapshot.sources.empty()) snapshot.sources.pop_back();
  const std::string file = Encoded(snapshot);
  std::string damaged = file;
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    damaged[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << (bit % 8)));
    Refusal refusal;
    if (Decode(damaged, &refusal).ok()) FAIL("bit " << bit << " was not missed");
    const bool in_magic = bit / 8 < kMagic.size();
    if (refusal != (in_magic ? Refusal::kForeign : Refusal::kTorn)) FAIL("bit " << bit);
    damaged[bit / 8] = file[bit / 8];
  }
  Refusal refusal;
  CHECK(Decode(damaged, &refusal).ok());
}

TEST_CASE("A file with a part of zeros, as a file system leaves it, is refused") {
  const std::string file = Encoded(SnapshotOf(6));
  REQUIRE(file.size() > 1024);
  for (size_t from = 0; from < file.size(); from += 512) {
    for (const size_t size : {size_t{512}, file.size()}) {
      std::string holed = file;
      const size_t end = std::min(from + size, file.size());
      std::fill(holed.begin() + static_cast<ptrdiff_t>(from),
                holed.begin() + static_cast<ptrdiff_t>(end), '\0');
      if (holed == file) continue;
      Refusal refusal;
      INFO("from " << from << " to " << end);
      CHECK(FaultOf(holed, &refusal) != "");
    }
  }
}

TEST_CASE("What is wrong with a file is said in words") {
  const std::string good = Encoded(SnapshotOf(8));
  const std::string body = good.substr(kHeaderSize);
  std::string other_major = good;
  PutAt<uint16_t>(other_major, kVersionAt, 2);
  std::string long_length = good;
  PutAt<uint64_t>(long_length, kLengthAt, UINT64_MAX);
  std::string short_length = good;
  PutAt<uint64_t>(short_length, kLengthAt, 3);
  const std::string header = good.substr(0, kHeaderSize);
  std::string huge_section = header + Section(kFilesTag, "");
  PutAt<uint64_t>(huge_section, kHeaderSize + 4, UINT64_MAX);
  const std::string many(4, '\xFF');  // a count of 2^32 - 1
  // One family: no name, kind 0, no bounds, 2^32-1 cells for each of one row.
  const std::string huge_cells = std::string(
                                     "\1\0\0\0"
                                     "\0\0\0\0"
                                     "\0"
                                     "\0\0\0\0",
                                     13) +
                                 many +
                                 std::string(
                                     "\1\0\0\0"
                                     "\0\0\0\0"
                                     "\0\0\0\0\0\0\0\0",
                                     16) +
                                 std::string(4, '\0');
  struct Row {
    const char* name;
    std::string file;
    Refusal refusal;
    const char* part;
  };
  const Row rows[] = {
      {"nothing", "", Refusal::kTorn, "it is empty"},
      {"one zero", std::string(1, '\0'), Refusal::kZeroFilled, "its 1 bytes are all zero"},
      {"a page of zeros", std::string(4096, '\0'), Refusal::kZeroFilled, "all zero"},
      {"a text", "pid 12\n", Refusal::kForeign, "does not begin as a snapshot"},
      {"a gzip", "\x1f\x8b\x08" + std::string(100, 'x'), Refusal::kForeign, "does not begin"},
      {"only a magic", "PARSHALL", Refusal::kTorn, "cut off after 8 bytes, within its header"},
      {"one byte more", good + "x", Refusal::kTorn, "has 1 bytes behind its end"},
      {"two files in one", good + good, Refusal::kTorn, "behind its end"},
      {"a length beyond all", long_length, Refusal::kTorn, "cut off"},
      {"a length too short", short_length, Refusal::kTorn, "behind its end at 3"},
      {"another major", Sealed(other_major), Refusal::kOtherVersion,
       "it is of format 2.0, and this program reads format 1"},
      {"another major by damage", other_major, Refusal::kTorn, "checksum"},
      {"no sections", Sealed(header), Refusal::kTorn, "its section of files is missing"},
      {"a section twice", Sealed(good + Section(kRulesTag, std::string(4, '\0'))), Refusal::kTorn,
       "its section of rules stands there twice"},
      {"a section beyond the end", Sealed(huge_section), Refusal::kTorn,
       "longer than what is left"},
      {"half a section header", Sealed(good + "FILE"), Refusal::kTorn, "longer than what is left"},
      {"a count beyond the end", Sealed(header + Section(kFilesTag, many)), Refusal::kTorn,
       "its section of files is not"},
      {"a string beyond the end",
       Sealed(header + Section(kTotalsTag, std::string("\1\0\0\0", 4) + many)), Refusal::kTorn,
       "its section of totals is not"},
      {"cells beyond the end", Sealed(header + Section(kFamiliesTag, huge_cells)), Refusal::kTorn,
       "its section of families is not"},
      {"a byte too many in a section", Sealed(header + Section(kFilesTag, std::string(5, '\0'))),
       Refusal::kTorn, "its section of files is not"},
  };
  for (const Row& row : rows) {
    Refusal refusal = Refusal::kUnsafe;
    const std::string fault = FaultOf(row.file, &refusal);
    INFO(row.name << ": " << fault);
    CHECK(Contains(fault, row.part));
    CHECK(RefusalName(refusal) == RefusalName(row.refusal));
  }
}

TEST_CASE("A bool is 0 or 1") {
  Snapshot snapshot;
  snapshot.files.push_back({});
  std::string file = Encoded(snapshot);
  const size_t at = kHeaderSize + kSectionHeaderSize + 4 + 4 + 24 + 4 + 8 + 8 + 8;
  REQUIRE(file[at] == 0);
  Refusal refusal;
  file[at] = 1;
  CHECK(FaultOf(Sealed(file), &refusal) == "");
  file[at] = 2;
  CHECK(Contains(FaultOf(Sealed(file), &refusal), "its section of files is not"));
}

TEST_CASE("A newer minor version is read, and its unknown sections are skipped") {
  const Snapshot snapshot = SnapshotOf(9);
  const std::string good = Encoded(snapshot);
  const std::string extra = Section(Tag("NEW1"), "what is this?") + Section(Tag("NEW2"), "");
  std::string newer = good.substr(0, kHeaderSize) + extra + good.substr(kHeaderSize) + extra;
  PutAt<uint16_t>(newer, kVersionAt + 2, 7);
  Refusal refusal;
  const auto read = Decode(Sealed(newer), &refusal);
  REQUIRE(read.ok());
  CHECK(TextOf(*read) == TextOf(snapshot));
}

TEST_CASE("Notes are kept, and make the file one of format 1.1") {
  Snapshot snapshot = SnapshotOf(4);
  snapshot.metrics.notes = {{"lives a_total", std::string("\0\x80\n", 3)}, {"", ""}};
  const std::string file = Encoded(snapshot);
  CHECK(file.substr(kVersionAt, 4) == std::string("\1\0\1\0", 4));
  Refusal refusal;
  const auto read = Decode(file, &refusal);
  REQUIRE(read.ok());
  CHECK(read->metrics.notes == snapshot.metrics.notes);
  CHECK(TextOf(*read) == TextOf(snapshot));
}

TEST_CASE("Random bytes behind a right checksum never harm") {
  std::mt19937 random(11);
  const std::string good = Encoded(SnapshotOf(12));
  size_t taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string file = good;
    for (uint64_t changes = 1 + random() % 8; changes > 0; --changes) {
      file[kHeaderSize + random() % (file.size() - kHeaderSize)] =
          static_cast<char>(random() % 3 == 0 ? 0xFF : random());
    }
    if (random() % 4 == 0) file.resize(kHeaderSize + random() % (file.size() - kHeaderSize));
    Refusal refusal;
    taken += FaultOf(Sealed(file), &refusal).empty();
  }
  CHECK(taken > 0);       // a changed value
  CHECK(taken < 20'000);  // a changed length
}
