#pragma once
// The state directory: opened once, checked, locked for one instance, and from then on reached only
// through its descriptor, so that nobody can put another one under its path meanwhile. Everything
// in it is ours: what is a link, somebody else's or writable by others is neither read nor written.

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/fd.h"
#include "base/result.h"
#include "state/decode.h"

namespace parshall::state {

inline constexpr const char* kSnapshotName = "snapshot";
inline constexpr const char* kPreviousName = "snapshot.previous";
inline constexpr const char* kRefusedName = "snapshot.refused";  // kept for whoever wants to know
inline constexpr const char* kLockName = "lock";
inline constexpr std::string_view kTemporaryPrefix = "snapshot.tmp-";  // and 16 hex digits

// One thread (Handed over).
class StateDir {
 public:
  // For an instance that will commit. Made (0700) when it is missing, but not its parents. Locks
  // it; the Error of a second instance says who holds it. Removes the temporaries of a run that
  // crashed. The lock ends with this object or with the process.
  static Result<StateDir> Open(const std::string& path);

  // For somebody who only looks, also while an instance is at work: no lock, nothing made or
  // removed. root may look at anybody's.
  static Result<StateDir> OpenToLook(const std::string& path);

  StateDir(StateDir&&) = default;
  StateDir& operator=(StateDir&&) = default;

  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }
  // path/name, for sentences.
  std::string PathOf(std::string_view name) const;
  // How many temporaries Open() removed.
  uint64_t swept() const { return swept_; }

  // Whether the lock still is what others would see. If the lock file was deleted, it is made and
  // locked anew; if another instance was quicker, this fails: two may not write.
  Status KeepLock();

  // The whole file, if there is one: false if not. On failure *refusal says what kind; a failure of
  // ours (no descriptor or memory left), after which trying again makes sense, is kUnreadable
  // and sets *ours.
  Result<bool> Read(const char* name, Buffer& into, Refusal* refusal, bool* ours) const;

  // A new, empty file of ours under a random name, which is left in *name.
  Result<Fd> CreateTemporary(std::string* name) const;
  Status Rename(const std::string& from, const char* to) const;
  bool Exists(const char* name) const;
  void Remove(const std::string& name) const;  // as far as possible
  // Brings the names to the disk.
  Status Sync() const;

 private:
  StateDir(std::string path, Fd fd, bool looks_only)
      : path_(std::move(path)), fd_(std::move(fd)), looks_only_(looks_only) {}

  static Result<StateDir> OpenChecked(const std::string& path, bool looks_only);
  Status Lock();
  Status Sweep();
  // Empty if the file may be trusted, else what is wrong with it.
  std::string FaultOf(const struct stat& stat) const;

  std::string path_;
  Fd fd_;
  Fd lock_;
  bool looks_only_ = false;
  uint64_t swept_ = 0;
};

}  // namespace parshall::state
