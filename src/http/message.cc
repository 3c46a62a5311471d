#include "http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace parshall::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Reason {
  int status;
  std::string_view phrase;
};

constexpr std::array kReasons = {
    Reason{200, "OK"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{304, "Not Modified"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{408, "Request Timeout"},
    Reason{411, "Length Required"},
    Reason{413, "Content Too Large"},
    Reason{415, "Unsupported Media Type"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{503, "Service Unavailable"},
};

// RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale.
std::string HttpDate(int64_t unix_seconds) {
  using std::chrono::sys_seconds, std::chrono::seconds, std::chrono::floor, std::chrono::days;
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds moment{seconds{unix_seconds}};
  const auto day = floor<days>(moment);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{moment - day};
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday{day}.c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
      time.seconds().count());
}

// Nobody may end a header line from inside of a value.
void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ");
  for (const char c : value) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out->push_back(control ? ' ' : c);
  }
  out->append("\r\n");
}

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

const std::string* Request::Find(std::string_view name) const {
  for (const Header& header : headers) {
    if (EqualIgnoringCase(header.name, name)) return &header.value;
  }
  return nullptr;
}

std::string Request::Joined(std::string_view name) const {
  std::string joined;
  for (const Header& header : headers) {
    if (!EqualIgnoringCase(header.name, name)) continue;
    if (!joined.empty()) joined += ", ";
    joined += header.value;
  }
  return joined;
}

Response TextResponse(int status, std::string_view sentence) {
  Response response;
  response.status = status;
  response.body.append(sentence).append("\n");
  return response;
}

std::string_view ReasonPhrase(int status) {
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.phrase;
  }
  return "Unknown";
}

bool SplitTarget(std::string_view target, std::string* path, std::string* query) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() ||
        !EqualIgnoringCase(target.substr(0, scheme.size()), scheme)) {
      continue;
    }
    target.remove_prefix(scheme.size());
    const size_t end = target.find_first_of("/?");
    target = end == std::string_view::npos ? std::string_view{"/"} : target.substr(end);
    break;
  }
  if (target.empty() || (target != "*" && target[0] != '/' && target[0] != '?')) return false;
  const size_t mark = target.find('?');
  path->assign(target.substr(0, mark));
  if (path->empty()) *path = "/";
  query->assign(mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1));
  return true;
}

std::string ResponseHead(const Response& response, int http_minor, bool keep_alive,
                         int64_t unix_seconds, const std::vector<Header>& more) {
  std::string head = fmt::format("HTTP/1.{} {} {}\r\n", http_minor, response.status,
                                 ReasonPhrase(response.status));
  AppendHeader("Date", HttpDate(unix_seconds), &head);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) {
    AppendHeader("Content-Type", response.content_type, &head);
    if (!response.content_encoding.empty()) {
      AppendHeader("Content-Encoding", response.content_encoding, &head);
    }
    if (response.stream == nullptr) {
      AppendHeader("Content-Length", fmt::format_int(response.body.size()).c_str(), &head);
    } else if (http_minor > 0) {
      AppendHeader("Transfer-Encoding", "chunked", &head);
    }
  }
  AppendHeader("X-Content-Type-Options", "nosniff", &head);
  bool has_cache_control = false;
  for (const Header& header : response.headers) {
    has_cache_control |= EqualIgnoringCase(header.name, "Cache-Control");
    AppendHeader(header.name, header.value, &head);
  }
  for (const Header& header : more) {
    const bool there =
        EqualIgnoringCase(header.name, "X-Content-Type-Options") ||
        std::any_of(response.headers.begin(), response.headers.end(), [&](const Header& other) {
          return EqualIgnoringCase(other.name, header.name);
        });
    if (!there) AppendHeader(header.name, header.value, &head);
  }
  if (!has_cache_control) AppendHeader("Cache-Control", "no-store", &head);
  // HTTP/1.1 keeps a connection unless told, HTTP/1.0 closes it unless told.
  if (!keep_alive) {
    AppendHeader("Connection", "close", &head);
  } else if (http_minor == 0) {
    AppendHeader("Connection", "keep-alive", &head);
  }
  head += "\r\n";
  return head;
}

}  // namespace parshall::http
