#include "http/router.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace parshall::http {

void Router::Add(std::string path, std::string_view methods, Handler handler) {
  assert(std::none_of(routes_.begin(), routes_.end(),
                      [&](const Route& route) { return route.path == path; }));
  Route route{std::move(path), {}, std::move(handler)};
  while (!methods.empty()) {
    const size_t comma = std::min(methods.find(','), methods.size());
    route.methods.emplace_back(methods.substr(0, comma));
    if (route.methods.back() == "GET") route.methods.emplace_back("HEAD");
    methods.remove_prefix(std::min(comma + 1, methods.size()));
  }
  routes_.push_back(std::move(route));
}

Response Router::Dispatch(const Request& request) const {
  for (const Route& route : routes_) {
    if (route.path != request.path) continue;
    std::string allow;
    for (const std::string& method : route.methods) {
      if (method == request.method) return route.handler(request);
      allow += allow.empty() ? method : ", " + method;
    }
    Response response = TextResponse(405, "This path answers " + allow + ".");
    response.headers.push_back({"Allow", std::move(allow)});
    return response;
  }
  return TextResponse(404, "There is nothing at this path.");
}

}  // namespace parshall::http
