#include "http/client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>  // asio 1.74 uses std::exchange without including it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "http/basic_auth.h"

namespace parshall::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;

struct Url {
  bool is_unix = false;
  bool secure = false;
  std::string host;  // or the socket's path
  std::string port;
  std::string path;
  std::optional<Credentials> credentials;
  std::string shown;  // without the password
};

// %41 → A; nothing when what follows a % is no hexadecimal number.
std::optional<std::string> PercentDecoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = digit(text[i + 1]), low = digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// "user:password", in front of the host.
bool ReadCredentials(std::string_view text, Url* url) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::optional<std::string> user = PercentDecoded(text.substr(0, colon));
  const std::optional<std::string> password = PercentDecoded(text.substr(colon + 1));
  if (!user || !password) return false;
  url->credentials = Credentials{*user, *password};
  return true;
}

std::optional<Url> ParseUrl(std::string_view text, const std::string& default_path) {
  Url url;
  url.path = default_path;
  url.shown = text;
  if (text.starts_with("unix:")) {
    url.is_unix = true;
    url.host = text.substr(5);
    if (url.host.empty()) return std::nullopt;
    return url;
  }
  std::string_view scheme = "http://";
  url.secure = text.starts_with("https://");
  if (url.secure) scheme = "https://";
  url.port = url.secure ? "443" : "80";
  if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  const size_t at = text.substr(0, text.find('/')).rfind('@');
  if (at != std::string_view::npos) {
    if (!ReadCredentials(text.substr(0, at), &url)) return std::nullopt;
    text.remove_prefix(at + 1);
    url.shown = std::string(scheme).append(text);
  }
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

// Everything about TLS but the wire. A context of its own for each exchange: there is but one.
Result<std::unique_ptr<asio::ssl::context>> MakeContext(const GetOptions& options) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  if (!options.verify_server) return context;
  context->set_verify_mode(asio::ssl::verify_peer);
  error_code failed;
  if (options.ca_file.empty()) {
    context->set_default_verify_paths(failed);
  } else {
    context->load_verify_file(options.ca_file, failed);
  }
  if (failed) return Fail("there are no certificates to be read here", options.ca_file);
  return context;
}

// One exchange over a connected stream. All steps share the stream's deadline.
template <typename Plain>
class Exchange {
 public:
  // `context` is null for plain HTTP, and outlives this.
  Exchange(Plain stream, asio::ssl::context* context, const Url& url, const GetOptions& options)
      : plain_(std::move(stream)) {
    request_.method(wire::verb::get);
    request_.target(url.path);
    request_.version(11);
    request_.set(wire::field::host, url.is_unix ? "localhost" : url.host + ":" + url.port);
    request_.set(wire::field::user_agent, "parshall");
    request_.set(wire::field::connection, "close");
    if (url.credentials) {
      request_.set(wire::field::authorization, BasicAuthHeader(*url.credentials));
    }
    parser_.body_limit(options.body_bytes_max);
    if (context == nullptr) return;
    secure_.emplace(plain_, *context);
    // What SSL_set_tlsext_host_name does, with a cast of C.
    SSL_ctrl(secure_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(url.host.c_str()));
    if (options.verify_server) {
      secure_->set_verify_callback(asio::ssl::host_name_verification(url.host));
    }
  }

  template <typename Endpoint>
  void Start(const Endpoint& endpoint, int timeout_ms, error_code* failed) {
    failed_ = failed;
    plain_.expires_after(std::chrono::milliseconds(timeout_ms));
    plain_.async_connect(endpoint, [this](error_code error, auto&&...) {
      if (Stop(error)) return;
      if (!secure_) return Ask(plain_);
      secure_->async_handshake(asio::ssl::stream_base::client, [this](error_code refused) {
        if (!Stop(refused)) Ask(*secure_);
      });
    });
  }

  const wire::response<wire::string_body>& response() const { return parser_.get(); }

 private:
  template <typename Stream>
  void Ask(Stream& stream) {
    wire::async_write(stream, request_, [this, &stream](error_code write_error, size_t) {
      if (Stop(write_error)) return;
      wire::async_read(stream, buffer_, parser_,
                       [this](error_code read_error, size_t) { Stop(read_error); });
    });
  }

  bool Stop(error_code error) {
    *failed_ = error;
    return static_cast<bool>(error);
  }

  Plain plain_;
  std::optional<asio::ssl::stream<Plain&>> secure_;
  wire::request<wire::empty_body> request_;
  beast::flat_buffer buffer_;
  wire::response_parser<wire::string_body> parser_;
  error_code* failed_ = nullptr;
};

// Whether the server wants a certificate and got none (TLS 1.3 and 1.2 say it differently).
bool WantsCertificate(const error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  return reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED ||
         reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE;
}

template <typename Stream, typename Endpoint>
Result<std::string> Ask(asio::io_context& context, const Endpoint& endpoint, const Url& url,
                        const GetOptions& options) {
  std::unique_ptr<asio::ssl::context> tls;
  if (url.secure || (url.is_unix && options.unix_is_secure)) {
    Result<std::unique_ptr<asio::ssl::context>> made = MakeContext(options);
    if (!made) return made.error();
    tls = std::move(*made);
  }
  Exchange<Stream> exchange(Stream(context), tls.get(), url, options);
  error_code failed;
  exchange.Start(endpoint, options.timeout_ms, &failed);
  context.run();
  if (failed && options.refusal_is_fine && WantsCertificate(failed)) return std::string();
  if (failed) return Fail("nobody answers: " + failed.message(), url.shown);
  const auto& response = exchange.response();
  if (response.result() == wire::status::unauthorized && options.refusal_is_fine) {
    return std::string();
  }
  if (response.result() != wire::status::ok) {
    return Fail("the answer is " + std::to_string(response.result_int()) + " " +
                    std::string(response.reason()),
                url.shown);
  }
  return response.body();
}

}  // namespace

Result<std::string> Get(const std::string& text, const std::string& default_path,
                        const GetOptions& options) {
  const std::optional<Url> url = ParseUrl(text, default_path);
  if (!url) {
    // Not repeated: it may hold a password.
    return Fail("this is no URL; write http[s]://[USER:PASSWORD@]HOST:PORT or unix:/PATH", "--url");
  }
  try {  // Asio reports most trouble by codes, but not all
    asio::io_context context(1);
    if (url->is_unix) {
      using Local = asio::local::stream_protocol;
      return Ask<beast::basic_stream<Local>>(context, Local::endpoint(url->host), *url, options);
    }
    asio::ip::tcp::resolver resolver(context);
    error_code failed;
    const auto endpoints = resolver.resolve(url->host, url->port, failed);
    if (failed) return Fail("this host is not known: " + failed.message(), url->shown);
    return Ask<beast::tcp_stream>(context, endpoints, *url, options);
  } catch (const std::exception& error) {
    return Fail(std::string("cannot ask: ") + error.what(), url->shown);
  }
}

}  // namespace parshall::http
