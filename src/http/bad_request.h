#pragma once
// What makes a request unreadable, and what is said to whoever sent it.

#include <boost/beast/http/fields.hpp>
#include <boost/system/error_code.hpp>
#include <string_view>

namespace parshall::http {

// The answer to a request that could not be read, or 0 when there is nobody to answer.
int StatusOf(const boost::system::error_code& error);
std::string_view SentenceOf(int status);

// Whether it is plain where the body ends. `version`: 11 is HTTP/1.1.
bool KnowsLength(const boost::beast::http::fields& fields, unsigned version);

}  // namespace parshall::http
