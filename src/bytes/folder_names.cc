#include "bytes/folder_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <numeric>
#include <utility>

#include "bytes/file_system.h"
#include "bytes/member.h"

namespace parshall::bytes {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// Two changes between two ticks of a file system's clock leave the same time behind. So a listing
// is kept only of a folder that had not changed for longer than a tick: that is 10 ms at most, and
// two seconds (FAT) where times are whole seconds.
constexpr int64_t kTickNs = 100'000'000;
constexpr int64_t kCoarseTickNs = 3'000'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;

// Of more names no listing is kept: that much memory is not worth the time.
constexpr size_t kNamesMax = 1'000'000;

// Unsigned on the way: a hostile file system may claim any second, and that must only compare.
int64_t Nanoseconds(const statx_timestamp& time) {
  return static_cast<int64_t>(static_cast<uint64_t>(time.tv_sec) * 1'000'000'000U + time.tv_nsec);
}

const char* PathOf(const std::string& folder) { return folder.empty() ? "." : folder.c_str(); }

}  // namespace

bool FolderNames::ReadStamp(int directory, const char* path, Stamp* stamp) {
  struct statx x = {};
  const int flags = AT_NO_AUTOMOUNT | (*path == '\0' ? AT_EMPTY_PATH : 0);
  while (::statx(directory, path, flags, STATX_BASIC_STATS, &x) != 0) {
    if (errno != EINTR) return false;
  }
  stamp->device = (uint64_t{x.stx_dev_major} << 32) | x.stx_dev_minor;
  stamp->inode = x.stx_ino;
  stamp->modified_ns = Nanoseconds(x.stx_mtime);
  stamp->changed_ns = Nanoseconds(x.stx_ctime);
  return true;
}

bool FolderNames::Settled(const Stamp& stamp) {
  // Times in the future (the clock was set back) are never settled.
  const int64_t now_ns = WallNs();
  const int64_t last_ns = std::max(stamp.modified_ns, stamp.changed_ns);
  return last_ns <= now_ns &&
         now_ns - last_ns >= (last_ns % kSecondNs == 0 ? kCoarseTickNs : kTickNs);
}

bool FolderNames::Have(const std::string& folder) {
  if (!kept_ || folder != folder_) return false;
  Stamp now;
  if (ReadStamp(AT_FDCWD, PathOf(folder), &now) && now == stamp_) return true;
  Forget();
  return false;
}

// Lists the folder; keeps what was found when nothing has changed meanwhile, or shortly before.
void FolderNames::List(const std::string& folder, const std::function<bool(const Name&)>& visit) {
  const Directory directory(::opendir(PathOf(folder)));
  if (directory == nullptr) return;
  ++listings_;
  Stamp before;
  bool keep = ReadStamp(::dirfd(directory.get()), "", &before) && Settled(before) &&
              !ChangesUntold(PathOf(folder));
  std::vector<Name> names;
  bool wanted = true;
  while (wanted || keep) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      keep = keep && errno == 0;
      break;
    }
    Name name{entry->d_name, entry->d_ino};
    wanted = wanted && visit(name);
    keep = keep && names.size() < kNamesMax;
    if (keep) names.push_back(std::move(name));
  }
  Stamp after;
  if (!keep || !ReadStamp(::dirfd(directory.get()), "", &after) || before != after) return;
  std::ranges::sort(names, {}, &Name::text);
  by_name_ = std::move(names);
  by_inode_.resize(by_name_.size());
  std::iota(by_inode_.begin(), by_inode_.end(), 0U);
  std::ranges::sort(by_inode_, {}, [&](uint32_t at) { return by_name_[at].inode; });
  folder_ = folder;
  stamp_ = before;
  kept_ = true;
}

void FolderNames::BeginningWith(const std::string& folder, std::string_view beginning,
                                const Visit& visit) {
  if (!Have(folder)) {
    List(folder,
         [&](const Name& name) { return !name.text.starts_with(beginning) || visit(name.text); });
    return;
  }
  for (auto it = std::ranges::lower_bound(by_name_, beginning, {}, &Name::text);
       it != by_name_.end() && it->text.starts_with(beginning); ++it) {
    if (!visit(it->text)) return;
  }
}

void FolderNames::OfInode(const std::string& folder, uint64_t inode, const Visit& visit) {
  if (!Have(folder)) {
    List(folder, [&](const Name& name) { return name.inode != inode || visit(name.text); });
    return;
  }
  const auto inode_of = [&](uint32_t at) { return by_name_[at].inode; };
  for (auto it = std::ranges::lower_bound(by_inode_, inode, {}, inode_of);
       it != by_inode_.end() && inode_of(*it) == inode; ++it) {
    if (!visit(by_name_[*it].text)) return;
  }
}

void FolderNames::Forget() {
  kept_ = false;
  by_name_ = {};
  by_inode_ = {};
}

}  // namespace parshall::bytes
