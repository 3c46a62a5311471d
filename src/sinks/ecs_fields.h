#pragma once
// Which ECS fields we write and what of ours becomes them. docs/ECS.md shows the table; a test
// holds it against the published definitions.

#include <cstdint>
#include <span>
#include <string_view>

namespace parshall::sinks {

inline constexpr std::string_view kEcsVersion = "8.11.0";

enum class EcsType : uint8_t { kKeyword, kLong, kIp };

// In the order in which they are written: those of one object stand together.
enum class EcsField : uint8_t {
  kContainerId,
  kContainerName,
  kErrorMessage,
  kErrorStackTrace,
  kErrorType,
  kEventDuration,
  kHostHostname,
  kHttpRequestBytes,
  kHttpRequestId,
  kHttpRequestMethod,
  kHttpRequestReferrer,
  kHttpResponseBodyBytes,
  kHttpResponseStatusCode,
  kHttpVersion,
  kLogFilePath,
  kLogLevel,
  kLogLogger,
  kLogSyslogAppname,
  kLogSyslogHostname,
  kLogSyslogMsgid,
  kLogSyslogPriority,
  kLogSyslogProcid,
  kMessage,
  kNetworkForwardedIp,
  kProcessPid,
  kProcessThreadId,
  kServiceName,
  kSourceAddress,
  kSourceIp,
  kSpanId,
  kTraceId,
  kUrlDomain,
  kUrlOriginal,
  kUrlPath,
  kUrlQuery,
  kUserAgentOriginal,
  kUserName,
  kCount
};
inline constexpr size_t kEcsFields = static_cast<size_t>(EcsField::kCount);

struct EcsDefinition {
  std::string_view path;  // with dots
  EcsType type;
};
const EcsDefinition& EcsDefinitionOf(EcsField field);

// What a field of a record, a key of an event or a part of a wrapping becomes.
struct EcsName {
  std::string_view name;
  EcsField field;
};
std::span<const EcsName> EcsNames();
// kCount: a label.
EcsField EcsFieldOf(std::string_view name);

}  // namespace parshall::sinks
