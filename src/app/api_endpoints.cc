#include "app/api_endpoints.h"

#include "app/api_answers.h"
#include "app/endpoints.h"
#include "app/unmatched.h"
#include "base/gzip.h"
#include "http/negotiate.h"

namespace parshall::app {
namespace {

constexpr auto kAgeMax = std::chrono::milliseconds(900);
constexpr int kGzipLevel = 1;
constexpr size_t kGzipBytesMin = 1024;  // below it, it does not pay

http::Response JsonAnswer(const http::Request& request, const std::string& body) {
  http::Response response;
  response.content_type = "application/json";
  response.headers.push_back({"Vary", "Accept-Encoding"});
  if (body.size() >= kGzipBytesMin && http::AcceptsGzip(request.accept_encoding)) {
    response.body = Gzip(body, kGzipLevel);
    if (!response.body.empty()) {
      response.content_encoding = "gzip";
      return response;
    }
  }
  response.body = body;
  return response;
}

}  // namespace

std::shared_ptr<const ApiBodies> ApiMoments::Latest() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (bodies_ != nullptr && now - taken_ < kAgeMax) return bodies_;
  const pipeline::Pipeline::Moment moment = exposition_->Take();
  const std::vector<prometheus::MetricFamily> own = exposition_->OwnFamilies(moment);
  taken_ = std::chrono::steady_clock::now();
  const ApiMoment at{.moment = moment,
                     .own = own,
                     .uptime_seconds = std::chrono::duration<double>(taken_ - began_).count(),
                     .ready = exposition_->ready()};
  bodies_ = std::make_shared<const ApiBodies>(ApiBodies{.status = StatusJson(at),
                                                        .traffic = TrafficJson(at),
                                                        .sources = SourcesJson(at),
                                                        .rules = RulesJson(at),
                                                        .cardinality = CardinalityJson(at)});
  return bodies_;
}

void AddApi(Exposition* exposition, std::shared_ptr<ApiExplain> explain, http::Router* router) {
  // Shared, since the router is copied.
  auto moments = std::make_shared<ApiMoments>(exposition);
  const auto add = [&](const char* path, std::string ApiBodies::*body) {
    router->Add(path, "GET", [moments, body](const http::Request& request) {
      return JsonAnswer(request, (*moments->Latest()).*body);
    });
  };
  add("/api/v1/status", &ApiBodies::status);
  add("/api/v1/traffic", &ApiBodies::traffic);
  add("/api/v1/sources", &ApiBodies::sources);
  add("/api/v1/rules", &ApiBodies::rules);
  add("/api/v1/cardinality", &ApiBodies::cardinality);
  router->Add(kUnmatchedPath, "GET", [exposition](const http::Request& request) {
    return JsonAnswer(request, UnmatchedJson(exposition->Unmatched()));
  });
  router->Add("/api/v1/explain", "POST",
              [explain = std::move(explain)](const http::Request& request) {
                return explain->Answer(request);
              });
}

}  // namespace parshall::app
