#include "http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/numbers.h"
#include "base/quoted.h"

namespace parshall::http {
namespace {

// A crowd at the door must not make honest clients wait for the retry of a dropped SYN (1 s).
// net.core.somaxconn caps it (4096 as Linux comes).
constexpr int kBacklog = 4096;
constexpr mode_t kSocketFileMode = 0660;

// Closes its descriptor unless it was taken.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return fd_; }
  int Take() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  uint16_t port() const {
    return ntohs(family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                                      : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  }
  void set_port(uint16_t port) {
    if (family() == AF_INET6) {
      reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
    } else {
      reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
    }
  }
  std::string ToString() {
    char host[NI_MAXHOST];
    if (getnameinfo(get(), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) return "?";
    return family() == AF_INET6 ? fmt::format("[{}]:{}", host, port())
                                : fmt::format("{}:{}", host, port());
  }
};

bool IsLiteral(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  const std::string without_zone = host.substr(0, host.find('%'));
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, without_zone.c_str(), bytes) == 1;
}

// The socket addresses a host stands for, without duplicates. May ask DNS for a name.
Result<std::vector<SocketAddress>> Resolve(const Address& address) {
  addrinfo wanted = {};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  if (IsLiteral(address.host)) wanted.ai_flags |= AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const std::string port = fmt::format("{}", address.port);
  const int code = getaddrinfo(address.host.c_str(), port.c_str(), &wanted, &found);
  if (code != 0) {
    return Fail(fmt::format("the host {} is not known: {}", Quoted(address.host),
                            code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code)),
                address.ToString());
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    SocketAddress one;
    if (info->ai_addrlen > sizeof one.storage) continue;
    std::memcpy(&one.storage, info->ai_addr, info->ai_addrlen);
    one.size = info->ai_addrlen;
    const bool seen = std::any_of(addresses.begin(), addresses.end(), [&](const auto& other) {
      return other.size == one.size && std::memcmp(&other.storage, &one.storage, one.size) == 0;
    });
    if (!seen) addresses.push_back(one);
  }
  freeaddrinfo(found);
  return addresses;
}

Error WhyNot(int error, uint16_t port, std::string_view hint, std::string where) {
  switch (error) {
    case EADDRINUSE:
      return Fail(fmt::format("port {} is in use by another program{}", port, hint),
                  std::move(where));
    case EACCES:
    case EPERM:
      return Fail(fmt::format("not allowed to listen on port {}{}", port,
                              port != 0 && port < 1024
                                  ? "; ports below 1024 need the capability CAP_NET_BIND_SERVICE"
                                  : ""),
                  std::move(where));
    case EADDRNOTAVAIL:
      return Fail("this machine has no such address", std::move(where));
    case EAFNOSUPPORT:
      return Fail("this machine does not speak this kind of address", std::move(where));
    case EMFILE:
    case ENFILE:
      return Fail("cannot listen: too many files are open", std::move(where));
    default:
      return Fail(fmt::format("cannot listen: {}", std::strerror(error)), std::move(where));
  }
}

// The descriptor of a listening socket, or -errno. On success *address has the real port.
int BindTcp(SocketAddress* address, bool both_families) {
  Socket socket(::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return -errno;
  const int on = 1;
  const int only_v6 = both_families ? 0 : 1;
  // Lets a restart bind while old connections are in TIME_WAIT; Linux still refuses two listeners
  // on one port.
  if (setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return -errno;
  if (address->family() == AF_INET6 &&
      setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) != 0) {
    return -errno;
  }
  if (bind(socket.get(), address->get(), address->size) != 0) return -errno;
  if (listen(socket.get(), kBacklog) != 0) return -errno;
  address->size = sizeof address->storage;
  if (getsockname(socket.get(), address->get(), &address->size) != 0) return -errno;
  return socket.Take();
}

SocketAddress AnyV6(uint16_t port) {
  SocketAddress any;
  any.storage.ss_family = AF_INET6;
  any.size = sizeof(sockaddr_in6);
  any.set_port(port);
  return any;
}

SocketAddress AnyV4(uint16_t port) {
  SocketAddress any;
  any.storage.ss_family = AF_INET;
  any.size = sizeof(sockaddr_in);
  any.set_port(port);
  return any;
}

Result<std::vector<Listener>> ListenEverywhere(const Address& address, std::string_view hint) {
  SocketAddress any = AnyV6(address.port);
  int fd = BindTcp(&any, /*both_families=*/true);
  if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) {  // a kernel without IPv6
    any = AnyV4(address.port);
    fd = BindTcp(&any, false);
  }
  if (fd < 0) return WhyNot(-fd, address.port, hint, address.ToString());
  std::vector<Listener> listeners;
  listeners.emplace_back(fd, any.ToString());
  return listeners;
}

// Every address of a name gets the same port. With port 0 the system chooses for the first one, and
// the rest may find that port taken: then all begin again.
Result<std::vector<Listener>> ListenTcp(const Address& address, std::string_view hint) {
  if (address.host.empty() || address.host == "::") return ListenEverywhere(address, hint);
  Result<std::vector<SocketAddress>> resolved = Resolve(address);
  if (!resolved) return resolved.error();
  constexpr int kAttemptsMax = 8;
  for (int attempt = 1;; ++attempt) {
    std::vector<Listener> listeners;
    uint16_t port = address.port;
    std::optional<int> fault;
    for (SocketAddress one : *resolved) {
      one.set_port(port);
      const int fd = BindTcp(&one, false);
      if (fd >= 0) {
        listeners.emplace_back(fd, one.ToString());
        port = one.port();
        continue;
      }
      // "localhost" often names ::1 on machines without IPv6: such an address is left out, unless
      // it is the only one.
      const bool absent = fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL;
      if (!absent || resolved->size() == 1) fault = -fd;
      if (fault) break;
    }
    if (!fault && !listeners.empty()) return listeners;
    if (fault == EADDRINUSE && address.port == 0 && attempt < kAttemptsMax) continue;
    return WhyNot(fault.value_or(EADDRNOTAVAIL), address.port, hint, address.ToString());
  }
}

// Makes room for a socket file: nothing there, or a socket that nobody answers on.
Status ClearStaleSocket(const sockaddr_un& name, const std::string& where) {
  struct stat status;
  if (lstat(name.sun_path, &status) != 0) {
    if (errno == ENOENT) return Ok();
    return Fail(fmt::format("cannot listen: {}", std::strerror(errno)), where);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return Fail("there is a file that is not a socket; it is left alone, choose another path",
                where);
  }
  Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) return WhyNot(errno, 0, "", where);
  const auto* generic = reinterpret_cast<const sockaddr*>(&name);
  if (connect(probe.get(), generic, sizeof name) == 0 || errno == EAGAIN) {
    return Fail("this socket is in use by another program", where);
  }
  if (errno != ECONNREFUSED && errno != ENOENT) {
    return Fail(fmt::format("cannot tell whether this socket is in use: {}", std::strerror(errno)),
                where);
  }
  if (unlink(name.sun_path) != 0 && errno != ENOENT) {
    return Fail(fmt::format("cannot replace this left-over socket: {}", std::strerror(errno)),
                where);
  }
  return Ok();
}

}  // namespace

