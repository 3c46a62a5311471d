#pragma once
// The routes below /api/v1/: what the status page shows, for anybody. All but explain read one
// moment that is at most a second old, so that any number of pages costs the run no more than one.

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "app/api_explain.h"
#include "http/router.h"

namespace parshall::app {

class Exposition;

// The answers of one moment.
struct ApiBodies {
  std::string status;
  std::string traffic;
  std::string sources;
  std::string rules;
  std::string cardinality;
};

// Any thread.
class ApiMoments {
 public:
  explicit ApiMoments(Exposition* exposition) : exposition_(exposition) {}

  std::shared_ptr<const ApiBodies> Latest();

 private:
  Exposition* const exposition_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::shared_ptr<const ApiBodies> bodies_;
  std::chrono::steady_clock::time_point taken_;
};

// `exposition` outlives the router's copies; `explain` is kept by them.
void AddApi(Exposition* exposition, std::shared_ptr<ApiExplain> explain, http::Router* router);

}  // namespace parshall::app
