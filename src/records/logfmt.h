#pragma once
// logfmt: level=info msg="it works" took=1.5 ok — as Go's loggers, Heroku and Grafana write it.

#include <string_view>
#include <vector>

namespace parshall::records {

// The JSON event that says the same as the line, in `room`, with kPaddingBytes behind it; empty
// when the line is not logfmt. It is, when it begins with key=, and all of it is pairs and bare
// words. A bare value that is a plain decimal number or true or false is that, other values are
// texts, a word without = is true. Keys are letters, digits and _ - . / @ and begin with a letter
// or _ @.
std::string_view LogfmtToJson(std::string_view line, std::vector<char>* room);

}  // namespace parshall::records
