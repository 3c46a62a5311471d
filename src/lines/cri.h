#pragma once
// The log format of the container runtime interface, as containerd, CRI-O and podman write it for
// Kubernetes: "2026-11-21T09:41:20.732756637+00:00 stdout F text"; P marks a piece, F the whole or
// last one.

#include <string_view>

#include "lines/unwrap.h"

namespace parshall::lines {

bool MayBeCri(std::string_view line);
// The tag may carry more, behind a colon ("F:…"), as the format reserves it.
bool UnwrapCri(std::string_view line, Unwrapped* out);

}  // namespace parshall::lines
