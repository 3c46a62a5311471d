#pragma once
// Tells when the files of the configuration and of the rules are others than before: written,
// replaced by a rename, or behind a symbolic link that leads elsewhere now (Kubernetes swaps
// `..data`). inotify says at once that something happened in one of their folders; where it says
// nothing (network file systems), a look every two seconds does.

#include <string>
#include <vector>

#include "base/fd.h"

namespace parshall::app {

// One thread.
class ConfigWatch {
 public:
  static constexpr int kLookMs = 2000;

  // Watches these files and folders of rule files from now on. What they look like now is what a
  // change is measured against, so they are to be read after this.
  void Watch(std::vector<std::string> paths);

  // To be polled for reading; -1 without inotify. Readable: worth a look.
  int fd() const { return inotify_.get(); }
  // Whether they look otherwise than at the last look; takes what fd() has to say.
  bool Look();

 private:
  std::string Appearance() const;
  void AddWatches();

  std::vector<std::string> paths_;
  std::string appearance_;  // of all paths at the last look
  Fd inotify_;
};

}  // namespace parshall::app
