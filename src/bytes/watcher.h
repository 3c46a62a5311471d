#pragma once
// Tells which files and directories changed, by inotify. It is an accelerator and nothing depends
// on it: whoever follows files looks again anyway, and several times a second where it does not
// tell.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/fd.h"
#include "bytes/notices.h"

namespace parshall::bytes {

class Member;

// One thread.
class Watcher {
 public:
  struct Event {
    enum class Kind : uint8_t {
      kChanged,     // the file of `member` was written or truncated
      kMoved,       // the file of `member` was renamed, deleted, or its mode changed
      kWritten,     // `path` was written or truncated
      kName,        // something came to or left `path`, in a watched directory
      kEverything,  // events were lost: look at everything
    };
    Kind kind = Kind::kEverything;
    Member* member = nullptr;  // kChanged, kMoved
    std::string path;          // kWritten, kName
  };

  // Without inotify (not wanted, or not to be had) everything works, by polling.
  Watcher(bool use_inotify, Notices& notices);

  // Readable when there are events; -1 without inotify.
  int fd() const { return fd_.get(); }
  // All that happens to the names in this directory (a prefix that was given to WatchDirectory) is
  // told. False where the watch could not be had, and on network and overlay file systems.
  bool Tells(const std::string& prefix) const;

  // Watches the names in a directory. `prefix` is the text in front of the names: "/var/log/", or
  // "" for the current directory. Watching again is right and cheap: the directory may be another
  // one now.
  void WatchDirectory(const std::string& prefix);

  // Watches an open file for the member that reads it; returns the watch, or -1.
  int WatchFile(int file, Member* member);
  void UnwatchFile(int watch);

  // Appends what has been told since the last call; never blocks.
  void ReadEvents(std::vector<Event>* events);

 private:
  int AddWatch(const std::string& path, uint32_t mask);

  Fd fd_;
  bool noticed_ = false;  // that a watch could not be had
  Notices& notices_;
  // One directory may be watched under several prefixes ("logs/" and "./logs/") and has one watch.
  std::unordered_map<std::string, int> directories_;            // prefix -> watch
  std::unordered_map<int, std::vector<std::string>> prefixes_;  // watch -> prefixes
  std::unordered_set<std::string> untold_;  // prefixes on file systems that do not tell
  std::unordered_map<int, Member*> files_;  // watch -> who reads the file
};

}  // namespace parshall::bytes