// A friend of Listener, hence outside of the anonymous namespace.
Result<Listener> ListenUnix(const Address& address, std::string_view hint) {
  const std::string where = address.ToString();
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (address.path.empty() || address.path.size() >= sizeof name.sun_path) {
    return Fail("the path of a unix socket has between 1 and 107 bytes", where);
  }
  std::memcpy(name.sun_path, address.path.data(), address.path.size());
  if (Status cleared = ClearStaleSocket(name, where); !cleared) return cleared.error();

  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return WhyNot(errno, 0, "", where);
  // Linux makes the file with the mode of the unbound socket, less the umask: so it is never wider
  // than wanted, not even for a moment, and the umask of the whole process is left alone.
  fchmod(socket.get(), kSocketFileMode);
  const auto* generic = reinterpret_cast<const sockaddr*>(&name);
  if (bind(socket.get(), generic, sizeof name) != 0) {
    if (errno == EADDRINUSE) {
      return Fail(fmt::format("this socket is in use by another program{}", hint), where);
    }
    return Fail(fmt::format("cannot make this socket: {}", std::strerror(errno)), where);
  }
  Listener listener(socket.Take(), where);
  struct stat status;
  if (lstat(name.sun_path, &status) == 0) {
    listener.path_ = address.path;
    listener.device_ = status.st_dev;
    listener.inode_ = status.st_ino;
  }
  // Widens what the umask took away. Best effort: some file systems have no modes.
  (void)fchmodat(AT_FDCWD, name.sun_path, kSocketFileMode, AT_SYMLINK_NOFOLLOW);
  if (listen(listener.fd(), kBacklog) != 0) {
    return Fail(fmt::format("cannot listen: {}", std::strerror(errno)), where);
  }
  return listener;
}

