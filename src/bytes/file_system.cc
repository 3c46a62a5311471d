#include "bytes/file_system.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdint>

namespace parshall::bytes {

bool ChangesUntold(const std::string& directory) {
  struct statfs fs = {};
  if (::statfs(directory.c_str(), &fs) != 0) return false;
  switch (static_cast<uint64_t>(fs.f_type)) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case 0xFF534D42U:  // CIFS
    case 0xFE534D42U:  // SMB2
    case V9FS_MAGIC:
    case 0x65735546U:  // FUSE
    case AFS_SUPER_MAGIC:
    case CEPH_SUPER_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
      return true;
    default:
      return false;
  }
}

}  // namespace parshall::bytes
