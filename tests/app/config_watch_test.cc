// What counts as a change of the configuration's files, and what does not.

#include "app/config_watch.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

namespace parshall::app {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    char name[] = "/tmp/config_watch_XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return path / name;
  }
  fs::path path;
};

// inotify has something to say within a second; where there is none, nobody can tell.
bool IsTold(const ConfigWatch& watch) {
  if (watch.fd() < 0) return true;
  pollfd wait{.fd = watch.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, 1000) == 1;
}

TEST_CASE("ConfigWatch sees a file that is written, replaced, removed and made again, once each") {
  const Folder folder;
  const std::string file = folder.Write("a.yaml", "1");
  ConfigWatch watch;
  watch.Watch({file});
  CHECK(!watch.Look());
  const auto changed = [&] { return IsTold(watch) && watch.Look() && !watch.Look(); };
  folder.Write("a.yaml", "22");
  CHECK(changed());
  folder.Write("b.yaml", "333");
  fs::rename(folder.path / "b.yaml", file);
  CHECK(changed());
  fs::remove(file);
  CHECK(changed());
  folder.Write("a.yaml", "1");
  CHECK(changed());
}

TEST_CASE("ConfigWatch sees a symbolic link that leads elsewhere, at any step of the way") {
  const Folder folder;
  for (const char* version : {"..1", "..2"}) {
    fs::create_directory(folder.path / version);
    folder.Write(std::string(version) + "/r.yaml", version);
  }
  fs::create_symlink("..1", folder.path / "..data");
  fs::create_symlink("..data/r.yaml", folder.path / "r.yaml");
  ConfigWatch watch;
  watch.Watch({folder.path / "r.yaml"});
  fs::create_symlink("..2", folder.path / "..new");
  fs::rename(folder.path / "..new", folder.path / "..data");
  CHECK(IsTold(watch));
  CHECK(watch.Look());
}

TEST_CASE("Of a folder ConfigWatch sees rule files only") {
  const Folder folder;
  folder.Write("a.yaml", "1");
  ConfigWatch watch;
  watch.Watch({folder.path});
  folder.Write("notes.txt", "x");
  folder.Write(".hidden.yaml", "x");
  CHECK(!watch.Look());
  folder.Write("b.json", "{}");
  CHECK(watch.Look());
  fs::remove(folder.path / "a.yaml");
  CHECK(watch.Look());
}

TEST_CASE("ConfigWatch waits for a folder that is not there yet") {
  const Folder folder;
  ConfigWatch watch;
  watch.Watch({folder.path / "rules"});
  CHECK(!watch.Look());
  fs::create_directory(folder.path / "rules");
  folder.Write("rules/a.yaml", "1");
  CHECK(watch.Look());
}

}  // namespace
}  // namespace parshall::app
