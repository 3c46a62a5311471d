#include "base/service_notify.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <map>
#include <string>

#include "base/fd.h"

namespace parshall {
namespace {

// A datagram socket as a service manager has it.
class Manager {
 public:
  explicit Manager(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  // Empty: nothing came.
  std::string Receive() {
    char text[512];
    const ssize_t size = ::recv(fd_.get(), text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? std::string() : std::string(text, static_cast<size_t>(size));
  }

 private:
  Fd fd_;
};

struct Folder {
  Folder() { REQUIRE(::mkdtemp(path) != nullptr); }
  ~Folder() {
    ::unlink(socket().c_str());
    ::rmdir(path);
  }
  std::string socket() const { return std::string(path) + "/notify"; }
  char path[32] = "/tmp/parshall_notifyXXXXXX";
};

TEST_CASE("SendNotification sends one datagram to a path and to an abstract name") {
  const Folder folder;
  const std::string abstract = "@parshall_notify_test_" + std::to_string(::getpid());
  for (const std::string& name : {folder.socket(), abstract}) {
    CAPTURE(name);
    Manager manager(name);
    CHECK(SendNotification(name, "READY=1\nSTATUS=fine\n").ok());
    CHECK(manager.Receive() == "READY=1\nSTATUS=fine\n");
    CHECK(manager.Receive().empty());
  }
}

TEST_CASE("SendNotification says what is wrong with a socket") {
  const Folder folder;
  struct Row {
    std::string socket;
    const char* wanted;
  };
  const Row rows[] = {{folder.socket(), "cannot be told"},
                      {"@parshall_nobody_listens_here", "cannot be told"},
                      {"relative/path", "absolute path"},
                      {"@", "absolute path"},
                      {"", "absolute path"},
                      {"/" + std::string(200, 'a'), "too long"}};
  for (const Row& row : rows) {
    CAPTURE(row.socket);
    const Status sent = SendNotification(row.socket, "READY=1\n");
    REQUIRE_FALSE(sent.ok());
    CHECK(sent.error().what.find(row.wanted) != std::string::npos);
  }
}

TEST_CASE("SendNotification does not wait for a manager that takes nothing") {
  const Folder folder;
  const Manager manager(folder.socket());
  // The queue of a unix datagram socket holds net.unix.max_dgram_qlen of them, 10 to 512 in use.
  Status sent = Ok();
  for (int n = 0; n < 10'000 && sent.ok(); ++n)
    sent = SendNotification(folder.socket(), "WATCHDOG=1\n");
  CHECK_FALSE(sent.ok());
}

TEST_CASE("NotifyService uses NOTIFY_SOCKET and does nothing without") {
  const Folder folder;
  Manager manager(folder.socket());
  ::unsetenv("NOTIFY_SOCKET");
  NotifyService("READY=1\n");
  CHECK(manager.Receive().empty());
  ::setenv("NOTIFY_SOCKET", folder.socket().c_str(), 1);
  NotifyService("READY=1\n");
  CHECK(manager.Receive() == "READY=1\n");
  ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("ReloadingMessage has the monotonic clock and StatusMessage is one line") {
  const std::string message = ReloadingMessage();
  CHECK(message.starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(message.ends_with("\n"));
  CHECK(StatusMessage("two\nREADY=1\tlines\x7f") == "STATUS=two READY=1 lines \n");
}

TEST_CASE("WatchdogMillis is that of this process") {
  struct Row {
    const char* usec;
    const char* pid;
    std::optional<int64_t> wanted;
  };
  const Row rows[] = {
      {nullptr, nullptr, std::nullopt},
      {"60000000", nullptr, 60000},
      {"60000000", "7", 60000},
      {"60000000", "8", std::nullopt},
      {"60000000", "x", std::nullopt},
      {"0", nullptr, std::nullopt},
      {"-5", nullptr, std::nullopt},
      {"soon", nullptr, std::nullopt},
      {"5", nullptr, 1},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.usec != nullptr ? row.usec : "none"),
            std::string(row.pid != nullptr ? row.pid : "none"));
    std::map<std::string, std::string> variables;
    if (row.usec != nullptr) variables["WATCHDOG_USEC"] = row.usec;
    if (row.pid != nullptr) variables["WATCHDOG_PID"] = row.pid;
    const auto environment = [&](const std::string& name) -> std::optional<std::string> {
      const auto at = variables.find(name);
      return at == variables.end() ? std::nullopt : std::optional(at->second);
    };
    CHECK(WatchdogMillis(environment, 7) == row.wanted);
  }
}

}  // namespace
}  // namespace parshall
