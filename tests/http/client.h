#pragma once
// A client that may be as rude as a test needs: raw bytes over a real socket, and a strict reader
// of responses.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "http/message.h"
#include "tests/http/certificates.h"

namespace parshall::http {

// Polls until `condition` holds; false when it does not within 10 s.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

inline long OpenDescriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                       std::filesystem::directory_iterator());
}

struct Answer {
  int status = 0;
  std::string head;  // status line and headers
  std::string body;

  // The value of a header, or nothing.
  std::optional<std::string> Find(std::string_view name) const {
    size_t begin = head.find("\r\n");
    while (begin != std::string::npos && begin + 2 < head.size()) {
      begin += 2;
      const size_t end = head.find("\r\n", begin);
      const std::string line = head.substr(begin, end - begin);
      const size_t colon = line.find(": ");
      if (colon != std::string::npos && EqualIgnoringCase(line.substr(0, colon), name)) {
        return line.substr(colon + 2);
      }
      begin = end;
    }
    return std::nullopt;
  }
};

class Client {
 public:
  // "127.0.0.1:80", "[::1]:80" or "unix:/path". A wildcard address is reached over loopback.
  explicit Client(const std::string& address, int receive_buffer_bytes = 0) {
    sockaddr_storage storage = {};
    socklen_t size = 0;
    if (address.starts_with("unix:")) {
      auto* name = reinterpret_cast<sockaddr_un*>(&storage);
      name->sun_family = AF_UNIX;
      std::strcpy(name->sun_path, address.substr(5).c_str());
      size = sizeof(sockaddr_un);
    } else {
      const size_t colon = address.rfind(':');
      const auto port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
      const std::string host = address.substr(0, colon);
      if (host.starts_with('[')) {
        auto* name = reinterpret_cast<sockaddr_in6*>(&storage);
        name->sin6_family = AF_INET6;
        name->sin6_port = port;
        inet_pton(AF_INET6, "::1", &name->sin6_addr);
        size = sizeof(sockaddr_in6);
      } else {
        auto* name = reinterpret_cast<sockaddr_in*>(&storage);
        name->sin_family = AF_INET;
        name->sin_port = port;
        inet_pton(AF_INET, host == "0.0.0.0" ? "127.0.0.1" : host.c_str(), &name->sin_addr);
        size = sizeof(sockaddr_in);
      }
    }
    fd_ = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer_bytes > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    const int on = 1;  // each Send leaves at once, so that a cut request arrives cut
    if (storage.ss_family != AF_UNIX) setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&storage), size) == 0;
  }
  ~Client() {
    SSL_free(ssl_);
    if (fd_ >= 0) close(fd_);
  }
  Client(Client&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        ssl_(std::exchange(other.ssl_, nullptr)),
        connected_(other.connected_),
        pending_(std::move(other.pending_)) {}
  Client& operator=(Client&&) = delete;

  bool connected() const { return connected_; }

  // From here on everything goes under TLS; the server's certificate is taken as it is. False when
  // the handshake fails. With TLS 1.3 a client learns only when it reads that its own was refused.
  bool StartTls(const TestCertificate* own = nullptr, int version = 0,
                const std::string& protocols = {}) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (version != 0) {
      SSL_CTX_set_security_level(context, 0);  // else it would not even try the old ones
      SSL_CTX_set_min_proto_version(context, version);
      SSL_CTX_set_max_proto_version(context, version);
    }
    if (own != nullptr) {
      X509* cert = own->ReadCert();
      EVP_PKEY* key = own->ReadKey();
      SSL_CTX_use_certificate(context, cert);
      SSL_CTX_use_PrivateKey(context, key);
      X509_free(cert);
      EVP_PKEY_free(key);
    }
    if (!protocols.empty()) {
      SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                              static_cast<unsigned>(protocols.size()));
    }
    ssl_ = SSL_new(context);
    SSL_CTX_free(context);
    const timeval patience = {10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    SSL_set_fd(ssl_, fd_);
    return SSL_connect(ssl_) == 1;
  }
  SSL* ssl() { return ssl_; }

  // False when the server has closed.
  bool Send(std::string_view bytes) {
    if (ssl_ != nullptr) {
      return bytes.empty() || SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
    }
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // As much as the socket takes now. False when the server has closed.
  bool SendSome(std::string_view bytes) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent >= 0 || errno == EAGAIN;
  }

  void CloseWriting() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
    shutdown(fd_, SHUT_WR);
  }

  // One response; nothing when the connection ends before it is complete, or after 10 s.
  std::optional<Answer> Read(bool head_only = false) {
    size_t end = 0;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return std::nullopt;
    }
    Answer answer;
    answer.head = pending_.substr(0, end + 2);
    pending_.erase(0, end + 4);
    if (answer.head.size() < 12 || !answer.head.starts_with("HTTP/1.")) return std::nullopt;
    answer.status = std::stoi(answer.head.substr(9, 3));
    const std::optional<std::string> length = answer.Find("Content-Length");
    if (answer.Find("Transfer-Encoding") == "chunked" && !head_only) {
      if (!ReadChunks(&answer.body)) return std::nullopt;
      return answer;
    }
    const size_t wanted = length && !head_only ? std::stoul(*length) : 0;
    while (pending_.size() < wanted) {
      if (!Receive()) return std::nullopt;
    }
    answer.body = pending_.substr(0, wanted);
    pending_.erase(0, wanted);
    return answer;
  }

  // Everything until the server closes; false if it does not within 10 s.
  bool ReadToEnd(std::string* all) {
    while (Receive()) {
    }
    *all = pending_;
    return ended_;
  }

  // Whether the server closes the connection within 10 s. What it sends before is thrown away.
  bool IsClosed() {
    while (Receive()) pending_.clear();
    return ended_;
  }

 private:
  bool ReadChunks(std::string* body) {
    for (;;) {
      size_t end = 0;
      while ((end = pending_.find("\r\n")) == std::string::npos) {
        if (!Receive()) return false;
      }
      const size_t size = std::stoul(pending_.substr(0, end), nullptr, 16);
      while (pending_.size() < end + 2 + size + 2) {
        if (!Receive()) return false;
      }
      if (pending_.substr(end + 2 + size, 2) != "\r\n") return false;
      body->append(pending_, end + 2, size);
      pending_.erase(0, end + 2 + size + 2);
      if (size == 0) return true;
    }
  }

  bool Receive() {
    pollfd ready = {fd_, POLLIN, 0};
    const bool pending = ssl_ != nullptr && SSL_pending(ssl_) > 0;
    if (!pending && poll(&ready, 1, 10'000) != 1) return false;
    char bytes[64 << 10];
    const ssize_t size =
        ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof bytes) : recv(fd_, bytes, sizeof bytes, 0);
    if (size <= 0) {
      ended_ = true;
      return false;
    }
    pending_.append(bytes, static_cast<size_t>(size));
    return true;
  }

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  bool ended_ = false;
  std::string pending_;
};

// One request on a connection of its own.
inline std::optional<Answer> Ask(const std::string& address, const std::string& request) {
  Client client(address);
  if (!client.Send(request)) return std::nullopt;
  return client.Read(request.starts_with("HEAD"));
}

inline std::optional<Answer> Get(const std::string& address, const std::string& path = "/") {
  return Ask(address, "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
}

}  // namespace parshall::http
