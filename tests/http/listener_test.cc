#include "http/listener.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/http/client.h"

namespace parshall::http {
namespace {

namespace fs = std::filesystem;

class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/parshall_http_XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TempDir() { fs::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string ErrorOf(const std::vector<std::string>& addresses) {
  auto listeners = ListenAll(addresses, "; choose another");
  return listeners.ok() ? "" : listeners.error().ToString();
}

std::string PortOf(const std::string& address) { return address.substr(address.rfind(':') + 1); }

// A socket file whose program has died.
void LeaveSocket(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::strcpy(name.sun_path, path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  REQUIRE(listen(fd, 1) == 0);
  close(fd);
}

}  // namespace

TEST_CASE("ParseAddress takes what an operator writes") {
  struct Row {
    const char* text;
    const char* wanted;  // ToString, or a part of the error
  };
  const Row good[] = {
      {"127.0.0.1:19220", "tcp:127.0.0.1:19220"},
      {":9100", "tcp::9100"},
      {"[::1]:9100", "tcp:[::1]:9100"},
      {"[::]:0", "tcp:[::]:0"},
      {"[fe80::1%lo]:9100", "tcp:[fe80::1%lo]:9100"},
      {"localhost:9100", "tcp:localhost:9100"},
      {"a-b.example:65535", "tcp:a-b.example:65535"},
      {"0.0.0.0:1", "tcp:0.0.0.0:1"},
      {"unix:/run/x.sock", "unix:/run/x.sock"},
      {"unix:x y", "unix:x y"},
  };
  for (const Row& row : good) {
    INFO(row.text);
    const auto address = ParseAddress(row.text);
    REQUIRE(address.ok());
    CHECK(address->ToString() == row.wanted);
  }
  const Row bad[] = {
      {"", "is not an address"},
      {"9100", "is not an address"},
      {"localhost", "is not an address"},
      {"127.0.0.1:", "has no port number"},
      {"127.0.0.1:http", "has no port number"},
      {"127.0.0.1:-1", "has no port number"},
      {"127.0.0.1:+1", "has no port number"},
      {"127.0.0.1: 1", "has no port number"},
      {"127.0.0.1:70000", "there is no port 70000; the largest is 65535"},
      {"127.0.0.1:65536", "there is no port 65536"},
      {"127.0.0.1:99999999999999999999", "has no port number"},
      {"::1:9100", "[IPV6]:PORT"},
      {"[127.0.0.1]:9100", "is not an address"},
      {"[::1:9100", "is not an address"},
      {"[]:9100", "is not an address"},
      {"[gg::]:9100", "is not an address"},
      {"http://localhost:9100", "is not an address"},
      {"a b:9100", "is not an address"},
      {"unix:", "between 1 and 107 bytes"},
  };
  for (const Row& row : bad) {
    INFO(row.text);
    const auto address = ParseAddress(row.text);
    REQUIRE_FALSE(address.ok());
    CHECK(address.error().ToString().find(row.wanted) != std::string::npos);
  }
  CHECK_FALSE(ParseAddress("unix:/" + std::string(107, 'x')).ok());
  CHECK(ParseAddress("unix:/" + std::string(106, 'x')).ok());
}

TEST_CASE("Listen says which port is in use, and by which sentence to go on") {
  auto first = ListenAll({"127.0.0.1:0"}, "");
  REQUIRE(first.ok());
  const std::string address = first->front().name();
  CHECK(ErrorOf({address}) == "tcp:" + address + ": port " + PortOf(address) +
                                  " is in use by another program; choose another");
  CHECK(ErrorOf({":" + PortOf(address)}).find("in use") != std::string::npos);
}

TEST_CASE("Listen binds all addresses or none") {
  auto taken = ListenAll({"127.0.0.1:0"}, "");
  REQUIRE(taken.ok());
  const TempDir dir;
  const long before = OpenDescriptors();
  CHECK_FALSE(ErrorOf({"127.0.0.1:0", "unix:" + (dir / "s"), taken->front().name()}).empty());
  CHECK(OpenDescriptors() == before);
  CHECK_FALSE(fs::exists(dir / "s"));
}

TEST_CASE("Listen refuses an address of another machine, an unknown host and a repeated address") {
  CHECK(ErrorOf({"192.0.2.1:9100"}).find("no such address") != std::string::npos);
  CHECK(ErrorOf({"no-such-host.invalid:9100"}).find("is not known") != std::string::npos);
  CHECK(ErrorOf({"127.0.0.1:19299", "127.0.0.1:19299"}).find("given twice") != std::string::npos);
}

TEST_CASE("Listen gives every address of a name the same port") {
  auto listeners = ListenAll({"localhost:0"}, "");
  REQUIRE(listeners.ok());
  for (const Listener& listener : *listeners) {
    CHECK(PortOf(listener.name()) == PortOf(listeners->front().name()));
    CHECK(Client(listener.name()).connected());
  }
}

TEST_CASE("Listen on every address hears IPv4 and IPv6") {
  auto listeners = ListenAll({":0"}, "");
  REQUIRE(listeners.ok());
  REQUIRE(listeners->size() == 1);
  const std::string port = PortOf(listeners->front().name());
  CHECK(Client("127.0.0.1:" + port).connected());
  if (Client("[::1]:" + port).connected() == false) WARN("no IPv6 on this machine");
}

TEST_CASE("Listen makes a socket file for owner and group, and removes it") {
  const TempDir dir;
  const std::string path = dir / "s";
  const mode_t umask_before = umask(077);
  {
    auto listeners = ListenAll({"unix:" + path}, "");
    umask(umask_before);
    REQUIRE(listeners.ok());
    CHECK(listeners->front().name() == "unix:" + path);
    struct stat status;
    REQUIRE(lstat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0660);
    CHECK(Client("unix:" + path).connected());
    CHECK(ErrorOf({"unix:" + path}).find("in use by another program") != std::string::npos);
    CHECK(fs::exists(path));
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("Listen replaces a socket file that nobody answers on") {
  const TempDir dir;
  const std::string path = dir / "s";
  LeaveSocket(path);
  auto listeners = ListenAll({"unix:" + path}, "");
  REQUIRE(listeners.ok());
  CHECK(Client("unix:" + path).connected());
}

TEST_CASE("Listen never removes what is not a socket") {
  const TempDir dir;
  const std::string path = dir / "file";
  std::ofstream(path) << "precious";
  fs::create_symlink(dir / "elsewhere", dir / "link");
  LeaveSocket(dir / "elsewhere");
  for (const char* name : {"file", "link"}) {
    INFO(name);
    CHECK(ErrorOf({"unix:" + (dir / name)}).find("not a socket") != std::string::npos);
  }
  CHECK(fs::file_size(path) == 8);
  CHECK(fs::is_symlink(dir / "link"));
  CHECK(ErrorOf({"unix:" + (dir / "missing/s")}).find("cannot make this socket") !=
        std::string::npos);
}

TEST_CASE("Listener leaves a socket file that became another program's") {
  const TempDir dir;
  const std::string path = dir / "s";
  auto listeners = ListenAll({"unix:" + path}, "");
  REQUIRE(listeners.ok());
  fs::rename(path, dir / "moved");  // keeps the inode from being used again
  LeaveSocket(path);
  listeners->clear();
  CHECK(fs::exists(path));
}

}  // namespace parshall::http
