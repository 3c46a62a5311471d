#pragma once
// What is served over HTTP, bound to a run: the table of paths. The only place where http and
// metrics meet.

#include <prometheus/metric_family.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "app/api_explain.h"
#include "app/exposition_body.h"
#include "app/reload.h"
#include "app/run_state.h"
#include "base/result.h"
#include "http/server.h"
#include "pipeline/pipeline.h"

namespace parshall::app {

// The run that the endpoints show. Any thread.
class Exposition {
 public:
  // `state` may be null: none is kept.
  Exposition(pipeline::Pipeline* pipeline, const RunState* state);

  // One moment of everything: as Prometheus text, as a text in parts, as protobuf.
  std::string Text();
  std::shared_ptr<const ExpositionText> InParts(metrics::Dialect dialect);
  std::string Protobuf();
  // The same moment as data, and the program's own series of it.
  pipeline::Pipeline::Moment Take() { return pipeline_->Scrape(); }
  std::vector<prometheus::MetricFamily> OwnFamilies(const pipeline::Pipeline::Moment& moment) const;
  records::UnmatchedLines Unmatched() const { return pipeline_->Unmatched(); }

  // The server's own counts join the exposition once it runs.
  void SetServer(const http::Server* server) { server_ = server; }
  // Before the server runs.
  void SetReloader(Reloader* reloader) { reloader_ = reloader; }
  Reloader* reloader() const { return reloader_; }
  void SetReady(bool ready) { ready_ = ready; }
  bool ready() const { return ready_; }

 private:
  pipeline::Pipeline* pipeline_;
  const RunState* state_;
  Reloader* reloader_ = nullptr;
  std::atomic<const http::Server*> server_{nullptr};
  std::atomic<bool> ready_{false};
};

// Starts serving /metrics, /-/healthy, /-/ready, /-/reload, /api/v1/ and the status page to those
// whom `access` lets in (empty: everybody). `exposition`, and what `access` stands on, outlive the
// server.
Result<std::unique_ptr<http::Server>> StartServer(const std::vector<std::string>& addresses,
                                                  http::AccessSource access, Exposition* exposition,
                                                  std::shared_ptr<ApiExplain> explain);

}  // namespace parshall::app
