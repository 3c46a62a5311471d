#pragma once
// The version, for --version and parshall_build_info. PARSHALL_VERSION comes from CMake's
// project().

namespace parshall::app {

inline constexpr const char* kVersion = PARSHALL_VERSION;
#if defined(__clang__)
inline constexpr const char* kCompiler = "clang " __clang_version__;
#else
inline constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

}  // namespace parshall::app
