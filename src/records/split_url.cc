#include "records/split_url.h"

#include <algorithm>

namespace parshall::records {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool DecodedIs(std::string_view written, std::string_view name) {
  if (written == name) return true;
  size_t at = 0;
  for (size_t i = 0; i < written.size(); ++i, ++at) {
    char c = written[i] == '+' ? ' ' : written[i];
    if (c == '%' && i + 2 < written.size() && HexDigit(written[i + 1]) >= 0 &&
        HexDigit(written[i + 2]) >= 0) {
      c = static_cast<char>(HexDigit(written[i + 1]) * 16 + HexDigit(written[i + 2]));
      i += 2;
    }
    if (at >= name.size() || name[at] != c) return false;
  }
  return at == name.size();
}

bool SchemeByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.';
}

}  // namespace

SplitUrl SplitUrlText(std::string_view url) {
  SplitUrl parts;
  std::string_view rest = url.substr(0, url.find('#'));
  const size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    parts.query = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  // scheme://host, where the scheme is a word (RFC 3986 §3.1): a path may hold :// as well.
  const size_t sign = rest.find("://");
  if (sign != std::string_view::npos && sign > 0 &&
      std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(sign), SchemeByte)) {
    std::string_view authority = rest.substr(sign + 3);
    const size_t slash = std::min(authority.find('/'), authority.size());
    rest = authority.substr(slash);
    authority = authority.substr(0, slash);
    const size_t user = authority.rfind('@');
    parts.host = user == std::string_view::npos ? authority : authority.substr(user + 1);
    if (parts.host.empty()) parts.host = {};
  }
  parts.path = rest;
  return parts;
}

std::string_view QueryParameter(std::string_view query, std::string_view name) {
  for (size_t n = 0; n < kParametersMax && !query.empty(); ++n) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const size_t equals = std::min(pair.find('='), pair.size());
    if (DecodedIs(pair.substr(0, equals), name)) {
      return pair.substr(std::min(equals + 1, pair.size()));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

}  // namespace parshall::records
