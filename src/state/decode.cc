#include "state/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "state/format.h"

namespace parshall::state {
namespace {

template <std::unsigned_integral T>
T Load(const char* at) {
  T value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, at, sizeof value);
  } else {
    for (size_t n = sizeof value; n-- > 0;) {
      value = static_cast<T>((value << 8) | static_cast<unsigned char>(at[n]));
    }
  }
  return value;
}

// Takes values off the front of what is left. After the first that is not there, ok() is false and
// everything that follows is empty; lists end at once.
class Reader {
 public:
  explicit Reader(std::string_view left) : left_(left) {}

  bool ok() const { return ok_; }
  size_t left() const { return left_.size(); }

  template <std::unsigned_integral T>
  void Get(T& value) {
    const std::string_view taken = Take(sizeof value);
    if (ok_) value = Load<T>(taken.data());
  }
  void Get(bool& value) {
    uint8_t byte = 0;
    Get(byte);
    if (byte > 1) ok_ = false;
    value = byte == 1;
  }
  void Get(int64_t& value) {
    uint64_t bits = 0;
    Get(bits);
    value = static_cast<int64_t>(bits);
  }
  void Get(double& value) {
    uint64_t bits = 0;
    Get(bits);
    value = std::bit_cast<double>(bits);
  }
  void Get(std::string& text) {
    uint32_t size = 0;
    Get(size);
    text = Take(size);
  }
  void GetAll(uint64_t count, std::vector<uint64_t>& values) {
    if (!ok_ || count > left_.size() / sizeof(uint64_t)) {
      ok_ = false;
      return;
    }
    const char* const at = left_.data();
    values.resize(count);
    for (size_t n = 0; n < count; ++n) values[n] = Load<uint64_t>(at + n * sizeof(uint64_t));
    left_.remove_prefix(count * sizeof(uint64_t));
  }

  void Get(bytes::FileIdentity& identity) {
    Get(identity.device);
    Get(identity.inode);
    Get(identity.birth_ns);
  }
  void Get(bytes::Fingerprint& fingerprint) {
    Get(fingerprint.size);
    Get(fingerprint.hash);
  }
  void Get(bytes::FilePosition& file) {
    Get(file.source);
    Get(file.identity);
    Get(file.fingerprint);
    Get(file.offset);
    Get(file.file);
    Get(file.current);
    Get(file.tail);
    Get(file.tail_end);
    Get(file.modified_ns);
  }
  void Get(SavedEvent& event) {
    Get(event.rule);
    Get(event.text);
    Get(event.first_line_size);
    Get(event.continuation);
    Get(event.envelope);
  }
  void Get(SavedPieces& pieces) {
    Get(pieces.slot);
    Get(pieces.unwrapper);
    Get(pieces.oversized);
    Get(pieces.lines);
    Get(pieces.text);
    Get(pieces.envelope);
  }
  void Get(SavedSource& source) {
    Get(source.name);
    Get(source.skipping);
    Get(source.tally);
    Get(source.event);
    Get(source.pieces);
  }
  void Get(metrics::SavedFamily& family) {
    Get(family.name);
    Get(family.cell_kind);
    Get(family.label_names);
    Get(family.bounds);
    Get(family.cell_count);
    Get(family.rows);
    // Two factors of 32 bits: the product does not overflow.
    GetAll(uint64_t{family.rows.size()} * family.cell_count, family.cells);
    Get(family.rejected);
  }
  void Get(metrics::SavedFamily::Row& row) {
    Get(row.labels);
    Get(row.created_ms);
  }
  void Get(metrics::SavedGroup& group) {
    Get(group.key);
    Get(group.labels);
  }
  void Get(metrics::SavedGroup::Label& label) {
    Get(label.name);
    Get(label.values);
    Get(label.overflow);
  }
  void Get(sinks::OutputPosition& output) {
    Get(output.path);
    Get(output.identity);
    Get(output.length);
  }
  template <typename First, typename Second>
  void Get(std::pair<First, Second>& both) {
    Get(both.first);
    Get(both.second);
  }
  // Each element takes at least four bytes, so a count beyond what is left ends it before anything
  // of its size is allocated.
  template <typename T>
  void Get(std::vector<T>& list) {
    uint32_t count = 0;
    Get(count);
    if (count > left_.size() / 4) ok_ = false;
    if (!ok_) return;
    list.reserve(std::min<size_t>(count, left_.size() / sizeof(T)));
    for (uint32_t n = 0; n < count && ok_; ++n) Get(list.emplace_back());
  }

