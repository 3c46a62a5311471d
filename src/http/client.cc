#include "http/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace parshall::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;

struct Url {
  bool is_unix = false;
  std::string host;  // or the socket's path
  std::string port = "80";
  std::string path;
};

std::optional<Url> ParseUrl(std::string_view text, const std::string& default_path) {
  Url url;
  url.path = default_path;
  if (text.starts_with("unix:")) {
    url.is_unix = true;
    url.host = text.substr(5);
    if (url.host.empty()) return std::nullopt;
    return url;
  }
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with(kScheme)) text.remove_prefix(kScheme.size());
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (slash + 1 < text.size()) url.path = text.substr(slash);
    text = text.substr(0, slash);
  }
  size_t colon = text.rfind(':');
  if (text.starts_with('[')) {  // an IPv6 address
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    url.host = text.substr(1, close - 1);
    colon = close + 1 < text.size() && text[close + 1] == ':' ? close + 1 : std::string_view::npos;
  } else {
    url.host = text.substr(0, colon);
  }
  if (colon != std::string_view::npos) url.port = text.substr(colon + 1);
  const bool number = !url.port.empty() && url.port.size() <= 5 &&
                      url.port.find_first_not_of("0123456789") == std::string::npos;
  if (url.host.empty() || !number) return std::nullopt;
  return url;
}

// One exchange over a connected stream. All steps share the stream's deadline.
template <typename Stream>
class Exchange {
 public:
  Exchange(Stream stream, const Url& url, const GetOptions& options) : stream_(std::move(stream)) {
    request_.method(wire::verb::get);
    request_.target(url.path);
    request_.version(11);
    request_.set(wire::field::host, url.is_unix ? "localhost" : url.host + ":" + url.port);
    request_.set(wire::field::user_agent, "parshall");
    request_.set(wire::field::connection, "close");
    parser_.body_limit(options.body_bytes_max);
  }

  template <typename Endpoint>
  void Start(const Endpoint& endpoint, int timeout_ms, error_code* failed) {
    failed_ = failed;
    stream_.expires_after(std::chrono::milliseconds(timeout_ms));
    stream_.async_connect(endpoint, [this](error_code error, auto&&...) {
      if (Stop(error)) return;
      wire::async_write(stream_, request_, [this](error_code write_error, size_t) {
        if (Stop(write_error)) return;
        wire::async_read(stream_, buffer_, parser_,
                         [this](error_code read_error, size_t) { Stop(read_error); });
      });
    });
  }

  const wire::response<wire::string_body>& response() const { return parser_.get(); }

 private:
  bool Stop(error_code error) {
    *failed_ = error;
    return static_cast<bool>(error);
  }

  Stream stream_;
  wire::request<wire::empty_body> request_;
  beast::flat_buffer buffer_;
  wire::response_parser<wire::string_body> parser_;
  error_code* failed_ = nullptr;
};

template <typename Stream, typename Endpoint>
Result<std::string> Ask(asio::io_context& context, const Endpoint& endpoint, const Url& url,
                        const GetOptions& options, const std::string& where) {
  Exchange<Stream> exchange(Stream(context), url, options);
  error_code failed;
  exchange.Start(endpoint, options.timeout_ms, &failed);
  context.run();
  if (failed) return Fail("nobody answers: " + failed.message(), where);
  const auto& response = exchange.response();
  if (response.result() != wire::status::ok) {
    return Fail("the answer is " + std::to_string(response.result_int()) + " " +
                    std::string(response.reason()),
                where);
  }
  return response.body();
}

}  // namespace

Result<std::string> Get(const std::string& text, const std::string& default_path,
                        const GetOptions& options) {
  const std::optional<Url> url = ParseUrl(text, default_path);
  if (!url) return Fail("this is no URL; write http://HOST:PORT or unix:/PATH", text);
  try {  // Asio reports most trouble by codes, but not all
    asio::io_context context(1);
    if (url->is_unix) {
      using Local = asio::local::stream_protocol;
      return Ask<beast::basic_stream<Local>>(context, Local::endpoint(url->host), *url, options,
                                             text);
    }
    asio::ip::tcp::resolver resolver(context);
    error_code failed;
    const auto endpoints = resolver.resolve(url->host, url->port, failed);
    if (failed) return Fail("this host is not known: " + failed.message(), text);
    return Ask<beast::tcp_stream>(context, endpoints, *url, options, text);
  } catch (const std::exception& error) {
    return Fail(std::string("cannot ask: ") + error.what(), text);
  }
}

}  // namespace parshall::http
