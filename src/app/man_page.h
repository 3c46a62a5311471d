#pragma once
// The manual page, out of the tables of commands and flags.

#include <string>

namespace parshall::app {

// parshall(1) as roff for man(7); ends with a newline.
std::string ManPage();

}  // namespace parshall::app
