#pragma once
// The bytes of one connection, plain or under TLS, as Beast wants a stream to be. Deadlines are set
// on the socket below: they hold for the handshake too.

#include <utility>  // asio 1.74 uses std::exchange without including it

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <memory>
#include <optional>

#include "http/tls.h"

namespace parshall::http {

// One thread: the io thread. One read and one write at a time.
class Channel {
 public:
  using Plain = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
  using executor_type = Plain::executor_type;

  // Without `tls` everything goes as it is.
  Channel(boost::asio::generic::stream_protocol::socket socket,
          std::shared_ptr<const TlsContext> tls)
      : plain_(std::move(socket)), tls_(std::move(tls)) {}

  executor_type get_executor() noexcept { return plain_.get_executor(); }
  bool is_secure() const { return tls_ != nullptr; }
  const TlsContext* tls() const { return tls_.get(); }

  // The socket below: for deadlines, for closing, and for words to somebody who speaks no TLS.
  Plain& plain() { return plain_; }
  const Plain& plain() const { return plain_; }
  int plain_fd() const { return const_cast<Plain&>(plain_).socket().native_handle(); }

  // `hello`: what came before, which must stay until handler(error, bytes of it that were used). A
  // session needs some 100 KiB, so that it begins only here.
  template <typename Buffers, typename Handler>
  void Handshake(const Buffers& hello, Handler&& handler) {
    SSL_CTX_up_ref(tls_->native());
    boost::asio::ssl::context context(tls_->native());  // gives the reference back
    secure_.emplace(plain_, context);
    ERR_clear_error();
    secure_->async_handshake(boost::asio::ssl::stream_base::server, hello,
                             std::forward<Handler>(handler));
  }
  // Says that nothing more will come, and waits for the client to say so.
  template <typename Handler>
  void Farewell(Handler&& handler) {
    secure_->async_shutdown(std::forward<Handler>(handler));
  }

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (secure_) {
      secure_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      plain_.async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (secure_) {
      secure_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      plain_.async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

 private:
  Plain plain_;
  std::shared_ptr<const TlsContext> tls_;
  std::optional<boost::asio::ssl::stream<Plain&>> secure_;
};

}  // namespace parshall::http
