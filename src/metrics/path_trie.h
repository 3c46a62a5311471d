#pragma once
// One directory in what PathTemplates has learned; for its two files only.

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "metrics/path_segment.h"
#include "metrics/path_templates.h"

namespace parshall::metrics {

// Plain data.
struct PathTemplates::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> dirs;
  std::set<std::string, std::less<>> names;  // last segments
  std::set<std::string, std::less<>> files;  // last segments with an extension
  bool any_dir = false;                      // directories that are no kinds are `:any`
  bool any_name = false;
  bool any_file = false;
  bool ends_here = false;  // of the root: there was the path /

  size_t WordDirs() const {
    return static_cast<size_t>(std::count_if(dirs.begin(), dirs.end(),
                                             [](const auto& d) { return !IsPathKind(d.first); }));
  }
  static size_t Words(const std::set<std::string, std::less<>>& set) {
    return static_cast<size_t>(
        std::count_if(set.begin(), set.end(), [](const auto& name) { return !IsPathKind(name); }));
  }
};

}  // namespace parshall::metrics
