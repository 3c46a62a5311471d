#include "lines/unwrap.h"

#include "lines/cri.h"
#include "lines/docker_json.h"
#include "lines/syslog.h"

namespace parshall::lines {
namespace {

constexpr UnwrapperRow kUnwrappers[] = {
    {"docker",
     "Docker's json-file driver: {\"log\":\"…\\n\",\"stream\":\"stdout\",\"time\":\"…\"}.",
     &MayBeDockerJson,
     [](std::string_view line, DockerJson& docker, Unwrapped* out) {
       return docker.Unwrap(line, out);
     }},
    {"cri", "The container runtime interface of Kubernetes: 2026-11-21T09:41:20.7Z stdout F ….",
     &MayBeCri,
     [](std::string_view line, DockerJson&, Unwrapped* out) { return UnwrapCri(line, out); }},
    {"syslog", "Syslog with priority, RFC 3164 and RFC 5424: <190>Nov 21 09:37:22 host app[12]: ….",
     &MayBeSyslog,
     [](std::string_view line, DockerJson&, Unwrapped* out) { return UnwrapSyslog(line, out); }},
    {"syslog-file", "What syslog daemons write to files: Nov 21 09:37:22 host app[12]: ….",
     &MayBeSyslogFile,
     [](std::string_view line, DockerJson&, Unwrapped* out) {
       return UnwrapSyslogFile(line, out);
     }},
};

}  // namespace

std::string_view EnvelopeName(std::string_view name) {
  constexpr std::string_view kNames[] = {
      kStream,     kContainerTime, kContainerAttrs, kContainerId,    kContainerName, kSyslogTime,
      kSyslogHost, kSyslogApp,     kSyslogPid,      kSyslogPriority, kSyslogMsgid,   kSyslogData};
  for (const std::string_view known : kNames) {
    if (known == name) return known;
  }
  return {};
}

std::string_view Unwrapped::Field(std::string_view name) const {
  for (const EnvelopeField& field : fields()) {
    if (field.name == name) return field.text;
  }
  return {};
}

std::span<const UnwrapperRow> Unwrappers() { return kUnwrappers; }

Unwrapper::Unwrapper() : docker_(std::make_unique<DockerJson>()) {}
Unwrapper::~Unwrapper() = default;

bool Unwrapper::TryAll(std::string_view line, Unwrapped* out) {
  for (uint8_t i = 0; i < std::size(kUnwrappers); ++i) {
    if (!kUnwrappers[i].may(line)) continue;
    out->pieces = false;
    out->partial = false;
    out->fields_count = 0;
    out->unwrapper = i;
    if (kUnwrappers[i].unwrap(line, *docker_, out)) return true;
  }
  return false;
}

}  // namespace parshall::lines
