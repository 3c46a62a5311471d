#include "http/negotiate.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace parshall::http {

TEST_CASE("ChooseExposition follows the client's weights") {
  struct Row {
    const char* accept;
    Exposition wanted;
  };
  constexpr Exposition kText = Exposition::kText, kOpen = Exposition::kOpenMetrics,
                       kProto = Exposition::kProtobuf;
  const Row rows[] = {
      {"", kText},
      {"*/*", kText},
      {"text/*", kText},
      {"text/plain", kText},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kText},
      // Prometheus 2.42, 2.50 with created-timestamp parsing, 3.x
      {"application/openmetrics-text;version=1.0.0,application/"
       "openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpen},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
       "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.2",
       kProto},
      {"application/vnd.google.protobuf", kProto},
      {"application/vnd.google.protobuf;encoding=text", kText},
      {"application/vnd.google.protobuf;encoding=\"delimited\";q=0.4,text/plain;q=0.5", kText},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2",
       kOpen},
      // Prometheus before 2.40 asked for OpenMetrics 0.0.1 only
      {"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kText},
      {"application/openmetrics-text", kOpen},
      {"APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", kOpen},
      {"application/openmetrics-text;version=2.0.0", kText},
      {"application/*", kOpen},
      {"application/*;q=0.1, text/*;q=0.2", kText},
      {"application/openmetrics-text;q=0.4,text/plain;q=0.5", kText},
      {"application/openmetrics-text;q=0.5,text/plain;q=0.5", kOpen},  // first in the header
      {"text/plain;q=0.5,application/openmetrics-text;q=0.5", kText},
      {"application/openmetrics-text;q=0", kText},
      {"application/openmetrics-text;q=0,*/*", kText},
      {"text/plain;q=0,*/*", kOpen},
      {"text/plain;q=0", kText},  // nothing left: the plain answer
      {"application/openmetrics-text;q=x", kText},
      {"application/openmetrics-text;q=1.001", kText},
      {"application/openmetrics-text;q=-1", kText},
      {"application/openmetrics-text;q=0.00001", kText},
      {"application/openmetrics-text;q=", kText},
      {"application/openmetrics-text ; q=1.0", kOpen},
      {"application/openmetrics-textx", kText},
      {",;,=;q,\",;", kText},
      {"x;a=\"application/openmetrics-text, text/plain\"", kText},
      {"x;a=\"\\\"\",application/openmetrics-text", kOpen},
      {"\"application/openmetrics-text", kText},
      {"application/", kText},
      {"/*", kText},
      {"*", kText},
  };
  for (const Row& row : rows) {
    INFO(row.accept);
    CHECK((ChooseExposition(row.accept) == kOpen) == (row.wanted == kOpen));
  }
}

TEST_CASE("BestOffer takes the first of equal offers, and the closest range for each") {
  const std::array offers = {MediaType{"text/html", ""}, MediaType{"application/json", ""}};
  CHECK(BestOffer("", offers) == 0);
  CHECK(BestOffer("*/*", offers) == 0);
  CHECK(BestOffer("application/json", offers) == 1);
  CHECK(BestOffer("application/json;version=7", offers) == 1);
  CHECK(BestOffer("*/*;q=0.9, text/html;q=0.1", offers) == 1);
}

TEST_CASE("AcceptsGzip reads weights") {
  struct Row {
    const char* header;
    bool gzip;
  };
  const Row rows[] = {
      {"", false},
      {"gzip", true},
      {"GZIP", true},
      {"x-gzip", true},
      {"gzip, deflate, br", true},
      {"deflate, gzip;q=1.0, *;q=0.5", true},
      {"gzip;q=0", false},
      {"gzip;q=0.000", false},
      {"gzip;q=0.001", true},
      {"gzip; q=0, *", false},
      {"*", true},
      {"*;q=0", false},
      {"identity", false},
      {"identity, gzip", true},
      {"identity;q=1, gzip;q=0.5", false},
      {"identity;q=0.5, gzip;q=0.5", true},
      {"identity;q=0", false},
      {"br", false},
      {"gzipx", false},
      {"gzip;q=nan", false},
  };
  for (const Row& row : rows) {
    INFO(row.header);
    CHECK(AcceptsGzip(row.header) == row.gzip);
  }
}

TEST_CASE("Negotiation survives a header of nothing but separators") {
  for (const char c : {',', ';', '"', '\\', '=', '*', '/', ' '}) {
    const std::string text(8000, c);
    CHECK(ChooseExposition(text) == Exposition::kText);
    CHECK_FALSE(AcceptsGzip(text));
  }
}

}  // namespace parshall::http
