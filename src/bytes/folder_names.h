#pragma once
// The names in a folder, listed once for many questions. Where a thousand logs were rotated while
// nobody read, a thousand sources ask for their files in the same folder: each with a listing of
// its own, a start would take time by the square of their number.
//
// A listing is used again only while the folder itself says that no name has come or gone: the
// kernel moves a folder's times with each change of a name, and before any path leads to what was
// changed. So an answer from a listing that was kept is the answer that a new one would have given
// at the moment of the question.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace parshall::bytes {

// One thread. Keeps the listing of one folder, until Forget().
class FolderNames {
 public:
  // Returns false to see no more; asks nothing of this object.
  using Visit = std::function<bool(const std::string& name)>;
  // Every name that begins so; in no order. `folder` is a prefix: "/var/log/", or "" for the
  // current directory. A folder that cannot be read has no names.
  void BeginningWith(const std::string& folder, std::string_view beginning, const Visit& visit);
  // Every name of this inode, as the folder has it (a mount over it is not seen).
  void OfInode(const std::string& folder, uint64_t inode, const Visit& visit);
  // No name has come or gone since the last question of this folder was answered. False when that
  // cannot be told: what was answered may have missed a file that was renamed meanwhile, from a
  // name that had not been read yet to one that had.
  bool Unchanged(const std::string& folder) { return Have(folder); }

  // Gives the memory back.
  void Forget();
  // Folders that were read from their beginning to their end so far.
  uint64_t listings() const { return listings_; }

 private:
  struct Name {
    std::string text;
    uint64_t inode;
  };
  // When a folder's names changed, and which folder stands there.
  struct Stamp {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  static bool ReadStamp(int directory, const char* path, Stamp* stamp);
  static bool Settled(const Stamp& stamp);
  // The listing of this folder is at hand and is what stands there now.
  bool Have(const std::string& folder);
  void List(const std::string& folder, const std::function<bool(const Name&)>& visit);

  std::string folder_;
  Stamp stamp_;
  bool kept_ = false;
  std::vector<Name> by_name_;
  std::vector<uint32_t> by_inode_;  // places in by_name_
  uint64_t listings_ = 0;
};

}  // namespace parshall::bytes
