#include "sinks/ecs_fields.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace parshall::sinks {
namespace {

constexpr std::array<EcsDefinition, kEcsFields> kDefinitions = {{
    {"container.id", EcsType::kKeyword},
    {"container.name", EcsType::kKeyword},
    {"error.message", EcsType::kKeyword},
    {"error.stack_trace", EcsType::kKeyword},
    {"error.type", EcsType::kKeyword},
    {"event.duration", EcsType::kLong},
    {"host.hostname", EcsType::kKeyword},
    {"http.request.bytes", EcsType::kLong},
    {"http.request.id", EcsType::kKeyword},
    {"http.request.method", EcsType::kKeyword},
    {"http.request.referrer", EcsType::kKeyword},
    {"http.response.body.bytes", EcsType::kLong},
    {"http.response.status_code", EcsType::kLong},
    {"http.version", EcsType::kKeyword},
    {"log.file.path", EcsType::kKeyword},
    {"log.level", EcsType::kKeyword},
    {"log.logger", EcsType::kKeyword},
    {"log.syslog.appname", EcsType::kKeyword},
    {"log.syslog.hostname", EcsType::kKeyword},
    {"log.syslog.msgid", EcsType::kKeyword},
    {"log.syslog.priority", EcsType::kLong},
    {"log.syslog.procid", EcsType::kKeyword},
    {"message", EcsType::kKeyword},
    {"network.forwarded_ip", EcsType::kIp},
    {"process.pid", EcsType::kLong},
    {"process.thread.id", EcsType::kLong},
    {"service.name", EcsType::kKeyword},
    {"source.address", EcsType::kKeyword},
    {"source.ip", EcsType::kIp},
    {"span.id", EcsType::kKeyword},
    {"trace.id", EcsType::kKeyword},
    {"url.domain", EcsType::kKeyword},
    {"url.original", EcsType::kKeyword},
    {"url.path", EcsType::kKeyword},
    {"url.query", EcsType::kKeyword},
    {"user_agent.original", EcsType::kKeyword},
    {"user.name", EcsType::kKeyword},
}};

// By name; those with dots are what ECS loggers write as one key.
constexpr auto kNames = std::to_array<EcsName>({
    {"agent", EcsField::kUserAgentOriginal},
    {"client", EcsField::kSourceAddress},
    {"client_ip", EcsField::kSourceAddress},
    {"container_id", EcsField::kContainerId},
    {"container_name", EcsField::kContainerName},
    {"continuation", EcsField::kErrorStackTrace},
    {"duration", EcsField::kEventDuration},
    {"err", EcsField::kErrorMessage},
    {"error", EcsField::kErrorMessage},
    {"event", EcsField::kMessage},
    {"exc_info", EcsField::kErrorStackTrace},
    {"exception", EcsField::kErrorStackTrace},
    {"forwarded_for", EcsField::kNetworkForwardedIp},
    {"host", EcsField::kSourceAddress},
    {"hostname", EcsField::kHostHostname},
    {"level", EcsField::kLogLevel},
    {"log.level", EcsField::kLogLevel},
    {"log.logger", EcsField::kLogLogger},
    {"logger", EcsField::kLogLogger},
    {"message", EcsField::kMessage},
    {"method", EcsField::kHttpRequestMethod},
    {"msg", EcsField::kMessage},
    {"path", EcsField::kUrlOriginal},
    {"pid", EcsField::kProcessPid},
    {"process.pid", EcsField::kProcessPid},
    {"protocol", EcsField::kHttpVersion},
    {"referer", EcsField::kHttpRequestReferrer},
    {"referrer", EcsField::kHttpRequestReferrer},
    {"remote_addr", EcsField::kSourceAddress},
    {"req_id", EcsField::kHttpRequestId},
    {"request_id", EcsField::kHttpRequestId},
    {"request_length", EcsField::kHttpRequestBytes},
    {"service", EcsField::kServiceName},
    {"service.name", EcsField::kServiceName},
    {"severity", EcsField::kLogLevel},
    {"size", EcsField::kHttpResponseBodyBytes},
    {"source", EcsField::kLogFilePath},
    {"span.id", EcsField::kSpanId},
    {"span_id", EcsField::kSpanId},
    {"stack", EcsField::kErrorStackTrace},
    {"stack_trace", EcsField::kErrorStackTrace},
    {"status", EcsField::kHttpResponseStatusCode},
    {"syslog_app", EcsField::kLogSyslogAppname},
    {"syslog_host", EcsField::kLogSyslogHostname},
    {"syslog_msgid", EcsField::kLogSyslogMsgid},
    {"syslog_pid", EcsField::kLogSyslogProcid},
    {"syslog_priority", EcsField::kLogSyslogPriority},
    {"tid", EcsField::kProcessThreadId},
    {"trace.id", EcsField::kTraceId},
    {"trace_id", EcsField::kTraceId},
    {"traceback", EcsField::kErrorStackTrace},
    {"uri", EcsField::kUrlOriginal},
    {"user", EcsField::kUserName},
    {"user_agent", EcsField::kUserAgentOriginal},
    {"vhost", EcsField::kUrlDomain},
});

}  // namespace

const EcsDefinition& EcsDefinitionOf(EcsField field) {
  assert(field != EcsField::kCount);
  return kDefinitions[static_cast<size_t>(field)];
}

std::span<const EcsName> EcsNames() { return kNames; }

EcsField EcsFieldOf(std::string_view name) {
  const auto at = std::lower_bound(
      kNames.begin(), kNames.end(), name,
      [](const EcsName& known, std::string_view wanted) { return known.name < wanted; });
  return at != kNames.end() && at->name == name ? at->field : EcsField::kCount;
}

}  // namespace parshall::sinks
