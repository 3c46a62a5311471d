#pragma once
// Somebody else's text inside of a sentence of ours, on a terminal or in the log: between double
// quotes, with JSON's escapes, so that it is one line of valid UTF-8 and no terminal acts on it.

#include <cstddef>
#include <string>
#include <string_view>

namespace parshall {

// Escaped are quotes, backslashes and all control characters, C1 among them (U+009B begins a
// sequence on some terminals, as ESC [ does); invalid UTF-8 becomes U+FFFD. Only the first
// bytes_max bytes are taken.
void AppendQuoted(std::string_view text, size_t bytes_max, std::string* out);

// For an error: cut after 100 bytes, and then "…" says so.
std::string Quoted(std::string_view text);

}  // namespace parshall
