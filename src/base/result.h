#pragma once
// What an operator can get wrong comes back as a value: Result<T> holds either a T or an Error.
// The data path does not use it; a line that is not understood is an outcome, not an error.

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace parshall {

// A sentence for the operator, and the place it is about:
// "rules/nginx.yaml:14:7", "tcp:127.0.0.1:19220", "--threads", a path, or empty.
struct Error {
  std::string what;
  std::string where;

  // "where: what", or only what when there is no place to name.
  std::string ToString() const { return where.empty() ? what : where + ": " + what; }
};

// Fail("this is not a number", "--threads"): converts to any Result.
inline Error Fail(std::string what, std::string where = {}) {
  return Error{std::move(what), std::move(where)};
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: converts
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: converts

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    assert(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    assert(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    assert(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    assert(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

// For steps that yield nothing but may fail: `return Ok();`
struct Done {};
using Status = Result<Done>;
inline Status Ok() { return Done{}; }

}  // namespace parshall
