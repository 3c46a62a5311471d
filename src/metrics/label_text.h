#pragma once
// The text of labels and HELP as an exposition wants it: valid UTF-8, bounded, escaped.
// Log lines are hostile: what stands in a label may be any bytes.

#include <cstddef>
#include <string>
#include <string_view>

namespace parshall::metrics {

// A longer label value is cut at a character's border: it would only burden whoever stores the
// series.
inline constexpr size_t kLabelBytesMax = 1024;

// What a label shows for `raw`: invalid bytes become U+FFFD (one for each maximal subpart, Unicode
// 15 §3.9), and no more than kLabelBytesMax bytes are kept. Returns a view of `raw` when nothing
// had to change, else of *scratch; valid as long as both are.
std::string_view LabelValue(std::string_view raw, std::string* scratch);

// Appends name="value", escaped; a comma first unless *out is empty. `value` must be valid UTF-8.
void AppendLabel(std::string_view name, std::string_view value, std::string* out);

// Appends `text` as it stands between the quotes of a label.
void AppendLabelEscaped(std::string_view text, std::string* out);

// Calls each(name, escaped value) for the labels of a text that AppendLabel() made.
template <typename Each>
void ForEachLabel(std::string_view labels, Each each) {
  while (!labels.empty()) {
    const size_t equals = labels.find('=');
    size_t end = equals + 2;
    while (labels[end] != '"') end += labels[end] == '\\' ? 2 : 1;
    each(labels.substr(0, equals), labels.substr(equals + 2, end - equals - 2));
    labels.remove_prefix(end + 1);
    if (!labels.empty()) labels.remove_prefix(1);  // the comma
  }
}

// Undoes AppendLabelEscaped().
std::string UnescapeLabel(std::string_view escaped);

// Appends `text` for a # HELP line: backslashes and newlines escaped, and quotes too for
// OpenMetrics. Invalid UTF-8 is repaired.
void AppendHelp(std::string_view text, bool quotes, std::string* out);

// A metric name ([a-zA-Z_:][a-zA-Z0-9_:]*) and a label name (no colons, no leading "__").
bool IsMetricName(std::string_view name);
bool IsLabelName(std::string_view name);

}  // namespace parshall::metrics
