#pragma once
// The web configuration of Prometheus's exporter-toolkit: from YAML to plain data, as strictly as
// rules are read. The keys and their meaning are those of its docs/web-configuration.md.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/web_config.h"

namespace parshall::app {

struct WebConfigOutcome {
  http::WebConfig config;
  std::vector<Error> faults;    // by place; with any, `config` holds only what could be read
  std::vector<Error> warnings;  // what is understood and not done
};

// Certificates and keys that stand in files are named and not read: Pem::name is the path, relative
// to `name`'s folder unless it is absolute, and Pem::text is empty.
WebConfigOutcome ReadWebConfig(const std::string& name, std::string_view text);

}  // namespace parshall::app
