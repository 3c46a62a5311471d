#include "records/regex_class.h"

namespace parshall::records {
namespace {

ByteSet Range(unsigned low, unsigned high) {
  ByteSet set;
  set.AddRange(low, high);
  return set;
}

struct NamedClass {
  std::string_view name;
  ByteSet set;
};

}  // namespace

ByteSet DigitSet() { return Range('0', '9'); }
ByteSet WordSet() { return Range('0', '9') | Range('a', 'z') | Range('A', 'Z') | ByteSet::Of('_'); }
ByteSet BlankSet() {
  ByteSet set;
  for (char byte : {'\t', '\n', '\f', '\r', ' '}) set.Add(static_cast<unsigned char>(byte));
  return set;
}

std::optional<ByteSet> PosixSet(std::string_view name) {
  const ByteSet upper = Range('A', 'Z');
  const ByteSet lower = Range('a', 'z');
  const NamedClass classes[] = {
      {"alnum", upper | lower | DigitSet()},
      {"alpha", upper | lower},
      {"ascii", Range(0, 0x7f)},
      {"blank", ByteSet::Of(' ') | ByteSet::Of('\t')},
      {"cntrl", Range(0, 0x1f) | ByteSet::Of(0x7f)},
      {"digit", DigitSet()},
      {"graph", Range('!', '~')},
      {"lower", lower},
      {"print", Range(' ', '~')},
      {"punct", Range('!', '/') | Range(':', '@') | Range('[', '`') | Range('{', '~')},
      {"space", BlankSet() | ByteSet::Of('\v')},
      {"upper", upper},
      {"word", WordSet()},
      {"xdigit", DigitSet() | Range('a', 'f') | Range('A', 'F')},
  };
  for (const NamedClass& named : classes) {
    if (named.name == name) return named.set;
  }
  return std::nullopt;
}

}  // namespace parshall::records
