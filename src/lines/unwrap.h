#pragma once
// Takes the wrapping of containers and syslog off a line: Docker's json-file, CRI, syslog RFC 3164
// and 5424. What the wrapping said is kept as envelope fields; the payload is what the rules see.
// Which wrapping it is is seen line by line; a line that does not parse as one stays as it is.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace parshall::lines {

// What a wrapping said beside the payload. `name` is a constant of this program, `text` is as it
// stood in the line.
struct EnvelopeField {
  std::string_view name;
  std::string_view text;
};

// The names that envelope fields can have, in the order of docs and help.
inline constexpr std::string_view kStream = "stream";                 // "stdout", "stderr"
inline constexpr std::string_view kContainerTime = "container_time";  // RFC 3339
inline constexpr std::string_view kContainerAttrs =
    "container_attrs";  // a JSON object as it stood; not validated inside
inline constexpr std::string_view kContainerId = "container_id";
inline constexpr std::string_view kContainerName = "container_name";
inline constexpr std::string_view kSyslogTime = "syslog_time";
inline constexpr std::string_view kSyslogHost = "syslog_host";
inline constexpr std::string_view kSyslogApp = "syslog_app";
inline constexpr std::string_view kSyslogPid = "syslog_pid";
inline constexpr std::string_view kSyslogPriority = "syslog_priority";  // the number in < >
inline constexpr std::string_view kSyslogMsgid = "syslog_msgid";
inline constexpr std::string_view kSyslogData = "syslog_data";  // structured data, raw

// The constant above that reads like `name`, or an empty view: for fields that come from a saved
// state.
std::string_view EnvelopeName(std::string_view name);

// A line without its wrapping. All views point into the line or into the Unwrapper and are valid
// until its next Unwrap(). Behind the payload, kPadBytes bytes can be read if they can behind the
// line.
struct Unwrapped {
  static constexpr size_t kFieldsMax = 8;

  std::string_view payload;  // without newline
  bool pieces = false;       // the wrapping splits long lines, so a PartialJoiner must see this
  bool partial = false;      // and this piece is not the last of its line
  uint8_t unwrapper = 0;     // the row of Unwrappers() that knew the wrapping
  uint8_t fields_count = 0;
  std::array<EnvelopeField, kFieldsMax> fields_room;

  std::span<const EnvelopeField> fields() const { return {fields_room.data(), fields_count}; }
  void Add(std::string_view name, std::string_view text) {
    if (fields_count < kFieldsMax) fields_room[fields_count++] = {name, text};
  }
  // The field's text, or an empty view without data when it is not there.
  std::string_view Field(std::string_view name) const;
};

class DockerJson;  // holds the JSON parser

// One wrapping: a row of the table.
struct UnwrapperRow {
  std::string_view name;
  std::string_view help;
  // True when the first bytes make it worth trying; a few nanoseconds.
  bool (*may)(std::string_view line);
  // Fills *out when the line is wrapped like that; else false, and *out may be half filled.
  bool (*unwrap)(std::string_view line, DockerJson& docker, Unwrapped* out);
};

// All wrappings, in the order in which they are tried.
std::span<const UnwrapperRow> Unwrappers();

// One thread. Keeps the JSON parser's memory, about six times its longest Docker line.
class Unwrapper {
 public:
  Unwrapper();
  ~Unwrapper();
  Unwrapper(const Unwrapper&) = delete;
  Unwrapper& operator=(const Unwrapper&) = delete;

  // False: the line is not wrapped, take it as it is. kPadBytes bytes must be readable behind the
  // line. Ordinary access lines and JSON events are told by one table look-up and one or two
  // compares.
  bool Unwrap(std::string_view line, Unwrapped* out) {
    return MayBeWrapped(line) && TryAll(line, out);
  }

  // False for a line that surely has no wrapping.
  static bool MayBeWrapped(std::string_view line) {
    // The farthest byte looked at below; no wrapping is shorter.
    if (line.size() < 13) return false;
    const char* const p = line.data();
    switch (p[0]) {
      case '{':  // {"log":"  {"stream":"  {"attrs":{
        return p[1] == '"' && (p[2] == 'l' || p[2] == 's' || p[2] == 'a');
      case '<':
        return p[1] >= '0' && p[1] <= '9';
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
      case '8':
      case '9':
        return p[10] == 'T' && p[4] == '-' && p[7] == '-';
      case 'J':
      case 'F':
      case 'M':
      case 'A':
      case 'S':
      case 'O':
      case 'N':
      case 'D':  // Mmm dd hh:mm:ss
        return p[3] == ' ' && p[6] == ' ' && p[9] == ':' && p[12] == ':';
      default:
        return false;
    }
  }

 private:
  bool TryAll(std::string_view line, Unwrapped* out);

  std::unique_ptr<DockerJson> docker_;
};

}  // namespace parshall::lines
