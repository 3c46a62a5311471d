cmake_minimum_required(VERSION 3.25)
# Writes OUTPUT, a C++ file with the files of the status page: cmake -DOUTPUT=… -DSOURCE_DIR=… -P embed_page.cmake
# Each row: path below the page's address, media type, entity tag (of the content), text.
set(page "${SOURCE_DIR}/src/app/page")
set(uplot "${SOURCE_DIR}/third_party/uplot")

# The code of others is what third_party/README.md says it is.
file(READ "${SOURCE_DIR}/third_party/README.md" sums)
foreach(name uPlot.iife.min.js uPlot.min.css LICENSE)
  file(SHA256 "${uplot}/${name}" sum)
  if(NOT sums MATCHES "`uplot/${name}` \\| `${sum}`")
    message(FATAL_ERROR "third_party/uplot/${name} is not the file whose checksum third_party/README.md has")
  endif()
endforeach()

set(rows "")
function(embed file path type)
  file(READ "${file}" text)
  file(SHA256 "${file}" sum)
  string(SUBSTRING "${sum}" 0 16 tag)
  # Every compiler takes literals of 65,536 characters; the longest, uPlot, has 51,081.
  set(row "    {\"${path}\", \"${type}\", \"W/\\\"${tag}\\\"\", R\"parshall(${text})parshall\"},\n")
  set(rows "${rows}${row}" PARENT_SCOPE)
endfunction()

embed("${page}/index.html" "/" "text/html; charset=utf-8")
file(GLOB scripts "${page}/*.js")
foreach(script IN LISTS scripts)
  get_filename_component(name "${script}" NAME)
  embed("${script}" "/page/${name}" "text/javascript; charset=utf-8")
endforeach()
embed("${page}/page.css" "/page/page.css" "text/css; charset=utf-8")
embed("${page}/icon.svg" "/page/icon.svg" "image/svg+xml")
embed("${uplot}/uPlot.iife.min.js" "/page/uPlot.iife.min.js" "text/javascript; charset=utf-8")
embed("${uplot}/uPlot.min.css" "/page/uPlot.min.css" "text/css; charset=utf-8")
embed("${uplot}/LICENSE" "/page/uPlot-LICENSE.txt" "text/plain; charset=utf-8")

set(code "// Written by cmake/embed_page.cmake from src/app/page and third_party/uplot.
#include \"app/page_files.h\"

namespace parshall::app {
namespace {

constexpr PageFile kFiles[] = {
${rows}};

}  // namespace

std::span<const PageFile> PageFiles() { return kFiles; }

}  // namespace parshall::app
")
file(WRITE "${OUTPUT}" "${code}")
