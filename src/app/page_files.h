#pragma once
// The status page: files that travel in the program, with the headers that keep a browser strict.

#include <span>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/router.h"

namespace parshall::app {

// One file of src/app/page or third_party/uplot; the texts live as long as the program.
struct PageFile {
  const char* path;  // "/" or "/page/NAME": relative to the page, for proxies that add a prefix
  const char* content_type;
  const char* etag;  // weak: it is the same for the gzipped answer
  std::string_view text;
};

std::span<const PageFile> PageFiles();  // written by cmake/embed_page.cmake

// Adds a route for each file; returns their paths, which are quick to answer.
std::vector<std::string> AddPage(http::Router* router);

}  // namespace parshall::app
