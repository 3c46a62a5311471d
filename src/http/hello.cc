#include "http/hello.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/ssl/error.hpp>
#include <cstddef>

namespace parshall::http {

bool IsWholeRecord(const boost::asio::const_buffer& bytes) {
  const auto* at = static_cast<const unsigned char*>(bytes.data());
  constexpr unsigned char kHandshake = 22;
  if (bytes.size() > 0 && at[0] != kHandshake) return true;
  if (bytes.size() < 5) return false;
  return bytes.size() >= size_t{5} + static_cast<size_t>(at[3] << 8 | at[4]);
}

bool SpokePlainHttp(const boost::system::error_code& error) {
  return error.category() == boost::asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace parshall::http
