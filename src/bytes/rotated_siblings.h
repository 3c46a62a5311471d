#pragma once
// The files that rotation makes of a followed one: access.log.1, access.log-20261121,
// access-20261121.log, access.log-2026112121.backup, each perhaps with .gz behind it. They stand in
// the same folder.

#include <string>
#include <string_view>
#include <vector>

#include "bytes/folder_names.h"
#include "bytes/identity.h"

namespace parshall::bytes {

struct RotatedSibling {
  std::string path;
  FileStat stat;
  bool gzip = false;
  bool dated = false;
  // dated: the digits of its date, and later ones are newer; else its count, and lower ones are.
  std::string digits;
};

// `name` is what rotation may call an older file of `base` (both without folder).
// Fills everything of *sibling but path and stat.
bool ParseRotatedName(std::string_view base, std::string_view name, RotatedSibling* sibling);

// What `path` may have been called before it was rotated; empty when it has no such name.
std::vector<std::string> UnrotatedPaths(const std::string& path);

// Regular files in the folder of `path` with names rotated from its own, newest first. By their
// numbers or dates; where both kinds stand there, by when they were last written. At most
// kSiblingsMax, which is many times what anybody keeps. What stands there all the while is found,
// also when it is renamed meanwhile; by the time it is opened it may have another name again.
constexpr size_t kSiblingsMax = 4096;
std::vector<RotatedSibling> RotatedSiblings(const std::string& path, FolderNames& names);

// Where the file stands in the folder of `path`, under whatever name; empty: not there.
std::string FindInFolder(const std::string& path, const FileIdentity& identity, FolderNames& names);

}  // namespace parshall::bytes
