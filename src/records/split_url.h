#pragma once
// A URL as it stands in a request line or a referrer, taken apart into views. Nothing is decoded:
// fields are as logged.

#include <cstddef>
#include <string_view>

namespace parshall::records {

// A part that is not there has no data.
struct SplitUrl {
  std::string_view host;   // with its port, without user and password
  std::string_view path;   // never without data if the text has any
  std::string_view query;  // behind the ?, without the fragment
};

SplitUrl SplitUrlText(std::string_view url);

// The text of the first parameter of that name, among the first kParametersMax; without data if
// there is none. Names are compared decoded (%XX, + for a blank), values stay as they are.
inline constexpr size_t kParametersMax = 256;
std::string_view QueryParameter(std::string_view query, std::string_view name);

}  // namespace parshall::records