  std::string_view Take(uint64_t size) {
    if (!ok_ || size > left_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

 private:
  std::string_view left_;
  bool ok_ = true;
};

struct Section {
  uint32_t tag;
  const char* name;
  bool required;
  void (*get)(Reader& reader, Snapshot& snapshot);
};

constexpr Section kSections[] = {
    {kFilesTag, "files", true, [](Reader& r, Snapshot& s) { r.Get(s.files); }},
    {kSourcesTag, "sources", true, [](Reader& r, Snapshot& s) { r.Get(s.sources); }},
    {kRulesTag, "rules", true, [](Reader& r, Snapshot& s) { r.Get(s.rules); }},
    {kTotalsTag, "totals", true, [](Reader& r, Snapshot& s) { r.Get(s.totals); }},
    {kFamiliesTag, "families", true, [](Reader& r, Snapshot& s) { r.Get(s.metrics.families); }},
    {kGroupsTag, "groups", true, [](Reader& r, Snapshot& s) { r.Get(s.metrics.groups); }},
    {kNotesTag, "notes", false, [](Reader& r, Snapshot& s) { r.Get(s.metrics.notes); }},
    {kOutputTag, "output", false, [](Reader& r, Snapshot& s) { r.Get(s.output.emplace()); }},
};

// The checksum is right, so a fault found here is a writer's, or a forger's; the sentence is for
// us.
Status GetSections(std::string_view bytes, Snapshot& snapshot) {
  Reader reader(bytes);
  bool seen[std::size(kSections)] = {};
  while (reader.left() > 0) {
    uint32_t tag = 0;
    uint64_t length = 0;
    reader.Get(tag);
    reader.Get(length);
    Reader payload(reader.Take(length));
    if (!reader.ok()) return Fail("a section is longer than what is left of the file");
    const Section* const section = std::find_if(std::begin(kSections), std::end(kSections),
                                                [&](const Section& s) { return s.tag == tag; });
    if (section == std::end(kSections)) continue;  // of a newer minor version
    if (std::exchange(seen[section - kSections], true)) {
      return Fail(fmt::format("its section of {} stands there twice", section->name));
    }
    section->get(payload, snapshot);
    if (!payload.ok() || payload.left() != 0) {
      return Fail(fmt::format("its section of {} is not what it should be", section->name));
    }
  }
  for (const Section& section : kSections) {
    if (section.required && !seen[&section - kSections]) {
      return Fail(fmt::format("its section of {} is missing", section.name));
    }
  }
  return Ok();
}

}  // namespace

Result<Snapshot> Decode(std::string_view file, Refusal* refusal) {
  *refusal = Refusal::kTorn;
  if (file.empty()) return Fail("it is empty: it was cut off before anything was written");
  if (file.find_first_not_of('\0') == std::string_view::npos) {
    *refusal = Refusal::kZeroFilled;
    return Fail(
        fmt::format("its {} bytes are all zero: they were not on the disk yet when the "
                    "machine stopped",
                    file.size()));
  }
  if (file.substr(0, kMagic.size()) != kMagic.substr(0, file.size())) {
    *refusal = Refusal::kForeign;
    return Fail(
        "it does not begin as a snapshot does: something else was put here, or its "
        "beginning is damaged");
  }
  if (file.size() < kHeaderSize) {
    return Fail(fmt::format("it is cut off after {} bytes, within its header", file.size()));
  }
  const uint64_t length = Load<uint64_t>(file.data() + kLengthAt);
  if (length > file.size()) {
    return Fail(fmt::format("it is cut off: {} bytes of {} are there", file.size(), length));
  }
  if (length < file.size()) {
    return Fail(fmt::format("it has {} bytes behind its end at {}", file.size() - length, length));
  }
  const uint32_t checksum =
      Crc32c(file.substr(kChecksumAt + 4), Crc32c(file.substr(0, kChecksumAt)));
  if (const auto stored = Load<uint32_t>(file.data() + kChecksumAt); stored != checksum) {
    return Fail(
        fmt::format("its checksum is {:08x}, but that of its {} bytes is {:08x}: it is "
                    "damaged",
                    stored, length, checksum));
  }
  const auto major = Load<uint16_t>(file.data() + kVersionAt);
  const auto minor = Load<uint16_t>(file.data() + kVersionAt + 2);
  if (major != kFormatMajor) {
    *refusal = Refusal::kOtherVersion;
    return Fail(
        fmt::format("it is of format {}.{}, and this program reads format {}; the version "
                    "of parshall that wrote it can go on with it",
                    major, minor, kFormatMajor));
  }
  Snapshot snapshot;
  snapshot.generation = Load<uint64_t>(file.data() + kGenerationAt);
  snapshot.taken_ms = static_cast<int64_t>(Load<uint64_t>(file.data() + kTakenAt));
  if (Status status = GetSections(file.substr(kHeaderSize), snapshot); !status) {
    return Error{status.error().what, {}};
  }
  return snapshot;
}

}  // namespace parshall::state
