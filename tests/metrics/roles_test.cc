#include "metrics/roles.h"

#include <catch2/catch.hpp>

#include "rules/reader.h"

namespace parshall::metrics {
namespace {

Layout LayoutOf(const std::string& metrics) {
  const rules::ReadOutcome read = rules::ReadRules({{"m.yaml", "metrics:\n" + metrics}});
  for (const Error& fault : read.faults) FAIL(fault.ToString());
  REQUIRE(CheckMetrics(read.rules, {}).empty());
  return MakeLayout(read.rules, {});
}

std::string NameOf(const Layout& layout, std::optional<uint32_t> index) {
  return index ? layout.families[*index].name : "none";
}

struct Row {
  const char* name;
  const char* metrics;
  const char* requests;
  const char* size;
  const char* duration;
  double unit;
};

const Row kRows[] = {
    {"nothing fits", "  - {name: jobs_total, kind: counter, help: h, labels: {queue: queue}}\n",
     "none", "none", "none", 1},
    {"the usual names",
     "  - {name: http_requests_total, kind: counter, help: h, event: request, labels: {status: "
     "status}}\n"
     "  - {name: http_response_size_bytes, kind: histogram, help: h, value: size, buckets: [1, "
     "2]}\n"
     "  - {name: http_request_duration_seconds, kind: histogram, help: h, value: duration, "
     "buckets: [1, 2]}\n",
     "http_requests_total", "http_response_size_bytes", "http_request_duration_seconds", 1},
    {"names of one's own, found by their fields",
     "  - {name: shop_hits_total, kind: counter, help: h, labels: {code: status}}\n"
     "  - {name: shop_weight, kind: histogram, help: h, value: size, buckets: [1, 2]}\n"
     "  - {name: shop_wait, kind: histogram, help: h, value: duration, buckets: [1, 2]}\n",
     "shop_hits_total", "shop_weight", "shop_wait", 1},
    {"milliseconds are said by the name",
     "  - {name: latency_milliseconds, kind: histogram, help: h, value: ms, buckets: [1, 2]}\n",
     "none", "none", "latency_milliseconds", 1e-3},
    {"a counter of bytes is no counter of requests",
     "  - {name: bytes_total, kind: counter, help: h, value: size, labels: {status: status}}\n",
     "none", "none", "none", 1},
    {"a histogram with the status stands in for a counter",
     "  - {name: a_seconds, kind: histogram, help: h, value: duration, buckets: [1], labels: "
     "{status: "
     "status}}\n",
     "a_seconds", "none", "a_seconds", 1},
    {"a counter of all requests beats one of some, whatever their names",
     "  - {name: a_total, kind: counter, help: h, when: {method: GET}, labels: {status: status}}\n"
     "  - {name: b_total, kind: counter, help: h, labels: {status: status}}\n",
     "b_total", "none", "none", 1},
    {"requests beat other events, responses beat requests' bodies, the whole beats the upstream",
     "  - {name: a_bytes, kind: histogram, help: h, event: log, value: n, buckets: [1]}\n"
     "  - {name: http_request_size_bytes, kind: histogram, help: h, event: request, value: n, "
     "buckets: [1]}\n"
     "  - {name: http_response_size_bytes, kind: histogram, help: h, event: request, value: n, "
     "buckets: [1]}\n"
     "  - {name: a_upstream_duration_seconds, kind: histogram, help: h, event: request, value: t, "
     "buckets: "
     "[1]}\n"
     "  - {name: z_duration_seconds, kind: histogram, help: h, event: request, value: t, buckets: "
     "[1]}\n",
     "none", "http_response_size_bytes", "z_duration_seconds", 1},
    {"a constant is no status",
     "  - {name: a_total, kind: counter, help: h, labels: {status: {text: up}}}\n", "none", "none",
     "none", 1},
};

}  // namespace

TEST_CASE("FindRoles finds the metrics of traffic by what they are") {
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    const Layout layout = LayoutOf(row.metrics);
    const Roles roles = FindRoles(layout);
    CHECK(NameOf(layout, roles.requests) == row.requests);
    CHECK(NameOf(layout, roles.size) == row.size);
    CHECK(NameOf(layout, roles.duration) == row.duration);
    CHECK(roles.duration_unit_seconds == row.unit);
  }
}

TEST_CASE("FindRoles says by which label the status is shown") {
  const Layout layout = LayoutOf(
      "  - {name: hits_total, kind: counter, help: h, labels: {verb: method, answer: status}}\n");
  CHECK(FindRoles(layout).status_label == "answer");
}

}  // namespace parshall::metrics
