#pragma once
// What kind of file system a folder is on, as far as following files depends on it.

#include <string>

namespace parshall::bytes {

// Another machine, or another layer, may change what stands in this folder without this kernel
// being told: no inotify tells of it, and the folder's times may be old. Network file systems,
// overlays, FUSE.
bool ChangesUntold(const std::string& directory);

}  // namespace parshall::bytes
