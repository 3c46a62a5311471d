// Parts of a format → one expression. The question for each value is where it ends. A format is
// fine when every value's end is forced:
//
// - the byte behind the value cannot stand in it ("…" around an escaped text, a blank behind a
//   word): the value is the run up to that byte;
// - a later byte of the literal cannot (a user name before ` [`…`] "`): the value is the shortest
//   run behind which the literal stands, and there is only one such place;
// - all bytes of the literal can stand in the value, but from there on up to something that cannot,
//   the number of one of them is known (the blanks of a time): again there is one place only.
//
// With nothing between two values that could tell them apart the format is refused; where a reading
// exists but another one might, it is in doubt, and the value ends at the first place that lets the
// rest fit.

#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_map>

#include "base/quoted.h"
#include "records/log_format_parts.h"

namespace parshall::records {
namespace {

using rules::FieldType;

constexpr std::array<std::string_view, 3> kRequestParts = {"method", "path", "protocol"};

// The inside of a class, without its brackets.
std::string ClassText(const ByteSet& set) {
  std::string out;
  const std::vector<unsigned char> bytes = set.Bytes();
  for (size_t n = 0; n < bytes.size();) {
    size_t last = n;
    while (last + 1 < bytes.size() && bytes[last + 1] == bytes[last] + 1) ++last;
    const auto add = [&out](unsigned char byte) {
      const bool word = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') || byte == ' ' || byte == '"';
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), word ? "%c" : "\\x%02x", static_cast<unsigned>(byte));
      out += hex.data();
    };
    add(bytes[n]);
    if (last > n + 1) out += '-';
    if (last > n) add(bytes[last]);
    n = last + 1;
  }
  return out;
}

std::string Class(const ByteSet& set) {
  const ByteSet outside = ~set;
  if (outside.Empty()) return "[\\x00-\\xff]";
  return outside.Count() < set.Count() ? "[^" + ClassText(outside) + "]"
                                       : "[" + ClassText(set) + "]";
}

// How often `byte` stands in every text of this piece; -1: nobody knows.
int CountOf(const FormatPiece& piece, char byte) {
  if (piece.literal) {
    return static_cast<int>(std::count(piece.text.begin(), piece.text.end(), byte));
  }
  const bool nullable = !piece.field.nulls.empty();
  if (nullable && byte == '-') return -1;
  if (piece.domain.quotes != Domain::Quotes::kNever && (byte == '"' || byte == '\\')) return -1;
  if (piece.domain.list && (byte == ' ' || byte == ',' || byte == ':')) return -1;
  if (!piece.domain.bytes.Has(static_cast<unsigned char>(byte))) return 0;
  if (nullable) return -1;
  for (const auto& [counted, count] : piece.domain.counts) {
    if (counted == byte) return count;
  }
  return -1;
}

bool CanHold(const FormatPiece& value, char byte) {
  return value.domain.bytes.Has(static_cast<unsigned char>(byte));
}

// One thread; makes the expression of one format.
class Writer {
 public:
  explicit Writer(FormatParts parts) : pieces_(std::move(parts.pieces)) {}

  FormatResult<LogFormat> Run() {
    if (std::none_of(pieces_.begin(), pieces_.end(),
                     [](const FormatPiece& piece) { return !piece.literal; })) {
      return FormatFault{1, "the format has no value in it, so every line would be the same"};
    }
    ChooseDuration();
    ChooseRequest();
    ChooseSize();
    if (!CheckNames()) return fault_;
    excluded_.resize(pieces_.size());
    endings_.resize(pieces_.size());
    for (size_t at = 0; at < pieces_.size(); ++at) {
      if (!pieces_[at].literal && !FindEnding(at)) return fault_;
    }
    format_.pattern = "^";
    for (size_t at = 0; at < pieces_.size(); ++at) Write(at);
    format_.pattern += '$';
    std::stable_sort(times_.begin(), times_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [rank, name] : times_) format_.timestamp.push_back(std::move(name));
    return std::move(format_);
  }

 private:
  enum class Ending : uint8_t { kExact, kNextByte, kLater, kRest };

  bool Refuse(size_t column, std::string what) {
    fault_ = {column, std::move(what)};
    return false;
  }

  bool RefuseBehind(const FormatPiece& value, const FormatPiece& next) {
    return Refuse(next.column, "what follows " + Quoted(value.text) +
                                   " begins with a byte that can stand in its value, so nobody "
                                   "can tell where that ends; put a blank or quotes there");
  }

  static bool Decimal(const FormatPiece& piece) {
    return piece.domain.exact.find("\\.") != std::string::npos;
  }

