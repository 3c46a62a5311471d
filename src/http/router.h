#pragma once
// Which handler answers which path: an exact table. Unknown paths are 404, known paths with another
// method 405 with Allow. HEAD is allowed wherever GET is, and answered by the same handler; the
// server leaves the body away.

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace parshall::http {

// Immutable once it is built; then its Dispatch may be called from any thread as far as its
// handlers may.
class Router {
 public:
  // methods: "GET", or several with commas: "POST,PUT". A path is added once.
  void Add(std::string path, std::string_view methods, Handler handler);

  Response Dispatch(const Request& request) const;

  // For Server::Start. The copy made here is what the server keeps.
  Handler AsHandler() const {
    return [router = *this](const Request& request) { return router.Dispatch(request); };
  }

 private:
  struct Route {
    std::string path;
    std::vector<std::string> methods;
    Handler handler;
  };
  std::vector<Route> routes_;  // a handful: a loop is quicker than a map
};

}  // namespace parshall::http
