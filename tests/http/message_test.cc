#include "http/message.h"

#include <catch2/catch.hpp>

namespace parshall::http {

TEST_CASE("SplitTarget takes the forms a client may send") {
  struct Row {
    const char* target;
    bool ok;
    const char* path;
    const char* query;
  };
  const Row rows[] = {
      {"/", true, "/", ""},
      {"/metrics", true, "/metrics", ""},
      {"/metrics?a=b&c", true, "/metrics", "a=b&c"},
      {"/a?b?c", true, "/a", "b?c"},
      {"?x", true, "/", "x"},
      {"*", true, "*", ""},
      {"http://host:80/metrics?x", true, "/metrics", "x"},
      {"HTTP://host", true, "/", ""},
      {"http://host?x", true, "/", "x"},
      {"https://[::1]/m", true, "/m", ""},
      {"//metrics", true, "//metrics", ""},
      {"/%2e%2e/", true, "/%2e%2e/", ""},
      {"host:443", false, "", ""},
      {"metrics", false, "", ""},
      {"", false, "", ""},
      {"*x", false, "", ""},
  };
  for (const Row& row : rows) {
    INFO(row.target);
    std::string path, query;
    CHECK(SplitTarget(row.target, &path, &query) == row.ok);
    CHECK(path == row.path);
    CHECK(query == row.query);
  }
}

TEST_CASE("Request finds headers without regard to case and joins repeated ones") {
  Request request;
  request.headers = {{"Accept", "a"}, {"X-Other", "z"}, {"aCCEPT", "b;q=0.5"}};
  REQUIRE(request.Find("x-other") != nullptr);
  CHECK(*request.Find("x-other") == "z");
  CHECK(*request.Find("ACCEPT") == "a");
  CHECK(request.Find("x-othe") == nullptr);
  CHECK(request.Joined("accept") == "a, b;q=0.5");
  CHECK(request.Joined("nothing").empty());
}

TEST_CASE("ResponseHead is the exact text of RFC 9112") {
  Response response = TextResponse(200, "ok");
  response.headers.push_back({"X-Y", "z"});
  CHECK(ResponseHead(response, 1, true, 784111777) ==
        "HTTP/1.1 200 OK\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 3\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "X-Y: z\r\n"
        "Cache-Control: no-store\r\n"
        "\r\n");
}

TEST_CASE("ResponseHead says how the connection goes on") {
  const Response response;
  CHECK(ResponseHead(response, 1, true, 0).find("Connection") == std::string::npos);
  CHECK(ResponseHead(response, 1, false, 0).find("\r\nConnection: close\r\n") != std::string::npos);
  const std::string old_kept = ResponseHead(response, 0, true, 0);
  CHECK(old_kept.starts_with("HTTP/1.0 200 OK\r\n"));
  CHECK(old_kept.find("\r\nConnection: keep-alive\r\n") != std::string::npos);
}

TEST_CASE("ResponseHead lets no value end its line and no handler's Cache-Control be doubled") {
  Response response;
  response.headers = {{"Location", "/a\r\nSet-Cookie: b"}, {"cache-control", "max-age=1"}};
  response.content_encoding = "gzip";
  const std::string head = ResponseHead(response, 1, true, 0);
  CHECK(head.find("\r\nLocation: /a  Set-Cookie: b\r\n") != std::string::npos);
  CHECK(head.find("\r\nContent-Encoding: gzip\r\n") != std::string::npos);
  CHECK(head.find("no-store") == std::string::npos);
  CHECK(head.find("\r\ncache-control: max-age=1\r\n") != std::string::npos);
}

TEST_CASE("ResponseHead gives a response without body no length") {
  Response response;
  response.status = 204;
  const std::string head = ResponseHead(response, 1, true, 0);
  CHECK(head.starts_with("HTTP/1.1 204 No Content\r\n"));
  CHECK(head.find("Content-") == head.find("Content-Type-Options"));
}

TEST_CASE("ReasonPhrase has a word for an odd status") {
  CHECK(ReasonPhrase(431) == "Request Header Fields Too Large");
  CHECK(ReasonPhrase(299) == "Unknown");
}

}  // namespace parshall::http
