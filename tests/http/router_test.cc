#include "http/router.h"

#include <catch2/catch.hpp>

namespace parshall::http {
namespace {

Request Make(std::string method, std::string path) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

Router TwoRoutes() {
  Router router;
  router.Add("/metrics", "GET", [](const Request&) { return TextResponse(200, "m"); });
  router.Add("/-/reload", "POST,PUT", [](const Request&) { return TextResponse(202, "r"); });
  return router;
}

std::string Allow(const Response& response) {
  for (const Header& header : response.headers) {
    if (header.name == "Allow") return header.value;
  }
  return "";
}

}  // namespace

TEST_CASE("Router finds the handler of a path and method") {
  const Handler handler = TwoRoutes().AsHandler();
  CHECK(handler(Make("GET", "/metrics")).body == "m\n");
  CHECK(handler(Make("HEAD", "/metrics")).status == 200);
  CHECK(handler(Make("POST", "/-/reload")).status == 202);
  CHECK(handler(Make("PUT", "/-/reload")).status == 202);
}

TEST_CASE("Router answers 404 to a path that is not exactly one of its own") {
  for (const char* path : {"/", "/metricsfoo", "/metrics/", "//metrics", "/METRICS", "*", ""}) {
    INFO(path);
    CHECK(TwoRoutes().Dispatch(Make("GET", path)).status == 404);
  }
}

TEST_CASE("Router answers 405 with what is allowed") {
  const Response metrics = TwoRoutes().Dispatch(Make("POST", "/metrics"));
  CHECK(metrics.status == 405);
  CHECK(Allow(metrics) == "GET, HEAD");
  const Response reload = TwoRoutes().Dispatch(Make("GET", "/-/reload"));
  CHECK(reload.status == 405);
  CHECK(Allow(reload) == "POST, PUT");
  CHECK(TwoRoutes().Dispatch(Make("get", "/metrics")).status == 405);
}

}  // namespace parshall::http
