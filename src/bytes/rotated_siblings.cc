#include "bytes/rotated_siblings.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "bytes/path_pattern.h"

namespace parshall::bytes {
namespace {

// More digits than a count has are a date: logrotate counts to `rotate N`, and 20261121 is a day.
constexpr size_t kCountDigitsMax = 5;

constexpr std::string_view kBackupEnd = ".backup";

// Looks at a folder that does not come to rest.
constexpr int kLooksMax = 16;
// For a file that may well be gone.
constexpr int kFindLooksMax = 4;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// ".1", "-20261121", "_2026-11-21T10", ".old"
bool ParseSuffix(std::string_view suffix, RotatedSibling* sibling) {
  sibling->digits.clear();
  sibling->dated = false;
  if (suffix.size() < 2 || std::string_view(".-_").find(suffix[0]) == std::string_view::npos) {
    return false;
  }
  suffix.remove_prefix(1);
  if (suffix == "old") return true;
  for (const char c : suffix) {
    if (IsDigit(c)) {
      sibling->digits += c;
    } else if (std::string_view("-_.:T").find(c) == std::string_view::npos) {
      return false;
    }
  }
  sibling->dated = sibling->digits.size() > kCountDigitsMax;
  if (!sibling->dated) {
    // Compared as text, by length first.
    sibling->digits.erase(0,
                          std::min(sibling->digits.find_first_not_of('0'), sibling->digits.size()));
    return IsDigit(suffix[0]);
  }
  return true;
}

// What logrotate's `create` makes of a file that stands in its way, because a writer was quicker:
// access.log-2026112121.backup, with the hour. A copy that a person has made has another name.
bool IsBackup(std::string_view base, std::string_view name) {
  constexpr size_t kHourDigits = 10;
  if (name.size() != base.size() + 1 + kHourDigits + kBackupEnd.size()) return false;
  return name.starts_with(base) && name[base.size()] == '-' && name.ends_with(kBackupEnd) &&
         std::ranges::all_of(name.substr(base.size() + 1, kHourDigits), IsDigit);
}

bool Newer(const RotatedSibling& a, const RotatedSibling& b, bool by_name) {
  if (by_name && a.digits != b.digits) {
    if (a.dated) return a.digits > b.digits;
    const bool lower = a.digits.size() != b.digits.size() ? a.digits.size() < b.digits.size()
                                                          : a.digits < b.digits;
    return lower;
  }
  if (a.stat.modified_ns != b.stat.modified_ns) return a.stat.modified_ns > b.stat.modified_ns;
  return a.path < b.path;
}

}  // namespace

bool ParseRotatedName(std::string_view base, std::string_view name, RotatedSibling* sibling) {
  sibling->gzip = false;
  if (name.size() > 3 && HasGzipName(std::string(name))) {
    sibling->gzip = true;
    name.remove_suffix(3);
  }
  if (base.empty() || name.size() <= base.size()) return false;
  if (IsBackup(base, name)) name.remove_suffix(kBackupEnd.size());
  if (name.starts_with(base) && ParseSuffix(name.substr(base.size()), sibling)) return true;
  // In front of the extension: access-20261121.log.
  const size_t dot = base.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view stem = base.substr(0, dot);
  const std::string_view extension = base.substr(dot);
  if (!name.starts_with(stem) || !name.ends_with(extension)) return false;
  return ParseSuffix(name.substr(dot, name.size() - base.size()), sibling);
}

std::vector<std::string> UnrotatedPaths(const std::string& path) {
  const std::string folder = DirectoryPrefix(path);
  const std::string name = path.substr(folder.size());
  std::vector<std::string> paths;
  RotatedSibling unused;
  // Every way of taking a piece that begins with a separator out of the middle or off the end.
  for (size_t at = 1; at < name.size(); ++at) {
    if (std::string_view(".-_").find(name[at]) == std::string_view::npos) continue;
    std::vector<std::string> bases = {name.substr(0, at)};
    for (size_t end = at + 1; end < name.size(); ++end) {
      if (name[end] == '.') bases.push_back(name.substr(0, at) + name.substr(end));
    }
    for (const std::string& base : bases) {
      for (std::string candidate :
           {base, HasGzipName(base) ? base.substr(0, base.size() - 3) : base}) {
        candidate.insert(0, folder);
        const std::string_view bare = std::string_view(candidate).substr(folder.size());
        if (ParseRotatedName(bare, name, &unused) &&
            std::ranges::find(paths, candidate) == paths.end()) {
          paths.push_back(std::move(candidate));
        }
      }
    }
  }
  return paths;
}

namespace {

// As one look at the folder finds them, by their names.
std::vector<RotatedSibling> LookForSiblings(const std::string& folder, std::string_view base,
                                            FolderNames& names) {
  std::vector<RotatedSibling> siblings;
  // What is rotated in front of the extension begins with the name without it.
  const size_t dot = base.rfind('.');
  const std::string_view beginning = dot == 0 ? base : base.substr(0, dot);
  names.BeginningWith(folder, beginning, [&](const std::string& name) {
    RotatedSibling sibling;
    if (!ParseRotatedName(base, name, &sibling)) return true;
    sibling.path = folder + name;
    if (StatPath(sibling.path, &sibling.stat) == 0 && sibling.stat.type == FileType::kRegular) {
      siblings.push_back(std::move(sibling));
    }
    return siblings.size() < kSiblingsMax;
  });
  std::ranges::sort(siblings, {}, &RotatedSibling::path);
  return siblings;
}

bool SameNames(const std::vector<RotatedSibling>& a, const std::vector<RotatedSibling>& b) {
  return std::ranges::equal(a, b, [](const RotatedSibling& one, const RotatedSibling& other) {
    return one.path == other.path && one.stat.identity == other.stat.identity;
  });
}

// Adds the files that are missing there.
void AddMissing(const std::vector<RotatedSibling>& from, std::vector<RotatedSibling>* to) {
  std::unordered_set<FileIdentity, FileIdentityHash> there;
  for (const RotatedSibling& sibling : *to) there.insert(sibling.stat.identity);
  for (const RotatedSibling& sibling : from) {
    if (there.insert(sibling.stat.identity).second) to->push_back(sibling);
  }
}

}  // namespace

std::vector<RotatedSibling> RotatedSiblings(const std::string& path, FolderNames& names) {
  const std::string folder = DirectoryPrefix(path);
  const std::string_view base = std::string_view(path).substr(folder.size());
  std::vector<RotatedSibling> siblings = LookForSiblings(folder, base, names);
  // A rotation renames one file after the other; one look may miss a file that it moves on. Two
  // looks that find the same were both right.
  std::vector<RotatedSibling> seen_before;
  for (int looks = 1; !names.Unchanged(folder); ++looks) {
    if (looks == kLooksMax) {
      AddMissing(seen_before, &siblings);
      break;
    }
    std::vector<RotatedSibling> again = LookForSiblings(folder, base, names);
    const bool same = SameNames(siblings, again);
    AddMissing(std::exchange(siblings, std::move(again)), &seen_before);
    if (same) break;
  }
  const bool by_name = std::ranges::all_of(siblings, [&](const RotatedSibling& sibling) {
    return sibling.dated == siblings.front().dated;
  });
  std::ranges::sort(siblings, [&](const RotatedSibling& a, const RotatedSibling& b) {
    return Newer(a, b, by_name);
  });
  return siblings;
}

std::string FindInFolder(const std::string& path, const FileIdentity& identity,
                         FolderNames& names) {
  const std::string folder = DirectoryPrefix(path);
  std::string found;
  int looks = 0;
  do {
    names.OfInode(folder, identity.inode, [&](const std::string& name) {
      FileStat stat;
      std::string candidate = folder + name;
      if (StatPath(candidate, &stat) == 0 && stat.identity == identity) {
        found = std::move(candidate);
      }
      return found.empty();
    });
  } while (found.empty() && ++looks < kFindLooksMax && !names.Unchanged(folder));
  return found;
}

}  // namespace parshall::bytes
