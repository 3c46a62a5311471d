#include "app/web_config_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/quoted.h"
#include "base/units.h"
#include "http/bcrypt.h"
#include "http/tls.h"
#include "rules/section.h"
#include "rules/yaml_tree.h"

namespace parshall::app {
namespace {

using http::ClientAuth;
using http::Pem;
using http::TlsSettings;
using http::TlsVersion;
using rules::Section;
using rules::YamlNode;

constexpr int64_t kBurstMax = 1'000'000;
constexpr double kIntervalSecondsMax = 3600;

// The headers that may be set, and the values they may have; an empty list: any.
struct AllowedHeader {
  std::string_view name;
  std::vector<std::string_view> values;
};
const std::array<AllowedHeader, 5>& AllowedHeaders() {
  static const std::array<AllowedHeader, 5> headers = {
      AllowedHeader{"Content-Security-Policy", {}}, AllowedHeader{"Strict-Transport-Security", {}},
      AllowedHeader{"X-Content-Type-Options", {"nosniff"}},
      AllowedHeader{"X-Frame-Options", {"deny", "sameorigin"}},
      AllowedHeader{"X-XSS-Protection", {}}};
  return headers;
}

// One thread.
class WebConfigReader {
 public:
  WebConfigReader(const std::string& file, WebConfigOutcome* outcome, rules::Faults* faults)
      : file_(file), outcome_(outcome), faults_(faults) {}

  void Read(const YamlNode& root) {
    Section top(file_, root, "the web configuration", faults_);
    if (root.kind != rules::YamlKind::kMapping) return;
    ReadTls(&top);
    ReadServer(&top);
    ReadUsers(&top);
    ReadRateLimit(&top);
    top.Finish();
  }

 private:
  std::string Resolve(const std::string& path) const {
    const size_t slash = file_.rfind('/');
    if (path.starts_with('/') || slash == std::string::npos) return path;
    return file_.substr(0, slash + 1) + path;
  }

  // "cert" or "cert_file", whichever stands there.
  void ReadPem(Section* section, const std::string& key, Pem* pem) {
    const std::string file_key = key + "_file";
    const std::optional<std::string> text = section->Text(key);
    const std::optional<std::string> path = section->Text(file_key);
    if (text && path) {
      section->Add(key,
                   section->title() + ": " + key + ": and " + file_key + ": exclude each other");
    }
    if (path) *pem = {Resolve(*path), {}};
    if (text) {
      *pem = {rules::PlaceOf(file_, *section->Get(key)).ToString(), *text};
    }
  }

  void ReadTls(Section* top) {
    const YamlNode* node = top->Get("tls_server_config");
    if (node == nullptr) return;
    Section section(file_, *node, "tls_server_config", faults_);
    TlsSettings tls;
    ReadPem(&section, "cert", &tls.cert);
    ReadPem(&section, "key", &tls.key);
    ReadPem(&section, "client_ca", &tls.client_ca);
    if (!section.Has("cert")) section.Require("cert_file", "the server's certificate");
    if (!section.Has("key")) section.Require("key_file", "the key of the certificate");
    ReadClientPolicy(&section, &tls);
    ReadVersions(&section, &tls);
    ReadNames(&section, "cipher_suites", http::CipherSuiteNames(), &tls.cipher_suites);
    ReadNames(&section, "curve_preferences", http::CurveNames(), &tls.curve_preferences);
    tls.prefer_server_cipher_suites = section.Bool("prefer_server_cipher_suites").value_or(true);
    section.Finish();
    outcome_->config.tls = std::move(tls);
  }

  void ReadClientPolicy(Section* section, TlsSettings* tls) {
    const std::vector<rules::Choice<ClientAuth>> policies = {
        {"NoClientCert", ClientAuth::kNoClientCert},
        {"RequestClientCert", ClientAuth::kRequestClientCert},
        {"RequireAnyClientCert", ClientAuth::kRequireAnyClientCert},
        {"VerifyClientCertIfGiven", ClientAuth::kVerifyClientCertIfGiven},
        {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerifyClientCert}};
    tls->client_auth =
        section->OneOf("client_auth_type", policies).value_or(ClientAuth::kNoClientCert);
    tls->client_allowed_sans =
        section->Texts("client_allowed_sans").value_or(std::vector<std::string>());
    const bool verifies = tls->client_auth == ClientAuth::kVerifyClientCertIfGiven ||
                          tls->client_auth == ClientAuth::kRequireAndVerifyClientCert;
    const bool requires_one = tls->client_auth == ClientAuth::kRequireAnyClientCert ||
                              tls->client_auth == ClientAuth::kRequireAndVerifyClientCert;
    const bool has_ca = section->Has("client_ca") || section->Has("client_ca_file");
    const std::string title = section->title() + ": ";
    if (verifies && !has_ca) {
      section->Add("client_auth_type",
                   title +
                       "client_auth_type: to verify certificates of clients, client_ca_file: "
                       "must say who signed them");
    }
    if (has_ca && tls->client_auth == ClientAuth::kNoClientCert) {
      section->Add(section->Has("client_ca_file") ? "client_ca_file" : "client_ca",
                   title +
                       "clients have a CA, but client_auth_type: does not ask for their "
                       "certificates; write RequireAndVerifyClientCert");
    }
    if (!tls->client_allowed_sans.empty() && !requires_one) {
      section->Add("client_allowed_sans",
                   title +
                       "client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert "
                       "(or RequireAnyClientCert)");
    }
  }

