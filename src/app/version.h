#pragma once
// The version, for --version and parshall_build_info. PARSHALL_VERSION comes from CMake's
// project().

namespace parshall::app {

inline constexpr const char* kVersion = PARSHALL_VERSION;
// "1a2b3c4d", with "-dirty" behind it if files were changed since; empty if it was not built from a
// git checkout. cmake/commit.cmake writes it.
extern const char* const kCommit;
#if defined(__clang__)
inline constexpr const char* kCompiler = "clang " __clang_version__;
#else
inline constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

}  // namespace parshall::app
