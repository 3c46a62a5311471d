#include "lines/syslog.h"

#include <algorithm>
#include <array>

#include "base/timestamp.h"

namespace parshall::lines {
namespace {

constexpr size_t kTagBytesMax = 64;   // RFC 3164 says 32, RFC 5424 48; systemd units are longer
constexpr size_t kPidBytesMax = 128;  // RFC 5424 §6: PROCID
constexpr size_t kHostBytesMax = 255;
constexpr size_t kBsdTimeSize = 15;  // "Nov 21 09:37:22"

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsPrint(char c) { return c > ' ' && c < '\x7F'; }
constexpr bool IsAlnum(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Takes "<0>" … "<191>" off the front (RFC 5424 §6.2.1: no leading zeros).
bool TakePriority(std::string_view* rest, std::string_view* priority) {
  if (rest->size() < 3 || rest->front() != '<') return false;
  size_t at = 1;
  unsigned value = 0;
  while (at < 4 && at < rest->size() && IsDigit((*rest)[at])) {
    value = value * 10 + static_cast<unsigned>((*rest)[at++] - '0');
  }
  if (at == 1 || at == rest->size() || (*rest)[at] != '>' || value > 191) return false;
  if (at > 2 && (*rest)[1] == '0') return false;
  *priority = rest->substr(1, at - 1);
  rest->remove_prefix(at + 1);
  return true;
}

// Takes the bytes before the next blank, and the blank.
bool TakeToken(std::string_view* rest, std::string_view* token) {
  const size_t blank = rest->find(' ');
  if (blank == std::string_view::npos || blank == 0) return false;
  *token = rest->substr(0, blank);
  rest->remove_prefix(blank + 1);
  return true;
}

// "Nov 21 09:37:22", "Nov  1 09:37:22": a real time of some (leap) year.
bool IsBsdTime(std::string_view text) {
  if (text[3] != ' ' || text[6] != ' ') return false;
  std::array<char, 20> clf = {'0', '1', '/', 'J', 'a', 'n', '/', '2', '0', '2', '4', ':'};
  clf[0] = text[4] == ' ' ? '0' : text[4];
  clf[1] = text[5];
  std::copy_n(text.data(), 3, clf.begin() + 3);
  std::copy_n(text.data() + 7, 8, clf.begin() + 12);
  // Names of months are written "Nov" in syslog, never "NOV".
  if (text[1] < 'a' || text[2] < 'a') return false;
  Moment moment;
  return ParseClf({clf.data(), clf.size()}, &moment);
}

bool TakeBsdTime(std::string_view* rest, std::string_view* time) {
  if (rest->size() <= kBsdTimeSize || (*rest)[kBsdTimeSize] != ' ') return false;
  if (!IsBsdTime(rest->substr(0, kBsdTimeSize))) return false;
  *time = rest->substr(0, kBsdTimeSize);
  rest->remove_prefix(kBsdTimeSize + 1);
  return true;
}

bool TakeIsoTime(std::string_view* rest, std::string_view* time) {
  std::string_view after = *rest;
  Moment moment;
  if (!TakeToken(&after, time) || time->size() < 20 || (*time)[10] != 'T' ||
      !ParseRfc3339(*time, &moment)) {
    return false;
  }
  *rest = after;
  return true;
}

bool IsHost(std::string_view host) {
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return IsAlnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
         });
}

// Takes "tag:" or "tag[pid]:" and one blank behind it.
bool TakeTag(std::string_view* rest, std::string_view* app, std::string_view* pid) {
  size_t at = 0;
  while (at < rest->size() && at <= kTagBytesMax && IsPrint((*rest)[at]) && (*rest)[at] != ':' &&
         (*rest)[at] != '[') {
    ++at;
  }
  if (at == 0 || at > kTagBytesMax || at == rest->size()) return false;
  *app = rest->substr(0, at);
  *pid = {};
  if ((*rest)[at] == '[') {
    const size_t close = rest->substr(0, at + 2 + kPidBytesMax).find(']', at);
    if (close == std::string_view::npos || close == at + 1) return false;
    *pid = rest->substr(at + 1, close - at - 1);
    if (!std::all_of(pid->begin(), pid->end(), IsPrint)) return false;
    at = close + 1;
  }
  if (at >= rest->size() || (*rest)[at] != ':') return false;
  rest->remove_prefix(at + 1);
  if (rest->empty()) return true;
  if (rest->front() != ' ') return false;  // "12:34" or "http://": no tag
  rest->remove_prefix(1);
  return true;
}

void AddIfThere(std::string_view name, std::string_view text, Unwrapped* out) {
  if (!text.empty()) out->Add(name, text);
}

// RFC 5424 header fields are "-" when there is nothing to say.
void AddUnlessNil(std::string_view name, std::string_view text, Unwrapped* out) {
  if (text != "-") out->Add(name, text);
}

// [host] tag[pid]: text, behind a time. A host that is missing is allowed only behind a priority.
bool UnwrapHostAndTag(std::string_view rest, bool host_required, Unwrapped* out) {
  std::string_view host;
  std::string_view app;
  std::string_view pid;
  std::string_view after = rest;
  // "nginx:" in the place of the host is the tag: nginx and HAProxy leave the host out over UDP
  // when told to.
  if (TakeToken(&after, &host) && IsHost(host) && !host.ends_with(':') &&
      TakeTag(&after, &app, &pid)) {
    AddIfThere(kSyslogHost, host, out);
  } else {
    after = rest;
    if (host_required || !TakeTag(&after, &app, &pid)) return false;
  }
  out->Add(kSyslogApp, app);
  AddIfThere(kSyslogPid, pid, out);
  out->payload = after;
  return true;
}

// The size of "-" or "[id name=\"value\" …][…]" at the front (RFC 5424 §6.3), 0 when it is neither.
size_t StructuredDataSize(std::string_view rest) {
  if (rest.starts_with('-')) return 1;
  size_t at = 0;
  while (at < rest.size() && rest[at] == '[') {
    bool quoted = false;
    for (++at; at < rest.size(); ++at) {
      const char c = rest[at];
      if (quoted && c == '\\' && at + 1 < rest.size()) {
        ++at;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ']' && !quoted) {
        break;
      }
    }
    if (at >= rest.size()) return 0;
    ++at;
  }
  return at;
}

// Behind "<pri>1 ".
bool Unwrap5424(std::string_view rest, Unwrapped* out) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string_view time;
  std::string_view host;
  std::string_view app;
  std::string_view pid;
  std::string_view msgid;
  if (!TakeToken(&rest, &time) || !TakeToken(&rest, &host) || !TakeToken(&rest, &app) ||
      !TakeToken(&rest, &pid) || !TakeToken(&rest, &msgid)) {
    return false;
  }
  Moment moment;
  if (time != "-" && !ParseRfc3339(time, &moment)) return false;
  const size_t data_size = StructuredDataSize(rest);
  if (data_size == 0) return false;
  const std::string_view data = rest.substr(0, data_size);
  rest.remove_prefix(data_size);
  if (!rest.empty()) {
    if (rest.front() != ' ') return false;
    rest.remove_prefix(1);
    if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  }
  AddUnlessNil(kSyslogTime, time, out);
  AddUnlessNil(kSyslogHost, host, out);
  AddUnlessNil(kSyslogApp, app, out);
  AddUnlessNil(kSyslogPid, pid, out);
  AddUnlessNil(kSyslogMsgid, msgid, out);
  AddUnlessNil(kSyslogData, data, out);
  out->payload = rest;
  return true;
}

