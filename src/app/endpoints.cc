#include "app/endpoints.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <mutex>

#include "app/api_endpoints.h"
#include "app/page_files.h"
#include "app/version.h"
#include "http/negotiate.h"
#include "http/router.h"
#include "metrics/openmetrics.h"
#include "metrics/own_families.h"
#include "metrics/process_metrics.h"
#include "metrics/protobuf_format.h"
#include "metrics/text_format.h"
#include "pipeline/publish.h"

namespace parshall::app {
namespace {

// Facts that never change while the program runs.
const prometheus::Registry& BuildRegistry() {
  static const std::unique_ptr<prometheus::Registry> registry = [] {
    auto made = std::make_unique<prometheus::Registry>();
    prometheus::BuildGauge()
        .Name("parshall_build_info")
        .Help("The version of this program; the value is 1.")
        .Labels({{"version", kVersion}, {"compiler", kCompiler}})
        .Register(*made)
        .Add({})
        .Set(1);
    return made;
  }();
  return *registry;
}

void AddCounter(const char* name, const char* help, uint64_t value,
                std::vector<prometheus::MetricFamily>* out) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Counter;
  family.metric.emplace_back();
  family.metric.back().counter.value = static_cast<double>(value);
  out->push_back(std::move(family));
}

void Append(std::vector<prometheus::MetricFamily> from,
            std::vector<prometheus::MetricFamily>* into) {
  into->insert(into->end(), std::make_move_iterator(from.begin()),
               std::make_move_iterator(from.end()));
}

}  // namespace

Exposition::Exposition(pipeline::Pipeline* pipeline, const RunState* state)
    : pipeline_(pipeline), state_(state) {}

std::vector<prometheus::MetricFamily> Exposition::OwnFamilies(
    const pipeline::Pipeline::Moment& moment) const {
  std::vector<prometheus::MetricFamily> own = BuildRegistry().Collect();
  Append(pipeline::LedgerFamilies(moment.ledger), &own);
  Append(metrics::MeterFamilies(moment.snapshot), &own);
  if (state_ != nullptr) Append(state_->Families(), &own);
  if (reloader_ != nullptr) Append(reloader_->Families(moment.ledger.config_hash), &own);
  Append(metrics::ProcessMetrics(), &own);
  if (const http::Server* server = server_.load()) {
    const http::ServerTally tally = server->tally();
    AddCounter("parshall_http_requests_total", "HTTP requests answered, in whatever way.",
               tally.requests, &own);
    AddCounter("parshall_http_requests_refused_total",
               "HTTP requests that were malformed, too large, or one too many.",
               tally.requests_bad + tally.requests_busy, &own);
    AddCounter("parshall_http_requests_denied_total",
               "HTTP requests without a right password, or beyond the rate limit.",
               tally.requests_denied, &own);
    AddCounter("parshall_http_tls_handshakes_failed_total",
               "TLS handshakes that failed, for want of a certificate or otherwise.",
               tally.handshakes_failed, &own);
    AddCounter("parshall_http_connections_total", "Connections accepted.",
               tally.connections_accepted, &own);
    AddCounter("parshall_http_connections_closed_early_total",
               "Connections refused, timed out or closed for others.",
               tally.connections_refused + tally.connections_timed_out + tally.connections_evicted,
               &own);
  }
  return own;
}

std::string Exposition::Text() {
  const pipeline::Pipeline::Moment moment = pipeline_->Scrape();
  std::string body;
  metrics::AppendText(moment.snapshot, OwnFamilies(moment), &body);
  return body;
}

std::shared_ptr<const ExpositionText> Exposition::InParts(metrics::Dialect dialect) {
  auto moment = std::make_shared<const pipeline::Pipeline::Moment>(pipeline_->Scrape());
  std::vector<prometheus::MetricFamily> own = OwnFamilies(*moment);
  return std::make_shared<const ExpositionText>(std::move(moment), std::move(own), dialect);
}

std::string Exposition::Protobuf() {
  const pipeline::Pipeline::Moment moment = pipeline_->Scrape();
  std::string body;
  metrics::AppendProtobuf(moment.snapshot, OwnFamilies(moment), &body);
  return body;
}

Result<std::unique_ptr<http::Server>> StartServer(const std::vector<std::string>& addresses,
                                                  http::AccessSource access, Exposition* exposition,
                                                  std::shared_ptr<ApiExplain> explain) {
  http::Router router;
  // One moment at a time, and one body that is made as a whole. Shared, since the router is copied.
  auto making = std::make_shared<std::mutex>();
  router.Add("/metrics", "GET", [exposition, making](const http::Request& request) {
    const std::lock_guard<std::mutex> alone(*making);
    const bool gzip = http::AcceptsGzip(request.accept_encoding);
    http::Response response;
    response.headers.push_back({"Vary", "Accept, Accept-Encoding"});
    switch (http::ChooseExposition(request.accept)) {
      case http::Exposition::kText:
        response.content_type = metrics::kTextContentType;
        SetBody(exposition->InParts(metrics::Dialect::kText), gzip, &response);
        break;
      case http::Exposition::kOpenMetrics:
        response.content_type = metrics::kOpenMetricsContentType;
        SetBody(exposition->InParts(metrics::Dialect::kOpenMetrics), gzip, &response);
        break;
      case http::Exposition::kProtobuf:
        // Its messages begin with their lengths: it is made as a whole.
        response.content_type = metrics::kProtobufContentType;
        response.body = exposition->Protobuf();
        if (gzip) GzipBody(&response);
        break;
    }
    return response;
  });
  AddApi(exposition, std::move(explain), &router);
  router.Add("/-/healthy", "GET",
             [](const http::Request&) { return http::TextResponse(200, "parshall is healthy."); });
  router.Add("/-/ready", "GET", [exposition](const http::Request&) {
    return exposition->ready() ? http::TextResponse(200, "parshall is ready.")
                               : http::TextResponse(503, "parshall is starting or stopping.");
  });
  router.Add("/-/reload", "POST,PUT", [exposition](const http::Request&) {
    Reloader* const reloader = exposition->reloader();
    if (reloader == nullptr || !reloader->lifecycle()) {
      return http::TextResponse(403,
                                "Reloading over HTTP is off. Start parshall with "
                                "--web.enable-lifecycle, or send it SIGHUP.");
    }
    Reloader::Outcome outcome = reloader->Reload("POST /-/reload");
    http::Response response;
    response.status = outcome.status;
    response.body = std::move(outcome.text);
    return response;
  });
  http::ServerOptions options;
  options.addresses = addresses;
  options.access = std::move(access);
  // A scrape depends on its format and its packing, and on nothing else that was asked.
  options.share_key = [](const http::Request& request) -> std::string {
    if (request.path != "/metrics" || (request.method != "GET" && request.method != "HEAD")) {
      return {};
    }
    const auto format = static_cast<int>(http::ChooseExposition(request.accept));
    const bool packed = http::AcceptsGzip(request.accept_encoding);
    return std::to_string(format) + (packed ? "gzip" : "plain");
  };
  options.quick_paths = AddPage(&router);
  for (const char* path : {"/-/healthy", "/-/ready"}) options.quick_paths.emplace_back(path);
  // One for scrapes while one explains a line and one reloads.
  options.handler_threads = 3;
  return http::Server::Start(std::move(options), router.AsHandler());
}

}  // namespace parshall::app