std::string Address::ToString() const {
  if (kind == Kind::kUnix) return "unix:" + path;
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? fmt::format("tcp:[{}]:{}", host, port) : fmt::format("tcp:{}:{}", host, port);
}

Result<Address> ParseAddress(std::string_view text) {
  static constexpr std::string_view kForms =
      "write HOST:PORT, :PORT for every address, [IPV6]:PORT or unix:/PATH";
  Address address;
  if (text.starts_with("unix:")) {
    address.kind = Address::Kind::kUnix;
    address.path = text.substr(5);
    if (address.path.empty() || address.path.size() > 107 ||
        address.path.find('\0') != std::string::npos) {
      return Fail("the path of a unix socket has between 1 and 107 bytes", Quoted(text));
    }
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return Fail(fmt::format("{} is not an address; {}", Quoted(text), kForms));
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  int64_t number = 0;
  if (port.empty() || port.size() > 9 || port[0] == '-' || !ParseInt64(port, &number)) {
    return Fail(fmt::format("{} has no port number; {}", Quoted(text), kForms));
  }
  if (number > 65535) {
    return Fail(fmt::format("there is no port {}; the largest is 65535", number), Quoted(text));
  }
  address.port = static_cast<uint16_t>(number);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (is_v6 != bracketed || host.find_first_of("[]/ \t\r\n\"") != std::string_view::npos ||
      host.find('\0') != std::string_view::npos || host.size() > 253 ||
      (is_v6 && !IsLiteral(std::string(host)))) {
    return Fail(fmt::format("{} is not an address; {}", Quoted(text), kForms));
  }
  address.host = host;
  return address;
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      name_(std::move(other.name_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

Listener::~Listener() {
  if (!path_.empty()) {
    struct stat status;
    const bool ours =
        lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
    if (ours) unlink(path_.c_str());
  }
  if (fd_ >= 0) close(fd_);
}

int Listener::Release() { return std::exchange(fd_, -1); }

Result<std::vector<Listener>> Listen(const Address& address, std::string_view hint) {
  if (address.kind == Address::Kind::kTcp) return ListenTcp(address, hint);
  Result<Listener> listener = ListenUnix(address, hint);
  if (!listener) return listener.error();
  std::vector<Listener> listeners;
  listeners.push_back(std::move(*listener));
  return listeners;
}

Result<std::vector<Listener>> ListenAll(const std::vector<std::string>& addresses,
                                        std::string_view hint) {
  std::vector<Listener> all;
  std::vector<std::string> names;
  for (const std::string& text : addresses) {
    Result<Address> address = ParseAddress(text);
    if (!address) return address.error();
    // Two listeners on port 0 are two ports; the same fixed address twice would be "in use by
    // another program".
    const std::string name = address->ToString();
    const bool fixed = address->kind == Address::Kind::kUnix || address->port != 0;
    if (fixed && std::find(names.begin(), names.end(), name) != names.end()) {
      return Fail("this address is given twice", name);
    }
    names.push_back(name);
    Result<std::vector<Listener>> some = Listen(*address, hint);
    if (!some) return some.error();
    for (Listener& listener : *some) all.push_back(std::move(listener));
  }
  return all;
}

}  // namespace parshall::http
