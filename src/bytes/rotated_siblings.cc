#include "bytes/rotated_siblings.h"

#include <dirent.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "bytes/path_pattern.h"

namespace parshall::bytes {
namespace {

// More digits than a count has are a date: logrotate counts to `rotate N`, and 20261121 is a day.
constexpr size_t kCountDigitsMax = 5;

constexpr std::string_view kBackupEnd = ".backup";

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

void ForEachName(const std::string& folder, const std::function<bool(const dirent&)>& visit) {
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Close> directory(::opendir(folder.empty() ? "." : folder.c_str()));
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (!visit(*entry)) return;
  }
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

std::vector<RotatedSibling> RotatedSiblings(const std::string& path) {
  const std::string folder = DirectoryPrefix(path);
  const std::string_view base = std::string_view(path).substr(folder.size());
  std::vector<RotatedSibling> siblings;
  ForEachName(folder, [&](const dirent& entry) {
    RotatedSibling sibling;
    if (!ParseRotatedName(base, entry.d_name, &sibling)) return true;
    sibling.path = folder + entry.d_name;
    if (StatPath(sibling.path, &sibling.stat) == 0 && sibling.stat.type == FileType::kRegular) {
      siblings.push_back(std::move(sibling));
    }
    return siblings.size() < kSiblingsMax;
  });
  const bool by_name = std::ranges::all_of(siblings, [&](const RotatedSibling& sibling) {
    return sibling.dated == siblings.front().dated;
  });
  std::ranges::sort(siblings, [&](const RotatedSibling& a, const RotatedSibling& b) {
    return Newer(a, b, by_name);
  });
  return siblings;
}

std::string FindInFolder(const std::string& path, const FileIdentity& identity) {
  const std::string folder = DirectoryPrefix(path);
  std::string found;
  ForEachName(folder, [&](const dirent& entry) {
    if (entry.d_ino != identity.inode) return true;
    FileStat stat;
    std::string candidate = folder + entry.d_name;
    if (StatPath(candidate, &stat) == 0 && stat.identity == identity) found = std::move(candidate);
    return found.empty();
  });
  return found;
}

}  // namespace parshall::bytes
