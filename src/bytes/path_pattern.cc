#include "bytes/path_pattern.h"

#include <glob.h>
#include <sys/stat.h>

namespace parshall::bytes {
namespace {

Result<std::vector<std::string>> Glob(const std::string& pattern, int flags) {
  glob_t found = {};
  const int error = ::glob(pattern.c_str(), flags, nullptr, &found);
  std::vector<std::string> paths;
  if (error == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (error == GLOB_NOSPACE)
    return Fail("not enough memory to list what the glob matches", pattern);
  return paths;
}

bool HasWildcard(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

}  // namespace

bool IsGlob(const std::string& path) {
  struct stat unused;
  return HasWildcard(path) && ::lstat(path.c_str(), &unused) != 0;
}

Result<std::vector<std::string>> ExpandGlob(const std::string& pattern) { return Glob(pattern, 0); }

std::string DirectoryPrefix(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

std::vector<std::string> DirectoryPrefixes(const std::string& pattern) {
  const std::string prefix = DirectoryPrefix(pattern);
  if (!HasWildcard(prefix)) return {prefix};
  auto directories = Glob(prefix, GLOB_ONLYDIR);
  return directories.ok() ? std::move(*directories) : std::vector<std::string>();
}

bool IsSymbolicLink(const std::string& path) {
  struct stat stat;
  return ::lstat(path.c_str(), &stat) == 0 && S_ISLNK(stat.st_mode);
}

bool HasGzipName(const std::string& path) {
  if (path.size() < 3) return false;
  const char* end = path.data() + path.size();
  return end[-3] == '.' && (end[-2] | 0x20) == 'g' && (end[-1] | 0x20) == 'z';
}

}  // namespace parshall::bytes
