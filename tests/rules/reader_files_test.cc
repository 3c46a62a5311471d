#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "rules/reader.h"

namespace parshall::rules {
namespace {

// A folder of its own, gone at the end of the test.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "rules_test.XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

TEST_CASE("LoadRuleFiles loads one file, whatever it is called") {
  const TempDir dir;
  const std::string path = dir.Write("rules.txt", "rules: []\n");
  const auto files = LoadRuleFiles(path);
  REQUIRE(files.ok());
  REQUIRE(files->size() == 1);
  CHECK((*files)[0].name == path);
  CHECK((*files)[0].text == "rules: []\n");
  CHECK_FALSE((*files)[0].tree);
}

TEST_CASE("LoadRuleFiles loads a folder in the order of the names") {
  const TempDir dir;
  for (const char* name : {"b.yaml", "a.yml", "c.json", ".hidden.yaml", "notes.txt", "z.yaml~"}) {
    dir.Write(name, name);
  }
  std::filesystem::create_directory(dir.path() + "/d.yaml");
  for (const char* slash : {"", "/"}) {
    const auto files = LoadRuleFiles(dir.path() + slash);
    REQUIRE(files.ok());
    REQUIRE(files->size() == 3);
    CHECK((*files)[0].name == dir.path() + "/a.yml");
    CHECK((*files)[1].text == "b.yaml");
    CHECK((*files)[2].text == "c.json");
  }
}

TEST_CASE("LoadRuleFiles says what cannot be loaded") {
  const TempDir dir;
  const auto fault = [](const std::string& path) {
    const auto files = LoadRuleFiles(path);
    return files.ok() ? std::string("ok") : files.error().what + " @ " + files.error().where;
  };
  CHECK(fault(dir.path() + "/no.yaml") ==
        "there is no such file or folder @ " + dir.path() + "/no.yaml");
  CHECK(fault(dir.path()) ==
        "this folder has no rule files (*.yaml, *.yml, *.json) @ " + dir.path());
  const std::string large = dir.Write("large.yaml", std::string(kYamlBytesMax + 1, '#'));
  CHECK(fault(large) == "the file is larger than 1 MiB @ " + large);
  CHECK(fault(dir.path()) == "the file is larger than 1 MiB @ " + large);
  dir.Write("large.yaml", std::string(kYamlBytesMax, '#'));
  CHECK(fault(large) == "ok");
  CHECK(fault(large + "/x") == "cannot open this file: Not a directory @ " + large + "/x");
  std::filesystem::create_symlink("nowhere", dir.path() + "/a.yaml");
  CHECK(fault(dir.path()) == "there is no such file @ " + dir.path() + "/a.yaml");
  CHECK(LoadText(dir.path()).error().what == "this is a folder, and a file is wanted");
  if (geteuid() != 0) {  // root may read everything
    chmod(large.c_str(), 0);
    CHECK(fault(large) == "cannot open this file: Permission denied @ " + large);
  }
}

TEST_CASE("LoadRuleFiles reads a pipe to its end") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const std::string text = "rules: []\n";
  REQUIRE(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  close(ends[1]);
  const auto files = LoadRuleFiles("/dev/fd/" + std::to_string(ends[0]));
  close(ends[0]);
  REQUIRE(files.ok());
  CHECK((*files)[0].text == text);
}

}  // namespace
}  // namespace parshall::rules
