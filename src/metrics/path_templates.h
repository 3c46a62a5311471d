#pragma once
// Paths of URLs → a bounded set of templates: /users/123/posts → /users/:id/posts.
//
// A segment that looks like one of many (path_segment.h) is shown as its kind. What is left goes
// into a trie. Where one directory has more than kNamesMax different last segments, all of them
// become
// `:any`, those with an extension beyond kFilesMax `:file`; more than kDirsMax directories become
// `:any` too, and what stood below them is one. (The root has twice as many names and files, and
// four times as many directories.) Which nodes collapse depends on the set of paths alone, not on
// their order or number, as long as the trie has fewer than kNodesMax nodes; beyond that, what is
// new below a directory is `*`.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/packed.h"

namespace parshall::metrics {

// One thread at a time: the registry's lock guards it.
class PathTemplates {
 public:
  static constexpr size_t kNamesMax = 8;
  static constexpr size_t kFilesMax = 3;
  static constexpr size_t kDirsMax = 12;
  static constexpr size_t kDepthMax = 8;  // what is deeper is `*`
  static constexpr size_t kNodesMax = 4096;

  // `routes`: templates of the operator, tried first: "/blog/:slug", "/static/*" (`*` at the end is
  // the rest). What fits one is shown as it is written.
  explicit PathTemplates(const std::vector<std::string>& routes);
  ~PathTemplates();

  // The template of a path, or of the target of a request: what stands before the path
  // (http://host) and behind it (?query) is left out, as is a / at the end. What is no path is
  // ":odd".
  std::string Learn(std::string_view target) { return Learn(target, false); }
  // The same of a text that an operator wrote, who may name a template as it is shown: /users/:id.
  std::string LearnShown(std::string_view text) { return Learn(text, true); }
  // Whether there could be such a template: every segment with a colon is a kind, or the whole a
  // route.
  bool CouldShow(std::string_view text) const;
  // What a text that Learn() gave earlier, or one from before there were templates, is now.
  std::string Now(std::string_view earlier) const;

  // Counts up whenever something collapsed, so that earlier answers may have changed.
  uint64_t version() const { return version_; }

  // All templates that it knows, sorted; the routes first.
  std::vector<std::string> Templates() const;

  // For a moment that is saved and put back. Restore() takes any bytes; false: they were wrong, and
  // nothing is known.
  void Save(std::string* out) const;
  bool Restore(PackedReader* reader);

 private:
  struct Node;

  std::string Learn(std::string_view target, bool typed);
  std::vector<std::string> Segments(std::string_view path, bool typed) const;
  const std::string* RouteOf(std::string_view path) const;
  void AddName(Node* node, const std::string& name, bool root);
  Node* Enter(Node* node, const std::string& name, bool root);
  void CollapseDirs(Node* node);
  void MergeInto(Node* from, Node* into);
  void Collapse(std::set<std::string, std::less<>>* words, bool* any);
  static void List(const Node& node, const std::string& prefix, std::vector<std::string>* out);
  static void SaveNode(const Node& node, std::string* out);
  bool RestoreNode(PackedReader* reader, size_t depth, Node* node);
  void CountNodes(const Node& node, size_t* count) const;

  std::vector<std::string> routes_;
  std::unique_ptr<Node> root_;
  size_t nodes_ = 1;
  uint64_t version_ = 0;
};

}  // namespace parshall::metrics
