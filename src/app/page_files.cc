#include "app/page_files.h"

#include <memory>
#include <mutex>

#include "base/gzip.h"
#include "http/negotiate.h"

namespace parshall::app {
namespace {

constexpr int kGzipLevel = 9;

// Nothing but our own files, no script or style in line, nobody's frame. Log text may say what it
// likes.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

// A file, and its gzipped form once somebody asked for it. Any thread.
class Served {
 public:
  explicit Served(const PageFile& file) : file_(file) {}

  http::Response Answer(const http::Request& request) {
    http::Response response;
    response.content_type = file_.content_type;
    response.headers = {
        {"Content-Security-Policy", kPolicy},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        // Kept, and asked about each time: a new version is seen at once.
        {"Cache-Control", "no-cache"},
        {"ETag", file_.etag},
        {"Vary", "Accept-Encoding"},
    };
    // RFC 9110 §13.1.2: a list of tags, or any.
    const std::string known = request.Joined("If-None-Match");
    if (known == "*" || known.find(std::string_view(file_.etag).substr(2)) != std::string::npos) {
      response.status = 304;
      return response;
    }
    response.body = file_.text;
    if (http::AcceptsGzip(request.accept_encoding)) {
      std::call_once(once_, [this] { packed_ = Gzip(file_.text, kGzipLevel); });
      if (!packed_.empty()) {
        response.body = packed_;
        response.content_encoding = "gzip";
      }
    }
    return response;
  }

 private:
  const PageFile& file_;
  std::once_flag once_;
  std::string packed_;
};

}  // namespace

std::vector<std::string> AddPage(http::Router* router) {
  std::vector<std::string> paths;
  for (const PageFile& file : PageFiles()) {
    // Shared, since the router is copied.
    auto served = std::make_shared<Served>(file);
    router->Add(file.path, "GET",
                [served](const http::Request& request) { return served->Answer(request); });
    paths.emplace_back(file.path);
  }
  return paths;
}

}  // namespace parshall::app
