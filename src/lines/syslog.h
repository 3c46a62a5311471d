#pragma once
// Syslog prefixes: RFC 3164 ("<190>Nov 21 09:37:22 vm nginx: …"), RFC 5424 ("<165>1
// 2026-11-21T09:37:22Z vm app 12 …"), and the same without <priority> as daemons write them to
// files.

#include <string_view>

#include "lines/unwrap.h"

namespace parshall::lines {

bool MayBeSyslog(std::string_view line);
// With <priority>: RFC 5424 when a version 1 follows, else RFC 3164 with a "Mmm dd hh:mm:ss" or an
// RFC 3339 time, with or without a host, and a tag that ends in a colon.
bool UnwrapSyslog(std::string_view line, Unwrapped* out);

bool MayBeSyslogFile(std::string_view line);
// Without <priority>, only where it cannot well be an application's own line: time, host and tag
// are all required, the RFC 3339 form needs six digits of fraction and a numeric offset (rsyslog's
// RSYSLOG_FileFormat), and the host must not be a log level.
bool UnwrapSyslogFile(std::string_view line, Unwrapped* out);

}  // namespace parshall::lines
