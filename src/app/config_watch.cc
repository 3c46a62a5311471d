#include "app/config_watch.h"

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

namespace parshall::app {
namespace {

// Not IN_MODIFY: logs may stand in the same folder.
constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                             IN_ATTRIB | IN_MOVE_SELF | IN_ONLYDIR;
// More than a folder of rules may hold (rules/reader_files.cc).
constexpr size_t kNamesMax = 2000;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// What a file is known by. stat(2) follows links, so it also says when one leads elsewhere.
void AppendFile(const std::string& path, struct stat* status, std::string* out) {
  *out += path;
  if (::stat(path.c_str(), status) != 0) {
    *status = {};
    *out += " error " + std::to_string(errno) + "\n";
    return;
  }
  for (const auto number :
       {static_cast<int64_t>(status->st_dev), static_cast<int64_t>(status->st_ino),
        static_cast<int64_t>(status->st_size), static_cast<int64_t>(status->st_mtim.tv_sec),
        static_cast<int64_t>(status->st_mtim.tv_nsec), static_cast<int64_t>(status->st_mode)}) {
    *out += ' ' + std::to_string(number);
  }
  *out += '\n';
}

bool IsRuleFileName(std::string_view name) {
  return !name.starts_with('.') &&
         (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"));
}

std::set<std::string> RuleFilesIn(const std::string& folder) {
  std::set<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), &::closedir);
  while (entries != nullptr && names.size() < kNamesMax) {
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    if (IsRuleFileName(entry->d_name)) names.insert(entry->d_name);
  }
  return names;
}

}  // namespace

void ConfigWatch::Watch(std::vector<std::string> paths) {
  paths_ = std::move(paths);
  AddWatches();
  appearance_ = Appearance();
}

// Anew each time: folders may have been replaced by others of the same name.
void ConfigWatch::AddWatches() {
  inotify_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_.valid()) return;
  for (const std::string& path : paths_) {
    std::set<std::string> folders = {FolderOf(path), path};  // IN_ONLYDIR refuses what is none
    if (char* const real = ::realpath(path.c_str(), nullptr); real != nullptr) {
      folders.insert(FolderOf(real));
      std::free(real);
    }
    for (const std::string& folder : folders) {
      static_cast<void>(::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents));
    }
  }
}

bool ConfigWatch::Look() {
  char events[4096];
  while (inotify_.valid() && ::read(inotify_.get(), events, sizeof events) > 0) {
  }
  std::string now = Appearance();
  if (now == appearance_) return false;
  AddWatches();
  appearance_ = std::move(now);
  return true;
}

std::string ConfigWatch::Appearance() const {
  std::string text;
  for (const std::string& path : paths_) {
    struct stat status;
    std::string itself;
    AppendFile(path, &status, &itself);
    if (!S_ISDIR(status.st_mode)) {
      text += itself;
      continue;
    }
    // A folder is its rule files: what else comes and goes there is nobody's business.
    for (const std::string& name : RuleFilesIn(path)) AppendFile(path + "/" + name, &status, &text);
  }
  return text;
}

}  // namespace parshall::app
