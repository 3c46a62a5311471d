#pragma once
// Where a server listens: an address as the operator writes it, and the bound, listening sockets
// behind it. Plain POSIX; server.cc takes the descriptors from here.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace parshall::http {

// "127.0.0.1:9100", "localhost:9100", "[::1]:9100", ":9100" (every address, IPv4 and IPv6),
// "unix:/run/x.sock".
struct Address {
  enum class Kind { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  std::string host;   // without brackets; empty means every address
  uint16_t port = 0;  // 0: the system chooses
  std::string path;   // of a unix socket, at most 107 bytes

  std::string ToString() const;  // "tcp:127.0.0.1:9100", "tcp:[::1]:9100", "unix:/run/x.sock"
};

Result<Address> ParseAddress(std::string_view text);

// One listening socket. Closes it and removes its socket file when it goes, the file only if it is
// still ours. Handed over.
class Listener {
 public:
  Listener(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;

  int fd() const { return fd_; }
  // The address with its real port: "127.0.0.1:40123", "[::]:9100", "unix:/run/x.sock".
  const std::string& name() const { return name_; }
  bool is_unix() const { return !path_.empty(); }
  // Gives the descriptor to the caller; the socket file stays this object's care.
  int Release();

 private:
  friend Result<Listener> ListenUnix(const Address& address, std::string_view hint);

  int fd_ = -1;
  std::string name_;
  std::string path_;  // the socket file we made; empty for TCP
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Binds and listens. A name such as localhost may give several sockets, all with one port.
// `hint` ends the sentence about a port in use: "; choose another with --web.listen-address", or
// empty. On an error nothing stays bound and no socket file stays behind.
//
// A socket file that nobody answers on is left over from a crash and is replaced; a file that is no
// socket never is. Two programs that start at the same moment on one such path may both replace it;
// the later one has it.
Result<std::vector<Listener>> Listen(const Address& address, std::string_view hint);

// All of them or none.
Result<std::vector<Listener>> ListenAll(const std::vector<std::string>& addresses,
                                        std::string_view hint);

}  // namespace parshall::http
