#include "state/encode.h"

#include <fmt/format.h>

#include <bit>
#include <concepts>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/crc32c.h"
#include "state/format.h"

namespace parshall::state {
namespace {

// Appends to a Buffer. Counts and lengths are cut to 32 bits unseen: a list or string that needs
// more makes the whole longer than kSnapshotBytesMax, which Encode refuses.
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out) {}

  template <std::unsigned_integral T>
  void Put(T value) {
    char* const at = out_.Reserve(sizeof value);
    Store(at, value);
    out_.SetEnd(at + sizeof value);
  }
  void Put(bool value) { Put(static_cast<uint8_t>(value ? 1 : 0)); }
  void Put(int64_t value) { Put(static_cast<uint64_t>(value)); }
  void Put(double value) { Put(std::bit_cast<uint64_t>(value)); }
  void Put(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    out_.Append(text);
  }
  void Put(const std::string& text) { Put(std::string_view(text)); }
  // Without their count.
  void PutAll(std::span<const uint64_t> values) {
    const size_t bytes = values.size() * sizeof(uint64_t);
    if (bytes == 0) return;
    char* at = out_.Reserve(bytes);
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(at, values.data(), bytes);
    } else {
      for (size_t n = 0; n < values.size(); ++n) Store(at + n * sizeof(uint64_t), values[n]);
    }
    out_.SetEnd(at + bytes);
  }

  void Put(const bytes::FileIdentity& identity) {
    Put(identity.device);
    Put(identity.inode);
    Put(identity.birth_ns);
  }
  void Put(const bytes::Fingerprint& fingerprint) {
    Put(fingerprint.size);
    Put(fingerprint.hash);
  }
  void Put(const bytes::FilePosition& file) {
    Put(file.source);
    Put(file.identity);
    Put(file.fingerprint);
    Put(file.offset);
    Put(file.file);
    Put(file.current);
    Put(file.tail);
    Put(file.tail_end);
    Put(file.modified_ns);
  }
  void Put(const SavedEvent& event) {
    Put(event.rule);
    Put(event.text);
    Put(event.first_line_size);
    Put(event.continuation);
    PutList(event.envelope);
  }
  void Put(const SavedPieces& pieces) {
    Put(pieces.slot);
    Put(pieces.unwrapper);
    Put(pieces.oversized);
    Put(pieces.lines);
    Put(pieces.text);
    PutList(pieces.envelope);
  }
  void Put(const SavedSource& source) {
    Put(source.name);
    Put(source.skipping);
    PutList(source.tally);
    Put(source.event);
    PutList(source.pieces);
  }
  void Put(const metrics::SavedFamily& family) {
    Put(family.name);
    Put(family.cell_kind);
    PutList(family.label_names);
    PutList(family.bounds);
    Put(family.cell_count);
    PutList(family.rows);
    PutAll(family.cells);  // rows × cell_count
    PutList(family.rejected);
  }
  void Put(const metrics::SavedFamily::Row& row) {
    Put(row.labels);
    Put(row.created_ms);
  }
  void Put(const metrics::SavedGroup& group) {
    Put(group.key);
    PutList(group.labels);
  }
  void Put(const metrics::SavedGroup::Label& label) {
    Put(label.name);
    PutList(label.values);
    Put(label.overflow);
  }
  void Put(const sinks::OutputPosition& output) {
    Put(output.path);
    Put(output.identity);
    Put(output.length);
  }
  template <typename First, typename Second>
  void Put(const std::pair<First, Second>& both) {
    Put(both.first);
    Put(both.second);
  }
  void Put(const Counters& counters) { PutList(counters); }
  template <typename T>
  void PutList(const std::vector<T>& list) {
    Put(static_cast<uint32_t>(list.size()));
    for (const T& element : list) Put(element);
  }

  // What `put` appends, as a section.
  template <typename Function>
  void Section(uint32_t tag, Function put) {
    Put(tag);
    const size_t length_at = out_.size();
    Put(uint64_t{0});
    put();
    PutAt(length_at, uint64_t{out_.size() - length_at - sizeof(uint64_t)});
  }

  // Over what was appended before.
  template <std::unsigned_integral T>
  void PutAt(size_t at, T value) {
    Store(out_.Reserve(0) - out_.size() + at, value);
  }

 private:
  template <std::unsigned_integral T>
  static void Store(char* at, T value) {
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(at, &value, sizeof value);
    } else {
      for (size_t n = 0; n < sizeof value; ++n) at[n] = static_cast<char>(value >> (8 * n));
    }
  }

  Buffer& out_;
};

}  // namespace

Status Encode(const Snapshot& snapshot, Buffer& out) {
  for (const metrics::SavedFamily& family : snapshot.metrics.families) {
    if (family.cells.size() != family.rows.size() * family.cell_count) {
      return Fail(fmt::format("the family \"{}\" has {} cells for {} series of {}", family.name,
                              family.cells.size(), family.rows.size(), family.cell_count));
    }
  }
  const size_t begin = out.size();
  Writer writer(out);
  out.Append(kMagic);
  writer.Put(kFormatMajor);
  // An older program loses nothing of a file without notes.
  writer.Put(snapshot.metrics.notes.empty() ? uint16_t{0} : kFormatMinor);
  writer.Put(uint32_t{0});  // the checksum
  writer.Put(snapshot.generation);
  writer.Put(uint64_t{0});  // the length
  writer.Put(snapshot.taken_ms);
  writer.Section(kFilesTag, [&] { writer.PutList(snapshot.files); });
  writer.Section(kSourcesTag, [&] { writer.PutList(snapshot.sources); });
  writer.Section(kRulesTag, [&] { writer.PutList(snapshot.rules); });
  writer.Section(kTotalsTag, [&] { writer.PutList(snapshot.totals); });
  writer.Section(kFamiliesTag, [&] { writer.PutList(snapshot.metrics.families); });
  writer.Section(kGroupsTag, [&] { writer.PutList(snapshot.metrics.groups); });
  if (!snapshot.metrics.notes.empty()) {
    writer.Section(kNotesTag, [&] { writer.PutList(snapshot.metrics.notes); });
  }
  if (snapshot.output) writer.Section(kOutputTag, [&] { writer.Put(*snapshot.output); });

  const uint64_t length = out.size() - begin;
  if (length > kSnapshotBytesMax) {
    out.SetEnd(out.data() + begin);
    return Fail(
        fmt::format("the snapshot would be {} bytes long, more than the {} that are read "
                    "back; fewer series or open lines make it shorter",
                    length, kSnapshotBytesMax));
  }
  writer.PutAt(begin + kLengthAt, length);
  const std::string_view file = out.view().substr(begin);
  const uint32_t checksum =
      Crc32c(file.substr(kChecksumAt + 4), Crc32c(file.substr(0, kChecksumAt)));
  writer.PutAt(begin + kChecksumAt, checksum);
  return Ok();
}

}  // namespace parshall::state
