#include "state/state_dir.h"

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "tests/state/kit.h"

using namespace parshall;
using namespace parshall::state;

namespace {

std::string OpenFault(const std::string& path) {
  const auto dir = StateDir::Open(path);
  return dir ? std::string() : dir.error().ToString();
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

unsigned ModeOf(const std::string& path) {
  struct stat stat = {};
  REQUIRE(::lstat(path.c_str(), &stat) == 0);
  return stat.st_mode & 07777;
}

}  // namespace

TEST_CASE("StateDir makes its directory for the owner alone, but not its parents") {
  const TempDir temp;
  {
    const StateDir dir = OpenDir(temp / "state///");
    CHECK(dir.path() == temp / "state");
    CHECK(ModeOf(temp / "state") == 0700);
    CHECK(ModeOf(temp / "state/lock") == 0600);
    CHECK(dir.PathOf("x") == temp / "state/x");
  }
  OpenDir(temp / "state");  // again
  const std::string fault = OpenFault(temp / "no/state");
  INFO(fault);
  CHECK(Contains(fault, "the folder that the state directory should stand in does not exist"));
  CHECK_FALSE(IsThere(temp / "no"));
  CHECK(OpenFault("") == "the state directory has no name");
}

TEST_CASE("StateDir refuses a directory that is not surely its own") {
  const TempDir temp;
  REQUIRE(::mkdir((temp / "real").c_str(), 0700) == 0);
  REQUIRE(::symlink((temp / "real").c_str(), (temp / "link").c_str()) == 0);
  REQUIRE(::symlink((temp / "nowhere").c_str(), (temp / "dangling").c_str()) == 0);
  WriteFile(temp / "file", "mine");
  REQUIRE(::mkfifo((temp / "fifo").c_str(), 0600) == 0);
  for (const auto& [name, mode] : {std::pair("group", 0770), {"world", 0707}, {"tmp", 01777}}) {
    REQUIRE(::mkdir((temp / name).c_str(), 0700) == 0);
    REQUIRE(::chmod((temp / name).c_str(), static_cast<mode_t>(mode)) == 0);
  }
  struct Row {
    const char* name;
    const char* part;
  };
  const Row rows[] = {
      {"link", "the state directory is a symbolic link"},
      {"link/", "the state directory is a symbolic link"},
      {"dangling", "the state directory is a symbolic link"},
      {"file", "the state directory is not a directory"},
      {"fifo", "the state directory is not a directory"},
      {"group", "others may write into the state directory (mode 0770)"},
      {"world", "others may write into the state directory (mode 0707)"},
      {"tmp", "others may write into the state directory (mode 1777)"},
  };
  for (const Row& row : rows) {
    const std::string fault = OpenFault(temp / row.name);
    INFO(row.name << ": " << fault);
    CHECK(Contains(fault, row.part));
  }
  CHECK(std::filesystem::is_empty(temp / "real"));
  CHECK(std::filesystem::is_empty(temp / "world"));
  CHECK(ReadFile(temp / "file") == "mine");
  CHECK_FALSE(IsThere(temp / "nowhere"));
  if (::geteuid() != 0) {
    WARN("not root: no directory of another user can be made");
    return;
  }
  REQUIRE(::mkdir((temp / "theirs").c_str(), 0700) == 0);
  REQUIRE(::chown((temp / "theirs").c_str(), 65534, 65534) == 0);
  CHECK(Contains(OpenFault(temp / "theirs"), "belongs to user 65534, and this runs as user 0"));
  CHECK(std::filesystem::is_empty(temp / "theirs"));
  CHECK(StateDir::OpenToLook(temp / "theirs").ok());
}

TEST_CASE("A snapshot that is not surely ours is refused, and what it points to stays as it is") {
  Snapshot snapshot = SnapshotOf(1);
  const std::string bytes = Encoded(snapshot);
  struct Row {
    const char* name;
    const char* part;
    bool needs_root;
    void (*make)(const TempDir& temp, const std::string& path, const std::string& bytes);
  };
  const Row rows[] = {
      {"symbolic link", "a symbolic link", false,
       [](const TempDir& temp, const std::string& path, const std::string&) {
         REQUIRE(::symlink((temp / "target").c_str(), path.c_str()) == 0);
       }},
      {"hard link", "a second name", false,
       [](const TempDir& temp, const std::string& path, const std::string&) {
         REQUIRE(::link((temp / "target").c_str(), path.c_str()) == 0);
       }},
      {"FIFO", "not a regular file", false,
       [](const TempDir&, const std::string& path, const std::string&) {
         REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
       }},
      {"directory", "not a regular file", false,
       [](const TempDir&, const std::string& path, const std::string&) {
         REQUIRE(::mkdir(path.c_str(), 0700) == 0);
       }},
      {"mode 0666", "others may write it (mode 0666)", false,
       [](const TempDir&, const std::string& path, const std::string& content) {
         WriteFile(path, content, 0666);
       }},
      {"mode 0660", "others may write it (mode 0660)", false,
       [](const TempDir&, const std::string& path, const std::string& content) {
         WriteFile(path, content, 0660);
       }},
      {"other owner", "belongs to user 65534", true,
       [](const TempDir&, const std::string& path, const std::string& content) {
         WriteFile(path, content);
         REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
       }},
  };
  for (const Row& row : rows) {
    if (row.needs_root && ::geteuid() != 0) {
      WARN("not root: " << row.name << " cannot be made");
      continue;
    }
    for (const char* const name : {kSnapshotName, kPreviousName}) {
      INFO(row.name << " as " << name);
      const TempDir temp;
      WriteFile(temp / "target", bytes);
      StateDir dir = OpenDir(temp / "state");
      row.make(temp, temp / "state/" + name, bytes);
      const auto recovered = Recover(dir);
      REQUIRE_FALSE(recovered.ok());
      INFO(recovered.error().ToString());
      CHECK(Contains(recovered.error().what, row.part));
      const Recovered anew = *Recover(dir, true);
      CHECK(CountOf(anew, Refusal::kUnsafe) == 1);
      // Nor is it written to or through: a commit puts a file of its own in the place.
      Committer committer(dir, anew);
      REQUIRE(committer.Commit(snapshot).ok());
      CHECK(ReadFile(temp / "target") == bytes);
      CHECK(std::filesystem::is_regular_file(
          std::filesystem::symlink_status(temp / "state/snapshot")));
      CHECK(ModeOf(temp / "state/snapshot") == 0600);
      CHECK(MustRecover(dir).snapshot_is_current);
    }
  }
}

TEST_CASE("A lock file that is not surely ours is refused, and what it points to stays as it is") {
  const TempDir temp;
  WriteFile(temp / "target", "untouched");
  REQUIRE(::mkdir((temp / "state").c_str(), 0700) == 0);
  const std::string lock = temp / "state/lock";
  const auto check = [&](const char* part) {
    const std::string fault = OpenFault(temp / "state");
    INFO(fault);
    CHECK(Contains(fault, part));
    CHECK(ReadFile(temp / "target") == "untouched");
    REQUIRE(::remove(lock.c_str()) == 0);
  };
  REQUIRE(::symlink((temp / "target").c_str(), lock.c_str()) == 0);
  check("symbolic link");
  REQUIRE(::symlink((temp / "nowhere").c_str(), lock.c_str()) == 0);
  check("symbolic link");
  CHECK_FALSE(IsThere(temp / "nowhere"));
  REQUIRE(::link((temp / "target").c_str(), lock.c_str()) == 0);
  check("hard link");
  REQUIRE(::mkfifo(lock.c_str(), 0600) == 0);
  check("not a regular file");
  WriteFile(lock, "", 0666);
  check("others may write it");
  REQUIRE(::mkdir(lock.c_str(), 0700) == 0);
  check("lock");
  OpenDir(temp / "state");
}

TEST_CASE("A second instance is told who holds the state directory") {
  const TempDir temp;
  {
    const StateDir first = OpenDir(temp.path());
    const std::string fault = OpenFault(temp.path());
    INFO(fault);
    CHECK(Contains(fault, "is in use by the instance with process id " +
                              std::to_string(::getpid()) + ", started 20"));
    CHECK(Contains(fault, temp.path()));
    // Who only looks needs no lock.
    CHECK(StateDir::OpenToLook(temp.path()).ok());
    // What the lock file says is not trusted.
    WriteFile(temp / "lock", "pid 12; rm -rf\x1b[31m\nsince yesterday\n");
    CHECK(Contains(OpenFault(temp.path()), "in use by the instance with process id 12; stop it"));
    WriteFile(temp / "lock", std::string(200, 'x'));
    CHECK(Contains(OpenFault(temp.path()), "in use by another instance; stop it"));
  }
  OpenDir(temp.path());  // free again
}

TEST_CASE("The lock ends with a process that was killed") {
  const TempDir temp;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto dir = StateDir::Open(temp.path());
    const char byte = dir.ok() ? '1' : '0';
    [[maybe_unused]] const ssize_t n = ::write(ready[1], &byte, 1);
    for (;;) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(byte == '1');
  CHECK(Contains(OpenFault(temp.path()), "process id " + std::to_string(child)));
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(OpenFault(temp.path()) == "");
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("A lock file that was deleted is made anew, unless another instance was quicker") {
  const TempDir temp;
  StateDir first = OpenDir(temp.path());
  CHECK(first.KeepLock().ok());
  REQUIRE(::unlink((temp / "lock").c_str()) == 0);
  CHECK(first.KeepLock().ok());
  CHECK(Contains(OpenFault(temp.path()), "in use"));
  REQUIRE(::unlink((temp / "lock").c_str()) == 0);
  {
    StateDir second = OpenDir(temp.path());
    CHECK_FALSE(first.KeepLock().ok());
    CHECK(second.KeepLock().ok());
    Committer committer(first, {});
    Snapshot snapshot;
    const Status status = committer.Commit(snapshot);
    REQUIRE_FALSE(status.ok());
    CHECK(Contains(status.error().ToString(), "in use by the instance"));
    CHECK_FALSE(IsThere(temp / "snapshot"));
  }
  CHECK(first.KeepLock().ok());
}

TEST_CASE("Temporaries of a run that crashed are removed, and nothing else is") {
  const TempDir temp;
  const std::string stale[] = {"snapshot.tmp-0123456789abcdef", "snapshot.tmp-ffffffffffffffff"};
  const std::string others[] = {
      "snapshot.tmp-0123456789abcde",    // too short
      "snapshot.tmp-0123456789abcdef0",  // too long
      "snapshot.tmp-0123456789ABCDEF",  "snapshot.tmp-", "snapshot.tmp", "snapshot.refused",
      "xsnapshot.tmp-0123456789abcdef", "notes.txt"};
  for (const std::string& name : stale) WriteFile(temp / name, "x");
  for (const std::string& name : others) WriteFile(temp / name, "x");
  const std::string link = temp / "snapshot.tmp-00000000000000aa";
  REQUIRE(::symlink((temp / "notes.txt").c_str(), link.c_str()) == 0);
  const std::string folder = temp / "snapshot.tmp-00000000000000bb";
  REQUIRE(::mkdir(folder.c_str(), 0700) == 0);
  CHECK(StateDir::OpenToLook(temp.path())->swept() == 0);
  CHECK(IsThere(temp / stale[0]));
  CHECK(OpenDir(temp.path()).swept() == 2);
  for (const std::string& name : stale) CHECK_FALSE(IsThere(temp / name));
  for (const std::string& name : others) CHECK(IsThere(temp / name));
  CHECK(IsThere(link));
  CHECK(IsThere(folder));
}

TEST_CASE("Who looks makes nothing") {
  const TempDir temp;
  const auto missing = StateDir::OpenToLook(temp / "state");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().what == "there is no such state directory");
  CHECK_FALSE(IsThere(temp / "state"));
  REQUIRE(::mkdir((temp / "state").c_str(), 0700) == 0);
  CHECK(StateDir::OpenToLook(temp / "state").ok());
  CHECK(std::filesystem::is_empty(temp / "state"));
}
