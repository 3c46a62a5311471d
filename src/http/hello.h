#pragma once
// The first bytes on a TLS port: whether they are a hello, and what they were when they were none.

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

namespace parshall::http {

// Whether the first TLS record is there, or what is there is none (RFC 8446 §5.1).
bool IsWholeRecord(const boost::asio::const_buffer& bytes);

// Whether a handshake failed since the client spoke HTTP, which deserves an answer it can read.
bool SpokePlainHttp(const boost::system::error_code& error);

}  // namespace parshall::http