  std::optional<TlsVersion> ReadVersion(Section* section, const std::string& key) {
    const std::optional<std::string> word = section->Text(key);
    if (word == "TLS10" || word == "TLS11") {
      section->Add(key, section->title() + ": " + key + ": " + *word +
                            " is not safe and not served; the lowest is TLS12");
      return std::nullopt;
    }
    return section->OneOf<TlsVersion>(
        key, {{"TLS12", TlsVersion::kTls12}, {"TLS13", TlsVersion::kTls13}});
  }

  void ReadVersions(Section* section, TlsSettings* tls) {
    tls->min_version = ReadVersion(section, "min_version").value_or(TlsVersion::kTls12);
    tls->max_version = ReadVersion(section, "max_version").value_or(TlsVersion::kTls13);
    if (tls->min_version > tls->max_version) {
      section->Add("max_version", section->title() + ": max_version: is below min_version:");
    }
  }

  void ReadNames(Section* section, const std::string& key, std::span<const std::string_view> known,
                 std::vector<std::string>* names) {
    const std::optional<std::vector<std::string>> texts = section->Texts(key);
    if (!texts) return;
    for (const std::string& text : *texts) {
      if (std::find(known.begin(), known.end(), text) == known.end()) {
        section->Add(key, section->title() + ": " + key + ": there is no " + Quoted(text) +
                              rules::Hint(text, {known.begin(), known.end()}));
      } else {
        names->push_back(text);
      }
    }
  }

  void ReadServer(Section* top) {
    const YamlNode* node = top->Get("http_server_config");
    if (node == nullptr) return;
    Section section(file_, *node, "http_server_config", faults_);
    if (section.Bool("http2").value_or(false)) {
      outcome_->warnings.push_back(
          Fail("http2: only HTTP/1.1 is served; clients that can do more use it without asking",
               rules::PlaceOf(file_, *section.Get("http2")).ToString()));
    }
    if (const YamlNode* headers = section.Get("headers")) {
      Section values(file_, *headers, "headers", faults_);
      for (const AllowedHeader& header : AllowedHeaders()) ReadHeader(&values, header);
      values.Finish();
    }
    section.Finish();
  }

  void ReadHeader(Section* section, const AllowedHeader& header) {
    const std::optional<std::string> value = section->Text(header.name, /*may_be_empty=*/true);
    if (!value || value->empty()) return;
    const auto same = [&](std::string_view known) {
      return http::EqualIgnoringCase(known, *value);
    };
    if (!header.values.empty() && std::none_of(header.values.begin(), header.values.end(), same)) {
      section->Add(header.name, "headers: " + std::string(header.name) + ": cannot be " +
                                    Quoted(*value) + rules::Hint(*value, header.values));
      return;
    }
    outcome_->config.headers.push_back({std::string(header.name), *value});
  }

  void ReadUsers(Section* top) {
    const YamlNode* node = top->Get("basic_auth_users");
    if (node == nullptr) return;
    Section section(file_, *node, "basic_auth_users", faults_);
    for (const rules::YamlMember& member : node->members) {
      const std::optional<std::string> hash = section.Text(member.key);
      if (!hash) continue;
      const std::string subject = "basic_auth_users: " + Quoted(member.key) + ": ";
      if (member.key.find(':') != std::string::npos) {
        faults_->Add({file_, member.line, member.column}, subject + "a name cannot hold a colon");
      } else if (const Status fine = http::CheckBcryptHash(*hash); !fine) {
        section.Add(member.value, subject + fine.error().what);
      } else {
        outcome_->config.users.emplace(member.key, *hash);
      }
    }
  }

  void ReadRateLimit(Section* top) {
    const YamlNode* node = top->Get("rate_limit");
    if (node == nullptr) return;
    Section section(file_, *node, "rate_limit", faults_);
    section.Require("interval", "the time between two requests, as 100ms; 0 turns the limit off");
    section.Require("burst", "how many requests may come at once");
    http::RateLimit limit;
    if (const std::optional<std::string> interval = section.Text("interval")) {
      double seconds = 0;
      const bool fine = *interval == "0" ||
                        (ParseDuration(*interval, &seconds) && seconds <= kIntervalSecondsMax);
      if (!fine) {
        section.Add("interval",
                    "rate_limit: interval: must be a time up to 1h like 100ms or 1s, and this is " +
                        Quoted(*interval));
      }
      limit.interval = std::chrono::duration<double>(seconds);
    }
    limit.burst = static_cast<int>(section.Integer("burst", 1, kBurstMax).value_or(1));
    if (limit.interval.count() > 0) outcome_->config.rate_limit = limit;
    section.Finish();
  }

  const std::string& file_;
  WebConfigOutcome* outcome_;
  rules::Faults* faults_;
};

}  // namespace

WebConfigOutcome ReadWebConfig(const std::string& name, std::string_view text) {
  WebConfigOutcome outcome;
  rules::Faults faults;
  YamlNode root;
  if (rules::ReadYaml(name, text, &root, &faults)) {
    // Half a write must not open the door: somebody who wants no configuration says {}.
    if (root.kind == rules::YamlKind::kNull) {
      faults.Add({name, 1, 1}, "the file is empty; write {} if nothing is to be configured");
    } else {
      WebConfigReader(name, &outcome, &faults).Read(root);
    }
  }
  outcome.faults = faults.Take();
  return outcome;
}

}  // namespace parshall::app
