// What PathTemplates has learned, as a list of templates and as bytes.

#include <algorithm>
#include <utility>

#include "metrics/path_templates.h"
#include "metrics/path_trie.h"

namespace parshall::metrics {
namespace {

constexpr uint64_t kAnyDir = 1;
constexpr uint64_t kAnyName = 2;
constexpr uint64_t kAnyFile = 4;
constexpr uint64_t kEndsHere = 8;
constexpr size_t kListMost = 256;  // more than any directory can have

void SaveSet(const std::set<std::string, std::less<>>& set, std::string* out) {
  AppendPacked(set.size(), out);
  for (const std::string& name : set) AppendPackedText(name, out);
}

bool RestoreSet(PackedReader* reader, std::set<std::string, std::less<>>* set) {
  const uint64_t count = reader->Number();
  if (count > kListMost) return false;
  for (uint64_t i = 0; i < count; ++i) set->emplace(reader->Text());
  return reader->ok();
}

}  // namespace

void PathTemplates::List(const Node& node, const std::string& prefix,
                         std::vector<std::string>* out) {
  if (node.ends_here) out->push_back("/");
  std::set<std::string, std::less<>> names = node.names;
  names.insert(node.files.begin(), node.files.end());
  if (node.any_name) names.insert(":any");
  if (node.any_file) names.insert(":file");
  for (const std::string& name : names) out->push_back(prefix + "/" + name);
  for (const auto& [name, dir] : node.dirs) List(*dir, prefix + "/" + name, out);
}

std::vector<std::string> PathTemplates::Templates() const {
  std::vector<std::string> learned;
  List(*root_, "", &learned);
  std::sort(learned.begin(), learned.end());
  std::vector<std::string> all = routes_;
  all.insert(all.end(), learned.begin(), learned.end());
  return all;
}

void PathTemplates::SaveNode(const Node& node, std::string* out) {
  AppendPacked((node.any_dir ? kAnyDir : 0) | (node.any_name ? kAnyName : 0) |
                   (node.any_file ? kAnyFile : 0) | (node.ends_here ? kEndsHere : 0),
               out);
  SaveSet(node.names, out);
  SaveSet(node.files, out);
  AppendPacked(node.dirs.size(), out);
  for (const auto& [name, dir] : node.dirs) {
    AppendPackedText(name, out);
    SaveNode(*dir, out);
  }
}

void PathTemplates::Save(std::string* out) const { SaveNode(*root_, out); }

bool PathTemplates::RestoreNode(PackedReader* reader, size_t depth, Node* node) {
  const uint64_t flags = reader->Number();
  node->any_dir = (flags & kAnyDir) != 0;
  node->any_name = (flags & kAnyName) != 0;
  node->any_file = (flags & kAnyFile) != 0;
  node->ends_here = (flags & kEndsHere) != 0;
  if (!RestoreSet(reader, &node->names) || !RestoreSet(reader, &node->files)) return false;
  const uint64_t dirs = reader->Number();
  if (dirs > kListMost || (dirs > 0 && depth > kDepthMax)) return false;
  for (uint64_t i = 0; i < dirs; ++i) {
    auto dir = std::make_unique<Node>();
    std::string name(reader->Text());
    // Collapsed directories may have made more than there are places for new ones.
    if (++nodes_ > 2 * kNodesMax || !RestoreNode(reader, depth + 1, dir.get())) return false;
    node->dirs.emplace(std::move(name), std::move(dir));
  }
  return reader->ok();
}

bool PathTemplates::Restore(PackedReader* reader) {
  auto root = std::make_unique<Node>();
  nodes_ = 1;
  ++version_;
  const bool good = RestoreNode(reader, 1, root.get());
  if (!good) root = std::make_unique<Node>();
  root_ = std::move(root);
  nodes_ = 0;
  CountNodes(*root_, &nodes_);
  return good;
}

}  // namespace parshall::metrics
