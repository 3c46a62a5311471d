// From paths to texts: the only file of rules/ that touches the disk.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "rules/reader.h"

namespace parshall::rules {
namespace {

// More would be a mistake, /etc for example.
constexpr size_t kFilesMax = 1000;

// An open file, closed at the end of the scope.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string Reason(int error_number) {
  return std::error_code(error_number, std::generic_category()).message();
}

bool IsRuleFileName(const std::string& name) {
  // The schema that editors use lies beside the rules.
  return !name.starts_with('.') && !name.ends_with(".schema.json") &&
         (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"));
}

Result<std::vector<std::string>> ListFolder(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code unknown;  // an entry that cannot be looked at is opened later, and fails then
    if (!IsRuleFileName(name) || entry->is_directory(unknown)) continue;
    names.push_back(name);
    if (names.size() > kFilesMax) {
      return Fail("more than " + std::to_string(kFilesMax) + " rule files in this folder", path);
    }
  }
  if (error) return Fail("cannot list this folder: " + error.message(), path);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<std::string> LoadText(const std::string& path) {
  const OpenFile file(path);
  if (file.fd() < 0) {
    if (errno == ENOENT) return Fail("there is no such file", path);
    return Fail("cannot open this file: " + Reason(errno), path);
  }
  // A pipe is fine: `--rules <(generate)`. Read one byte more than allowed to know that there is
  // more.
  std::string text(kYamlBytesMax + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.fd(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EISDIR) return Fail("this is a folder, and a file is wanted", path);
    if (count < 0) return Fail("cannot read this file: " + Reason(errno), path);
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size > kYamlBytesMax) return Fail("the file is larger than 1 MiB", path);
  text.resize(size);
  return text;
}

Result<std::vector<RuleFile>> LoadRuleFiles(const std::string& path) {
  std::vector<RuleFile> files;
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    Result<std::string> text = LoadText(path);
    if (!text) {
      Error fault = text.error();
      if (fault.what == "there is no such file") fault.what = "there is no such file or folder";
      return fault;
    }
    files.push_back(RuleFile{path, std::move(*text)});
    return files;
  }
  const Result<std::vector<std::string>> names = ListFolder(path);
  if (!names) return names.error();
  if (names->empty()) {
    return Fail("this folder has no rule files (*.yaml, *.yml, *.json)", path);
  }
  for (const std::string& name : *names) {
    const std::string file = path + (path.ends_with('/') ? "" : "/") + name;
    Result<std::string> text = LoadText(file);
    if (!text) return text.error();
    files.push_back(RuleFile{file, std::move(*text)});
  }
  return files;
}

}  // namespace parshall::rules