// "2026-11-21T09:37:22.123456+00:00", as rsyslog writes it and few others.
bool IsRsyslogTime(std::string_view time) {
  return time.size() == 32 && time[19] == '.' && (time[26] == '+' || time[26] == '-') &&
         time[29] == ':';
}

// "2026-11-21T09:37:22.123456+00:00 INFO app: …" is an application's own line.
bool IsLevel(std::string_view word) {
  constexpr std::array<std::string_view, 17> kLevels = {
      "trace", "debug", "info",   "notice", "warn",  "warning", "error", "err",      "critical",
      "crit",  "fatal", "severe", "alert",  "emerg", "panic",   "fine",  "emergency"};
  return std::any_of(kLevels.begin(), kLevels.end(), [word](std::string_view level) {
    return word.size() == level.size() &&
           std::equal(word.begin(), word.end(), level.begin(),
                      [](char a, char b) { return (a | 0x20) == b; });
  });
}

}  // namespace

bool MayBeSyslog(std::string_view line) {
  return line.size() > 4 && line[0] == '<' && IsDigit(line[1]) &&
         (line[2] == '>' || line[3] == '>' || line[4] == '>');
}

bool UnwrapSyslog(std::string_view line, Unwrapped* out) {
  std::string_view rest = line;
  std::string_view priority;
  if (!TakePriority(&rest, &priority)) return false;
  out->Add(kSyslogPriority, priority);
  if (rest.starts_with("1 ")) return Unwrap5424(rest.substr(2), out);
  std::string_view time;
  if (!TakeBsdTime(&rest, &time) && !TakeIsoTime(&rest, &time)) return false;
  out->Add(kSyslogTime, time);
  return UnwrapHostAndTag(rest, /*host_required=*/false, out);
}

bool MayBeSyslogFile(std::string_view line) {
  if (line.size() < kBsdTimeSize + 1) return false;
  if (IsDigit(line[0]))
    return line.size() > 32 && line[32] == ' ' && IsRsyslogTime(line.substr(0, 32));
  return line[3] == ' ' && line[6] == ' ' && line[9] == ':' && line[12] == ':' &&
         line[kBsdTimeSize] == ' ';
}

bool UnwrapSyslogFile(std::string_view line, Unwrapped* out) {
  std::string_view rest = line;
  std::string_view time;
  if (IsDigit(line[0])) {
    if (!TakeIsoTime(&rest, &time) || !IsRsyslogTime(time)) return false;
  } else if (!TakeBsdTime(&rest, &time)) {
    return false;
  }
  out->Add(kSyslogTime, time);
  return UnwrapHostAndTag(rest, /*host_required=*/true, out) && !IsLevel(out->Field(kSyslogHost));
}

}  // namespace parshall::lines
