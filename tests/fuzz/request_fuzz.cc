// What clients say: the request as a server logged it, and the target and Accept headers that our
// own server is sent.

#include <string>
#include <vector>

#include "http/message.h"
#include "http/negotiate.h"
#include "records/http_request.h"
#include "tests/fuzz/fuzz.h"

using namespace parshall;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<char> exact(data, data + size);
  const std::string_view text(exact.data(), exact.size());
  records::HttpRequest parts;
  if (records::SplitHttpRequest(text, &parts)) {
    std::string joined = std::string(parts.method) + " " + std::string(parts.path);
    if (!parts.protocol.empty()) joined.append(" ").append(parts.protocol);
    FUZZ_CHECK(joined == text);
    FUZZ_CHECK(!parts.method.empty() && !parts.path.empty());
    FUZZ_CHECK(parts.method.find(' ') == std::string_view::npos);
  }
  std::string path, query;
  if (http::SplitTarget(text, &path, &query)) FUZZ_CHECK(path.find('?') == std::string::npos);
  const http::MediaType offers[] = {{"text/plain", "0.0.4"}, {"text/html", ""}};
  FUZZ_CHECK(http::BestOffer(text, offers) < 2);
  http::ChooseExposition(text);
  http::AcceptsGzip(text);
  return 0;
}
