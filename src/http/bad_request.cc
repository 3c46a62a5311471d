#include "http/bad_request.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <iterator>

namespace parshall::http {

namespace beast = boost::beast;

int StatusOf(const boost::system::error_code& error) {
  if (error == beast::http::error::header_limit) return 431;
  if (error == beast::http::error::body_limit) return 413;
  // The buffer is full and still there is no end of the header (or of a chunk's extensions).
  if (error == beast::http::error::buffer_overflow) return 431;
  const bool transport =
      error == beast::http::error::end_of_stream || error == beast::http::error::partial_message ||
      error.category() != beast::http::make_error_code(beast::http::error::bad_method).category();
  return transport ? 0 : 400;
}

std::string_view SentenceOf(int status) {
  switch (status) {
    case 413:
      return "The body of the request is too large.";
    case 431:
      return "The request line and headers are too large.";
    default:
      return "This is not an HTTP/1.1 request.";
  }
}

// RFC 9112 §6.1: `chunked` once and nothing else, or nobody knows where the body ends, and what one
// side takes for a body is a request to the other.
bool KnowsLength(const beast::http::fields& fields, unsigned version) {
  const auto codings = fields.equal_range(beast::http::field::transfer_encoding);
  if (codings.first == codings.second) return true;
  return std::next(codings.first) == codings.second && version == 11 &&
         beast::iequals(codings.first->value(), "chunked");
}

}  // namespace parshall::http
