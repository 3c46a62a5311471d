#pragma once
// One segment of a URL's path: what kind of thing stands there, when it names one of many.

#include <string>
#include <string_view>

namespace parshall::metrics {

// ":id", ":uuid", ":date", ":hash", ":hex", ":size", ":email", ":ip", ":token" or ":text" for a
// segment that is one, as ":id.html" if an extension follows, "order-:id" if a number of five or
// more digits stands behind a word; else the segment itself, its percent signs decoded. The first
// that fits, in this order:
//   :date   20240131, 2024-01-31 and what follows it
//   :id     digits
//   :uuid   8-4-4-4-12 hex digits
//   :hash   32 or more hex digits; :hex 8 or more with a digit among them
//   :size   640x480
//   :ip     an IPv4 address
//   :email  x@y.z
//   :token  20 or more letters and digits (base64, also of a JWT): upper, lower and three digits,
//   as
//           mixed as no words are
//   :text   bytes that no word of a route has (commas, blanks, not ASCII), or more than 64 bytes
std::string PathSegment(std::string_view raw);

// "2007", and behind it "May" or "may" or "september": `:month` (path_templates knows what is
// behind what).
bool IsYear(std::string_view segment);
bool IsMonthName(std::string_view segment);

// What stands for many: the kinds above, ":any", ":file" and "*". There are few of them, whoever
// sends what.
bool IsPathKind(std::string_view segment);

// What PathSegment() shows of one of many: ":id", ":uuid.jpg", "order-:id".
bool IsShownKind(std::string_view segment);

// Made of letters, digits and ._~+@-: what a literal segment looks like.
bool IsPlainSegment(std::string_view segment);

// "logo.png": a dot inside, and 1 to 5 letters and digits behind it that begin with a letter.
bool HasExtension(std::string_view segment);

}  // namespace parshall::metrics
