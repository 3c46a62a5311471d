#include "metrics/path_templates.h"

#include <algorithm>
#include <utility>

#include "metrics/path_segment.h"
#include "metrics/path_trie.h"

namespace parshall::metrics {
namespace {

constexpr std::string_view kAny = ":any";
constexpr std::string_view kFile = ":file";
constexpr std::string_view kMonth = ":month";
constexpr std::string_view kRest = "*";
constexpr std::string_view kOdd = ":odd";

constexpr auto IsKind = IsPathKind;

// The path within a target: no scheme and host, no query, no fragment. Empty: there is none.
std::string_view PathOf(std::string_view target) {
  if (const size_t scheme = target.find("://"); scheme != std::string_view::npos && scheme <= 8) {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  target = target.substr(0, target.find_first_of("?#"));
  return target.starts_with('/') ? target : std::string_view();
}

}  // namespace

PathTemplates::PathTemplates(const std::vector<std::string>& routes)
    : routes_(routes), root_(std::make_unique<Node>()) {}

PathTemplates::~PathTemplates() = default;

// `typed`: a segment that begins with a colon is the kind that it says.
std::vector<std::string> PathTemplates::Segments(std::string_view path, bool typed) const {
  std::vector<std::string> segments;
  bool year_before = false;
  while (!path.empty()) {
    const size_t begin = path.find_first_not_of('/');
    if (begin == std::string_view::npos) break;
    path.remove_prefix(begin);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segments.size() == kDepthMax) {
      segments.emplace_back(kRest);
      break;
    }
    const bool done = typed && (segment.find(':') != std::string_view::npos || segment == kRest);
    const bool month = year_before && IsMonthName(segment);
    year_before = IsYear(segment);
    segments.push_back(done    ? std::string(segment)
                       : month ? std::string(kMonth)
                               : PathSegment(segment));
  }
  return segments;
}

const std::string* PathTemplates::RouteOf(std::string_view path) const {
  for (const std::string& route : routes_) {
    std::string_view wanted = route;
    std::string_view left = path;
    bool fits = true;
    while (fits && !wanted.empty()) {
      wanted.remove_prefix(1);  // the slash
      const std::string_view word = wanted.substr(0, wanted.find('/'));
      wanted.remove_prefix(word.size());
      if (word == kRest) {
        left = {};
        break;
      }
      const size_t begin = left.find_first_not_of('/');
      left = begin == std::string_view::npos ? std::string_view() : left.substr(begin);
      const std::string_view segment = left.substr(0, left.find('/'));
      left.remove_prefix(segment.size());
      fits = word.starts_with(':') ? !segment.empty() : word == segment;
    }
    if (fits && left.find_first_not_of('/') == std::string_view::npos) return &route;
  }
  return nullptr;
}

bool PathTemplates::CouldShow(std::string_view text) const {
  const std::string_view path = PathOf(text);
  if (path.empty()) return text == kOdd;
  if (RouteOf(path) != nullptr) return true;
  const std::vector<std::string> segments = Segments(path, true);
  return std::all_of(segments.begin(), segments.end(), [](const std::string& segment) {
    return segment != kRest && (segment.find(':') == std::string::npos || IsShownKind(segment));
  });
}

std::string PathTemplates::Learn(std::string_view target, bool typed) {
  const std::string_view path = PathOf(target);
  if (path.empty()) return std::string(kOdd);
  if (const std::string* route = RouteOf(path)) return *route;
  const std::vector<std::string> segments = Segments(path, typed);
  if (segments.empty()) {
    root_->ends_here = true;
    return "/";
  }
  Node* node = root_.get();
  for (size_t i = 0; i + 1 < segments.size() && node != nullptr; ++i) {
    node = Enter(node, segments[i], i == 0);
  }
  if (node != nullptr) AddName(node, segments.back(), segments.size() == 1);
  std::string joined;
  for (const std::string& segment : segments) joined.append("/").append(segment);
  return Now(joined);
}

PathTemplates::Node* PathTemplates::Enter(Node* node, const std::string& name, bool root) {
  const std::string_view shown = node->any_dir && !IsKind(name) ? kAny : std::string_view(name);
  if (const auto at = node->dirs.find(shown); at != node->dirs.end()) return at->second.get();
  if (nodes_ >= kNodesMax) return nullptr;
  ++nodes_;
  Node* const made = node->dirs.emplace(shown, std::make_unique<Node>()).first->second.get();
  if (node->WordDirs() <= (root ? 4 : 1) * kDirsMax) return made;
  CollapseDirs(node);
  return node->dirs.find(kAny)->second.get();
}

// All directories that are words become one.
void PathTemplates::CollapseDirs(Node* node) {
  ++version_;
  node->any_dir = true;
  std::vector<std::unique_ptr<Node>> words;
  for (auto at = node->dirs.begin(); at != node->dirs.end();) {
    if (IsKind(at->first)) {
      ++at;
    } else {
      words.push_back(std::move(at->second));
      at = node->dirs.erase(at);
    }
  }
  std::unique_ptr<Node>& any = node->dirs[std::string(kAny)];
  if (any == nullptr) any = std::make_unique<Node>();
  for (const std::unique_ptr<Node>& word : words) MergeInto(word.get(), any.get());
  nodes_ = 0;
  CountNodes(*root_, &nodes_);
}

void PathTemplates::MergeInto(Node* from, Node* into) {
  for (const auto* set : {&from->names, &from->files}) {
    for (const std::string& name : *set) AddName(into, name, false);
  }
  if (from->any_name) Collapse(&into->names, &into->any_name);
  if (from->any_file) Collapse(&into->files, &into->any_file);
  if (from->any_dir && !into->any_dir) CollapseDirs(into);
  for (auto& [name, dir] : from->dirs) {
    const std::string shown(into->any_dir && !IsKind(name) ? kAny : std::string_view(name));
    std::unique_ptr<Node>& there = into->dirs[shown];
    if (there == nullptr) {
      there = std::move(dir);
    } else {
      MergeInto(dir.get(), there.get());
    }
    if (!into->any_dir && into->WordDirs() > kDirsMax) CollapseDirs(into);
  }
}

// The last segments that are words become one.
void PathTemplates::Collapse(std::set<std::string, std::less<>>* words, bool* any) {
  if (*any) return;
  *any = true;
  ++version_;
  std::erase_if(*words, [](const std::string& word) { return !IsKind(word); });
}

void PathTemplates::CountNodes(const Node& node, size_t* count) const {
  ++*count;
  for (const auto& [name, dir] : node.dirs) CountNodes(*dir, count);
}

void PathTemplates::AddName(Node* node, const std::string& name, bool root) {
  const bool file = HasExtension(name);
  if (IsKind(name)) {
    node->names.insert(name);
    return;
  }
  bool& any = file ? node->any_file : node->any_name;
  if (any) return;
  auto& set = file ? node->files : node->names;
  set.insert(name);
  if (Node::Words(set) > (root ? 2 : 1) * (file ? kFilesMax : kNamesMax)) Collapse(&set, &any);
}

std::string PathTemplates::Now(std::string_view earlier) const {
  for (const std::string& route : routes_) {
    if (route == earlier) return route;
  }
  const std::string_view path = PathOf(earlier);
  if (path.empty()) return std::string(kOdd);
  if (const std::string* route = RouteOf(path)) return *route;
  const std::vector<std::string> segments = Segments(path, true);
  std::string text;
  const Node* node = root_.get();
  for (size_t i = 0; i < segments.size(); ++i) {
    const std::string& segment = segments[i];
    const bool last = i + 1 == segments.size();
    std::string_view shown = segment;
    if (node != nullptr && !IsKind(segment)) {
      if (!last && node->any_dir) shown = kAny;
      if (last && HasExtension(segment) && node->any_file) shown = kFile;
      if (last && !HasExtension(segment) && node->any_name) shown = kAny;
    }
    if (!last && node != nullptr) {
      const auto at = node->dirs.find(shown);
      if (at == node->dirs.end() && nodes_ >= kNodesMax) return text.append("/*");
      node = at == node->dirs.end() ? nullptr : at->second.get();
    }
    text.append("/").append(shown);
  }
  return text.empty() ? "/" : text;
}

}  // namespace parshall::metrics
