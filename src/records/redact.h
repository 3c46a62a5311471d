#pragma once
// Which parts of a text must not be shown, and what stands there instead: an expression, or one of
// the presets (docs/RULES.md, "Redaction").

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/regex.h"
#include "rules/transform.h"

namespace parshall::records {

// Bytes begin … end of a text become `with`.
struct RedactSpan {
  size_t begin = 0;
  size_t end = 0;
  std::string_view with;
};

// Spans of one text, ascending and apart. One thread. Bounded: where a text has more than kSpansMax
// such parts, all of it behind them is one, since showing too little is safe and too much is not.
class RedactSpans {
 public:
  static constexpr size_t kSpansMax = 128;

  RedactSpans() { addresses_.reserve(kSpansMax); }
  void Begin(std::string_view text) {
    text_size_ = text.size();
    spans_.clear();
    addresses_.clear();
  }
  // False: enough.
  bool Add(size_t begin, size_t end, std::string_view with);
  // `with` is copied.
  bool AddAddress(size_t begin, size_t end, const char* with);
  void Finish();  // puts them into order

  bool empty() const { return spans_.empty(); }
  const std::vector<RedactSpan>& list() const { return spans_; }
  std::vector<RedactSpan>& list() { return spans_; }

 private:
  using Address = std::array<char, 48>;
  size_t text_size_ = 0;
  std::vector<RedactSpan> spans_;
  std::vector<Address> addresses_;
};

// Immutable; any thread.
class Redactor {
 public:
  static Result<std::unique_ptr<Redactor>> Make(const rules::TransformSpec& spec);

  // Fills `spans`; their texts are valid until its next use.
  void Find(std::string_view text, RedactSpans* spans) const;
  const rules::TransformSpec& spec() const { return spec_; }

 private:
  Redactor() = default;
  void FindQuerySecrets(std::string_view text, RedactSpans* spans) const;
  void FindUrlPasswords(std::string_view text, RedactSpans* spans) const;
  void FindEmails(std::string_view text, RedactSpans* spans) const;
  void FindCards(std::string_view text, RedactSpans* spans) const;
  void FindAddresses(std::string_view text, RedactSpans* spans) const;
  bool AddIpv4(std::string_view text, size_t begin, size_t end, RedactSpans* spans) const;
  bool AddIpv6(std::string_view text, size_t begin, size_t end, RedactSpans* spans) const;

  rules::TransformSpec spec_;
  std::unique_ptr<Search> search_;
};

}  // namespace parshall::records