  // The time a request took may be logged in several units: the finest is the field.
  void ChooseDuration() {
    FormatPiece* finest = nullptr;
    const auto grain = [](const FormatPiece& piece) {
      return piece.field.unit * (Decimal(piece) ? 1e-6 : 1.0);
    };
    for (FormatPiece& piece : pieces_) {
      if (piece.literal || piece.field.name != "duration") continue;
      if (finest == nullptr) {
        finest = &piece;
        continue;
      }
      FormatPiece* const coarser = grain(piece) < grain(*finest) ? finest : &piece;
      if (coarser == finest) finest = &piece;
      coarser->field.name.clear();
    }
  }

  // With the whole request in the line, its method, path and protocol come from there.
  void ChooseRequest() {
    const bool whole = std::any_of(pieces_.begin(), pieces_.end(), [](const FormatPiece& piece) {
      return piece.field.type == FieldType::kHttpRequest;
    });
    if (!whole) return;
    for (FormatPiece& piece : pieces_) {
      const bool part = std::find(kRequestParts.begin(), kRequestParts.end(), piece.field.name) !=
                        kRequestParts.end();
      if (part) piece.field.name.clear();
    }
  }

  // Bytes with the header stand for the size where that is all there is, as in Debian's combined.
  void ChooseSize() {
    FormatPiece* sent = nullptr;
    for (FormatPiece& piece : pieces_) {
      if (piece.field.name == "size") return;
      if (piece.field.name == "bytes_sent") sent = &piece;
    }
    if (sent == nullptr) return;
    sent->field.name = "size";
    sent->field.fallback = "0";
  }

  bool CheckNames() {
    std::unordered_map<std::string, const FormatPiece*> names;
    for (const FormatPiece& piece : pieces_) {
      if (piece.literal || piece.field.name.empty()) continue;
      const auto [first, fresh] = names.emplace(piece.field.name, &piece);
      if (fresh) continue;
      return Refuse(piece.column, Quoted(piece.text) + " gives the field \"" + piece.field.name +
                                      "\", and so does " + Quoted(first->second->text) +
                                      " at column " + std::to_string(first->second->column) +
                                      "; leave one of them out");
    }
    constexpr size_t kValuesMax = 60;  // captures of an expression
    if (names.size() > kValuesMax) {
      return Refuse(1, "the format has " + std::to_string(names.size()) + " values; at most " +
                           std::to_string(kValuesMax) + " can be read");
    }
    return true;
  }

  bool FindEnding(size_t at) {
    FormatPiece& value = pieces_[at];
    const bool exact = !value.domain.exact.empty();
    if (at + 1 == pieces_.size()) {
      endings_[at] = exact ? Ending::kExact : Ending::kRest;
      return true;
    }
    const FormatPiece& next = pieces_[at + 1];
    if (!next.literal) return Adjacent(at, next);
    const char first = next.text[0];
    if (exact) {
      endings_[at] = Ending::kExact;
      if (value.domain.list && next.text.starts_with(' ') && !next.text.starts_with(" :")) {
        return true;
      }
      if (value.domain.list && next.text.starts_with(", ")) return RefuseBehind(value, next);
      if (value.domain.list && next.text.starts_with(',')) return true;
      if (!CanHold(value, first) || value.domain.fixed_width || CountOf(value, first) > 0) {
        return true;
      }
      const bool counted_once =
          std::any_of(value.domain.counts.begin(), value.domain.counts.end(),
                      [first](const auto& count) { return count.first == first; });
      if (counted_once) return true;
      return RefuseBehind(value, next);
    }
    if (!CanHold(value, first)) {
      endings_[at] = Ending::kNextByte;
      excluded_[at].Add(static_cast<unsigned char>(first));
      return true;
    }
    endings_[at] = Ending::kLater;
    for (const char byte : next.text) {
      if (CanHold(value, byte)) continue;
      excluded_[at].Add(static_cast<unsigned char>(byte));
      return true;
    }
    for (const char byte : next.text) {
      if (Counted(at, byte)) return true;
    }
    format_.doubts.push_back(
        "column " + std::to_string(value.column) + ": the value of " + Quoted(value.text) +
        " may hold " + Quoted(next.text) +
        ", which ends it here; the first place that lets the rest fit is taken. Quotes "
        "around it would make it certain");
    return true;
  }

