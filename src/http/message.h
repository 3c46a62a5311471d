#pragma once
// What a client asked and what it is answered, as plain data. Nothing here knows sockets or Beast;
// server.h moves these to and fro, router.h chooses who answers.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace parshall::http {

class StreamedBody;

// Names compare without regard to case (RFC 9110 §5.1); values are without blanks around them.
struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;           // as sent: "GET"; methods are case-sensitive
  std::string path;             // without query, not percent-decoded: "/metrics"
  std::string query;            // without the '?'
  std::string accept;           // all Accept lines, joined by ", "
  std::string accept_encoding;  // all Accept-Encoding lines, joined by ", "
  std::string body;             // at most ServerOptions::body_bytes_max
  std::vector<Header> headers;  // in the order they came; at most header_bytes_max in all

  // The first header of that name, or nullptr. Valid as long as the request is unchanged.
  const std::string* Find(std::string_view name) const;
  // All headers of that name joined by ", " (RFC 9110 §5.3); empty when there is none.
  std::string Joined(std::string_view name) const;
};

// The server adds Date, Content-Length or Transfer-Encoding, Connection, X-Content-Type-Options:
// nosniff and, unless `headers` says otherwise, Cache-Control: no-store. To HEAD it sends all of
// them and no body.
struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // Instead of `body`: sent in chunks, and to HTTP/1.0 up to the end of the connection.
  std::shared_ptr<const StreamedBody> stream;
  std::string content_encoding;  // "gzip" when the body is; else empty
  std::vector<Header> headers;   // control characters in a value are sent as blanks
};

// A plain text answer: the sentence and a newline.
Response TextResponse(int status, std::string_view sentence);

// Answers one request. Called from a thread of the server, one call at a time
// (ServerOptions::handler_threads).
using Handler = std::function<Response(const Request&)>;

// "Not Found" for 404; "Unknown" for a number that has no name.
std::string_view ReasonPhrase(int status);

// Splits a request target into path and query. Takes origin form ("/metrics?x=1"), absolute form
// ("http://host/metrics", RFC 9112 §3.2.2) and "*". False for anything else, such as CONNECT's
// "host:port".
bool SplitTarget(std::string_view target, std::string* path, std::string* query);

// The status line and the headers with the empty line behind them. http_minor is 0 or 1.
// `unix_seconds` is the moment for Date. `more` headers are added unless the response has them.
std::string ResponseHead(const Response& response, int http_minor, bool keep_alive,
                         int64_t unix_seconds, const std::vector<Header>& more = {});

bool EqualIgnoringCase(std::string_view a, std::string_view b);

}  // namespace parshall::http
