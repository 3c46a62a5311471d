#include "bytes/watcher.h"

#include <sys/inotify.h>

#include <cerrno>
#include <cstring>

#include "bytes/file_system.h"

namespace parshall::bytes {
namespace {

constexpr uint32_t kFileMask = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;
// With IN_MODIFY one watch tells of all files in the directory that are written by these names.
constexpr uint32_t kDirectoryMask =
    IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB | IN_MODIFY | IN_ONLYDIR;
constexpr size_t kEventBytes = 64 * 1024;

}  // namespace

Watcher::Watcher(bool use_inotify, Notices& notices) : notices_(notices) {
  if (!use_inotify) return;
  fd_.Reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd_.valid()) {
    notices_.Add("inotify cannot be used (" + ErrnoText(errno) + "); files are polled instead");
  }
}

int Watcher::AddWatch(const std::string& path, uint32_t mask) {
  if (!fd_.valid()) return -1;
  const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), mask);
  if (watch >= 0) return watch;
  // A directory that is not there (yet) is looked for every second. Anything else means that
  // changes will go untold.
  const bool absent = errno == ENOENT || errno == ENOTDIR;
  if (!noticed_ && !(absent && (mask & IN_ONLYDIR) != 0)) {
    noticed_ = true;
    notices_.Add(path + ": inotify cannot watch it (" + ErrnoText(errno) +
                 "; see fs.inotify.max_user_watches); files are polled instead");
  }
  return -1;
}

void Watcher::WatchDirectory(const std::string& prefix) {
  const std::string directory = prefix.empty() ? "." : prefix;
  if (ChangesUntold(directory)) {
    untold_.insert(prefix);
  } else {
    untold_.erase(prefix);
  }
  const int watch = AddWatch(directory, kDirectoryMask);
  int& known = directories_.try_emplace(prefix, -1).first->second;
  if (known == watch) return;
  const auto old = prefixes_.find(known);
  if (old != prefixes_.end()) {
    // Another directory stands under this name now, or none.
    std::erase(old->second, prefix);
    if (old->second.empty()) {
      UnwatchFile(known);
      prefixes_.erase(old);
    }
  }
  known = watch;
  if (watch >= 0) prefixes_[watch].push_back(prefix);
}

bool Watcher::Tells(const std::string& prefix) const {
  const auto known = directories_.find(prefix);
  return known != directories_.end() && known->second >= 0 && !untold_.contains(prefix);
}

int Watcher::WatchFile(int file, Member* member) {
  // By descriptor, so that it is this file and not what has just taken its place.
  const int watch = AddWatch("/proc/self/fd/" + std::to_string(file), kFileMask);
  if (watch >= 0) files_[watch] = member;
  return watch;
}

void Watcher::UnwatchFile(int watch) {
  // Fails when the file is gone and its watch with it: nothing to do then.
  if (watch < 0) return;
  ::inotify_rm_watch(fd_.get(), watch);
  files_.erase(watch);
}

void Watcher::ReadEvents(std::vector<Event>* events) {
  if (!fd_.valid()) return;
  alignas(inotify_event) char buffer[kEventBytes];
  const ssize_t n = ReadSome(fd_.get(), buffer, sizeof buffer);
  // The kernel hands out whole events only; what did not fit keeps the descriptor readable.
  for (ssize_t at = 0; at < n;) {
    inotify_event event;
    std::memcpy(&event, buffer + at, sizeof event);
    const char* name = buffer + at + sizeof event;
    at += static_cast<ssize_t>(sizeof event + event.len);

    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      events->push_back({});
      continue;
    }
    const auto prefix = prefixes_.find(event.wd);
    if (prefix == prefixes_.end()) {
      const auto file = files_.find(event.wd);
      if (file == files_.end() || (event.mask & IN_IGNORED) != 0) continue;
      const bool moved = (event.mask & (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)) != 0;
      events->push_back({moved ? Event::Kind::kMoved : Event::Kind::kChanged, file->second, {}});
    } else if ((event.mask & IN_IGNORED) != 0) {
      for (const std::string& text : prefix->second) directories_.erase(text);
      prefixes_.erase(prefix);
    } else if (event.len > 0) {
      const bool written = (event.mask & IN_MODIFY) != 0;
      for (const std::string& text : prefix->second) {
        events->push_back(
            {written ? Event::Kind::kWritten : Event::Kind::kName, nullptr, text + name});
      }
    }
  }
}

}  // namespace parshall::bytes