  // Two values without a literal between them.
  bool Adjacent(size_t at, const FormatPiece& next) {
    FormatPiece& value = pieces_[at];
    const char begins = next.domain.begins;
    if (value.domain.exact.empty() && begins != 0 && !CanHold(value, begins)) {
      endings_[at] = Ending::kNextByte;
      excluded_[at].Add(static_cast<unsigned char>(begins));
      begins_adjacent_ = at + 1;
      return true;
    }
    const bool apart = (value.domain.bytes & next.domain.bytes).Empty() &&
                       !value.domain.exact.empty() && !next.domain.exact.empty() &&
                       value.field.nulls.empty() && next.field.nulls.empty();
    if (apart || (value.domain.fixed_width && value.field.nulls.empty())) {
      endings_[at] = Ending::kExact;
      return true;
    }
    return Refuse(next.column, Quoted(value.text) + " and " + Quoted(next.text) +
                                   " have nothing between them that tells where the one ends "
                                   "and the other begins; put a blank or quotes between them");
  }

  // Whether the number of `byte` is known in all that follows the value, up to something that
  // cannot stand in it. What is passed on the way must then keep that byte out.
  bool Counted(size_t at, char byte) {
    const FormatPiece& value = pieces_[at];
    ByteSet between;
    std::vector<size_t> passed;
    for (size_t j = at + 1; j < pieces_.size(); ++j) {
      const FormatPiece& piece = pieces_[j];
      if (piece.literal) {
        const bool stops =
            j > at + 1 && std::any_of(piece.text.begin(), piece.text.end(), [&](char c) {
              return !CanHold(value, c) && !between.Has(static_cast<unsigned char>(c));
            });
        if (stops) break;
        continue;
      }
      if (CountOf(piece, byte) < 0) return false;
      between = between | piece.domain.bytes;
      if (!piece.field.nulls.empty()) between.Add('-');
      if (piece.domain.quotes != Domain::Quotes::kNever) {
        between.Add('"');
        between.Add('\\');
      }
      if (piece.domain.exact.empty()) passed.push_back(j);
    }
    for (const size_t j : passed) excluded_[j].Add(static_cast<unsigned char>(byte));
    return true;
  }

  std::string Body(size_t at) const {
    const FormatPiece& value = pieces_[at];
    const Domain& domain = value.domain;
    if (endings_[at] == Ending::kExact || !domain.exact.empty()) {
      const bool dash = !value.field.nulls.empty() && !domain.list;
      return domain.exact + (dash ? "|-" : "");
    }
    // Only what must be kept out is: a server may write a little more than its documentation says.
    ByteSet out = excluded_[at];
    if (!domain.bytes.Has(' ')) out.Add(' ');
    if (domain.no_quote) out.Add('"');
    const bool to_quote = excluded_[at].Has('"') || endings_[at] == Ending::kLater;
    const bool lazy = endings_[at] == Ending::kLater;
    if (endings_[at] == Ending::kRest && out.Empty()) return ".*";
    if (domain.quotes == Domain::Quotes::kNever || !to_quote) {
      return Class(ByteSet::All() - out) + (lazy ? "*?" : "*");
    }
    ByteSet plain = ByteSet::All() - out;
    for (const char c : {'"', '\\'}) plain = plain - ByteSet::Of(static_cast<unsigned char>(c));
    if (domain.quotes == Domain::Quotes::kTaken) {
      return "(?:" + Class(plain) + R"(|\\.)*)" + (lazy ? "?" : "");
    }
    return "(?:" + Class(plain) + R"(|\\.|\\)*?)";
  }

  void Write(size_t at) {
    const FormatPiece& piece = pieces_[at];
    if (piece.literal) {
      format_.pattern += LiteralExpression(piece.text);
      return;
    }
    std::string body = Body(at);
    if (piece.domain.exact.empty() && !piece.domain.also.empty()) {
      body = piece.domain.also + "|" + body;
    }
    if (begins_adjacent_ == at && at > 0) {
      body = LiteralExpression(std::string_view(&piece.domain.begins, 1)) + body + "|-";
    }
    if (piece.field.name.empty()) {
      format_.pattern += "(?:" + body + ")";
      return;
    }
    format_.pattern += "(?P<" + piece.field.name + ">" + body + ")";
    format_.fields.push_back(piece.field);
    if (piece.field.type == FieldType::kTime) {
      // An epoch has the parts of a second, the zone of the others is written out.
      const bool epoch = piece.field.format.starts_with("epoch");
      times_.emplace_back(epoch ? 0 : 1, piece.field.name);
    }
  }

  std::vector<FormatPiece> pieces_;
  std::vector<ByteSet>
      excluded_;  // bytes that this value must not hold, since its end depends on it
  std::vector<Ending> endings_;
  size_t begins_adjacent_ = 0;  // this value is told from the one before it by its first byte
  std::vector<std::pair<int, std::string>> times_;
  LogFormat format_;
  FormatFault fault_;
};

}  // namespace

FormatResult<LogFormat> PatternOf(FormatParts parts) { return Writer(std::move(parts)).Run(); }

}  // namespace parshall::records
