// parshall healthcheck: asks a running instance whether it is healthy. For HEALTHCHECK of
// containers that have neither a shell nor curl.

#include <cstdio>
#include <string>

#include "app/commands.h"
#include "app/settings.h"
#include "app/web_config_reader.h"
#include "http/client.h"
#include "http/listener.h"
#include "rules/reader.h"

namespace parshall::app {
namespace {

constexpr int kTimeoutMs = 3000;
constexpr size_t kAnswerBytesMax = size_t{64} << 10;

// Where this machine reaches what listens there: every address is also the loopback one.
Result<std::string> UrlOf(const std::string& listen_address, bool secure) {
  const Result<http::Address> address = http::ParseAddress(listen_address);
  if (!address.ok()) return address.error();
  if (address->kind == http::Address::Kind::kUnix) return "unix:" + address->path;
  std::string host = address->host;
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return (secure ? "https://" : "http://") + host + ":" + std::to_string(address->port);
}

bool UsesTls(const std::string& web_config_file) {
  if (web_config_file.empty()) return false;
  const Result<std::string> text = rules::LoadText(web_config_file);
  return text.ok() && ReadWebConfig(web_config_file, *text).config.tls.has_value();
}

}  // namespace

int HealthcheckCommand(const Options& options, const rules::Config& config) {
  const Result<Settings> settings = MergeSettings(options, config);
  if (!settings.ok()) {
    PrintFaults({settings.error()});
    return kExitWrong;
  }
  http::GetOptions how;
  how.timeout_ms = kTimeoutMs;
  how.body_bytes_max = kAnswerBytesMax;
  how.ca_file = options.url_ca_file.value_or("");
  // A password that is asked for proves that it runs.
  how.refusal_is_fine = true;
  std::string url = options.url.value_or("");
  if (url.empty()) {
    if (settings->listen_addresses.empty()) {
      PrintFaults(
          {Fail("it has no web server that could be asked", options.Where("web.listen-address"))});
      return kExitWrong;
    }
    // Nothing secret is said to oneself, and the certificate hardly names the loopback address.
    how.verify_server = false;
    how.unix_is_secure = UsesTls(settings->web_config_file);
    const Result<std::string> own = UrlOf(settings->listen_addresses[0], how.unix_is_secure);
    if (!own.ok()) {
      PrintFaults({own.error()});
      return kExitWrong;
    }
    url = *own;
  }
  const Result<std::string> answer = http::Get(url, "/-/healthy", how);
  if (!answer.ok()) {
    PrintFaults({answer.error()});
    return kExitFailed;
  }
  std::printf("healthy\n");
  return kExitDone;
}

}  // namespace parshall::app
