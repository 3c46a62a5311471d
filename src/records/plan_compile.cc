// Expression tree → plan. The comments at each construct say why the plan's success is RE2's match,
// and whether its failure is exact (nothing else could have matched) or must be left to RE2.

#include <algorithm>
#include <cstring>
#include <utility>

#include "records/plan.h"
#include "records/plan_layout.h"
#include "records/plan_step.h"
#include "records/shape_builder.h"

namespace parshall::records {
namespace {

constexpr int kShapeBytesMax = 32;
constexpr size_t kOpsMax = 400;
constexpr int kExpandMax = 8;

// A sequence is compiled from a flat list, so that literals merge across the borders of groups.
struct Item {
  enum Kind : uint8_t { kNode, kSaveBegin, kSaveEnd } kind;
  const Node* node = nullptr;
  int group = 0;
};

void Flatten(const Node& node, std::vector<Item>* items) {
  switch (node.kind) {
    case NodeKind::kEmpty:
      return;
    case NodeKind::kConcat:
      for (const Node& child : node.children) Flatten(child, items);
      return;
    case NodeKind::kCapture:
      items->push_back({Item::kSaveBegin, nullptr, node.group});
      Flatten(node.children[0], items);
      items->push_back({Item::kSaveEnd, nullptr, node.group});
      return;
    default:
      items->push_back({Item::kNode, &node, 0});
  }
}

// What may come next; `bytes` and `end` are complete (nothing is nullable any more).
First FirstOfItems(const std::vector<Item>& items, size_t from, const First& follow) {
  First all{.nullable = true};
  for (size_t i = from; i < items.size() && all.nullable; ++i) {
    if (items[i].kind != Item::kNode) continue;
    const First first = FirstOf(*items[i].node);
    all.bytes = all.bytes | first.bytes;
    all.end = all.end || first.end;
    all.nullable = first.nullable;
  }
  if (all.nullable) {
    all.bytes = all.bytes | follow.bytes;
    all.end = all.end || follow.end;
    all.nullable = false;
  }
  return all;
}

PlanClass ClassTable(const ByteSet& set) {
  PlanClass table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    table[byte] = set.Has(static_cast<unsigned char>(byte));
  return table;
}

// One thread; lives for one compilation. Any construct it does not know sets why_ and gives the
// plan up.
class Compiler {
 public:
  explicit Compiler(int groups) { plan_.groups = groups; }

  std::optional<Plan> Run(const Node& tree, std::string* why_not) {
    std::vector<Item> items;
    Flatten(tree, &items);
    const auto first = std::find_if(items.begin(), items.end(),
                                    [](const Item& item) { return item.kind == Item::kNode; });
    if (first == items.end() || first->node->kind != NodeKind::kBegin) {
      *why_not = "the expression is not anchored at the start with ^";
      return std::nullopt;
    }
    items.erase(first);
    // Behind the expression anything may follow: it need not end with $.
    const First anything{.bytes = ByteSet::All(), .end = true};
    Context context;
    if (!Sequence(items, anything, &context)) {
      *why_not = why_;
      return std::nullopt;
    }
    Emit({.code = OpCode::kAccept}, context);
    OptionalGroups(tree, false);
    if (plan_.ops.size() > kOpsMax) {
      *why_not = "the expression is too long for a plan";
      return std::nullopt;
    }
    LayOut(&plan_);
    MakeSteps(&plan_);
    return std::move(plan_);
  }

  // Whether the first `count` children leave no choice open.
  bool IsExact(const Node& root, size_t count) {
    std::vector<Item> items;
    for (size_t n = 0; n < count; ++n) Flatten(root.children[n], &items);
    std::erase_if(items, [](const Item& item) {
      return item.kind == Item::kNode && item.node->kind == NodeKind::kBegin;
    });
    std::vector<Item> others;
    for (size_t n = count; n < root.children.size(); ++n) Flatten(root.children[n], &others);
    const First anything{.bytes = ByteSet::All(), .end = true};
    Context context;
    return Sequence(items, FirstOfItems(others, 0, anything), &context) && context.exact;
  }

 private:
  // exact: up to here no other choice was open, so a failure may go to fail_to; otherwise it is
  // unknown.
  struct Context {
    bool exact = true;
    uint16_t fail_to = kFailNoMatch;
    uint16_t Fail() const { return exact ? fail_to : kFailUnknown; }
  };

  // Groups below a choice or a repetition may take no part in a match.
  void OptionalGroups(const Node& node, bool optional) {
    if (node.kind == NodeKind::kCapture && optional) {
      plan_.optional_groups.push_back(static_cast<uint8_t>(node.group));
    }
    const bool choice =
        node.kind == NodeKind::kAlternate || (node.kind == NodeKind::kRepeat && node.min == 0);
    for (const Node& child : node.children) OptionalGroups(child, optional || choice);
  }

  bool No(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }

  uint16_t Here() const { return static_cast<uint16_t>(plan_.ops.size()); }
  size_t Emit(PlanOp op, const Context& context) {
    op.on_fail = context.Fail();
    plan_.ops.push_back(op);
    return plan_.ops.size() - 1;
  }
  uint16_t AddClass(const ByteSet& set) {
    plan_.classes.push_back(ClassTable(set));
    return static_cast<uint16_t>(plan_.classes.size() - 1);
  }
  uint16_t AddPeek(const First& first) {
    PlanPeek peek{};
    for (unsigned byte = 0; byte < 256; ++byte)
      peek[byte] = first.bytes.Has(static_cast<unsigned char>(byte));
    peek[256] = first.end;
    plan_.peeks.push_back(peek);
    return static_cast<uint16_t>(plan_.peeks.size() - 1);
  }

  bool Sequence(const std::vector<Item>& items, const First& follow, Context* context) {
    for (size_t i = 0; i < items.size();) {
      if (plan_.ops.size() > kOpsMax) return No("the expression is too long for a plan");
      const Item& item = items[i];
      if (item.kind != Item::kNode) {
        if (item.group >= static_cast<int>(kCapturesMax)) return No("more than 63 groups");
        if (FixedBehindSaves(items, i)) {
          i = Fixed(items, i, context);
          continue;
        }
        if (item.kind == Item::kSaveBegin) {
          const size_t behind = CapturedNode(items, i, follow, context);
          if (!why_.empty()) return false;
          if (behind > i) {
            i = behind;
            continue;
          }
        }
        EmitSave(item, *context);
        ++i;
        continue;
      }
      const Node& node = *item.node;
      const int width = FixedWidth(node);
      if (width > 0) {
        i = Fixed(items, i, context);
        continue;
      }
      const First rest = FirstOfItems(items, i + 1, follow);
      switch (node.kind) {
        case NodeKind::kEnd:
          Emit({.code = OpCode::kEnd}, *context);
          break;
        case NodeKind::kRepeat:
          if (!Repeat(node, rest, LiteralPrefix(items, i + 1), context)) return false;
          break;
        case NodeKind::kAlternate: {
          std::vector<const Node*> branches;
          for (const Node& child : node.children) branches.push_back(&child);
          if (!Alternate(branches, rest, 0, context)) return false;
          break;
        }
        case NodeKind::kBegin:
          return No("a ^ that is not at the start");
        default:
          return No("an unexpected construct");
      }
      ++i;
    }
    return true;
  }

  void EmitSave(const Item& item, const Context& context) {
    Emit({.code = item.kind == Item::kSaveBegin ? OpCode::kSaveBegin : OpCode::kSaveEnd,
          .capture = static_cast<uint8_t>(item.group)},
         context);
  }

  // A group that begins a row of fixed bytes is saved by their shape.
  static bool FixedBehindSaves(const std::vector<Item>& items, size_t i) {
    size_t saves = 0;
    for (; i < items.size() && items[i].kind != Item::kNode; ++i) ++saves;
    return i < items.size() && saves <= 2 && FixedWidth(*items[i].node) > 0;
  }

  // (?P<name>run): the run op saves its own capture. (?P<name>a|b): each alternative does.
  // Returns the index behind the group, or `i` when it is neither.
  size_t CapturedNode(const std::vector<Item>& items, size_t i, const First& follow,
                      Context* context) {
    if (i + 2 >= items.size() || items[i + 1].kind != Item::kNode ||
        items[i + 2].kind != Item::kSaveEnd) {
      return i;
    }
    const Node& node = *items[i + 1].node;
    const First rest = FirstOfItems(items, i + 3, follow);
    if (node.kind == NodeKind::kAlternate) {
      std::vector<const Node*> branches;
      for (const Node& child : node.children) branches.push_back(&child);
      return Alternate(branches, rest, items[i].group, context) ? i + 3 : i;
    }
    if (node.kind != NodeKind::kRepeat || FixedWidth(node) > 0) return i;
    const size_t before = plan_.ops.size();
    const Context saved = *context;
    if (!Repeat(node, rest, LiteralPrefix(items, i + 3), context)) return i;
    if (plan_.ops.size() == before + 1 && IsRun(plan_.ops[before].code)) {
      plan_.ops[before].capture = static_cast<uint8_t>(items[i].group);
      return i + 3;
    }
    plan_.ops.resize(before);
    *context = saved;
    return i;
  }

  static bool IsRun(OpCode code) { return code >= OpCode::kRunUntil1 && code <= OpCode::kFind; }

  // Bytes that a node always takes, when each position has one class: 1 for a byte, n for C{n};
  // else 0.
  static int FixedWidth(const Node& node) {
    if (node.kind == NodeKind::kByte) return 1;
    if (node.kind == NodeKind::kRepeat && node.min == node.max && node.min > 0 &&
        node.min <= kShapeBytesMax && node.children[0].kind == NodeKind::kByte) {
      return node.min;
    }
    return 0;
  }

  // A row of single bytes and classes, saves in between included: one literal or one shape.
  // Deterministic, so exact. Returns the index of the first item behind it.
  size_t Fixed(const std::vector<Item>& items, size_t i, Context* context) {
    ShapeBuilder builder;
    PlanShape shape;
    PlanShape taken_shape;
    size_t taken = i;  // items that are in the shape for good
    for (size_t j = i; j < items.size(); ++j) {
      if (items[j].kind != Item::kNode) {
        if (shape.saves_count == PlanShape::kSavesMax) break;
        const bool end = items[j].kind == Item::kSaveEnd;
        shape.saves[shape.saves_count++] = {static_cast<uint8_t>(items[j].group), end, shape.size};
        if (end && taken > i) {  // what begins here is saved by whatever comes next
          taken = j + 1;
          taken_shape = shape;
        }
        continue;
      }
      const int width = FixedWidth(*items[j].node);
      if (width == 0 || shape.size + width > kShapeBytesMax) break;
      const Node& node = *items[j].node;
      const ByteSet& set = node.kind == NodeKind::kByte ? node.set : node.children[0].set;
      const int single = set.Single();
      const uint8_t bits = single >= 0 ? 0 : builder.BitsFor(set);
      if (single < 0 && bits == 0) break;
      for (int n = 0; n < width; ++n) {
        shape.need[shape.size] = bits;
        shape.literal[shape.size] =
            single >= 0 ? static_cast<uint8_t>(single) : set.Bytes().front();
        ++shape.size;
      }
      taken = j + 1;
      taken_shape = shape;
    }
    if (taken == i) {  // one class that is no union of eight rectangles, maybe behind saves
      size_t node_at = i;
      for (; items[node_at].kind != Item::kNode; ++node_at) EmitSave(items[node_at], *context);
      const Node& node = *items[node_at].node;
      const ByteSet& set = node.kind == NodeKind::kByte ? node.set : node.children[0].set;
      const auto width = static_cast<uint32_t>(FixedWidth(node));
      Emit({.code = OpCode::kRunClass, .table = AddClass(set), .min = width, .max = width},
           *context);
      return node_at + 1;
    }
    shape = taken_shape;
    const bool literal = shape.saves_count == 0 && shape.size <= 8 &&
                         std::all_of(shape.need.begin(), shape.need.begin() + shape.size,
                                     [](uint8_t need) { return need == 0; });
    if (literal) {
      EmitLiteral(shape, *context);
      return taken;
    }
    builder.Fill(&shape);
    shape.care = static_cast<uint32_t>((uint64_t{1} << shape.size) - 1);
    plan_.shapes.push_back(shape);
    Emit({.code = OpCode::kShape, .table = static_cast<uint16_t>(plan_.shapes.size() - 1)},
         *context);
    return taken;
  }

  static void SetLiteral(const std::string& text, PlanOp* op) {
    std::array<char, 8> bytes{};
    std::copy(text.begin(), text.end(), bytes.begin());
    std::memcpy(&op->literal, bytes.data(), sizeof op->literal);
    op->count = static_cast<uint8_t>(text.size());
    op->mask = text.size() == 8 ? ~0ULL : (1ULL << (8 * text.size())) - 1;
  }

  void EmitLiteral(const PlanShape& shape, const Context& context) {
    std::string text;
    for (size_t n = 0; n < shape.size; ++n) text.push_back(static_cast<char>(shape.literal[n]));
    PlanOp op{.code = OpCode::kLiteral};
    SetLiteral(text, &op);
    Emit(op, context);
  }

  // The literal bytes that must follow at once, at most 8.
  static std::string LiteralPrefix(const std::vector<Item>& items, size_t from) {
    std::string text;
    for (size_t i = from; i < items.size() && text.size() < 8; ++i) {
      if (items[i].kind != Item::kNode) continue;
      if (items[i].node->kind != NodeKind::kByte || items[i].node->set.Single() < 0) break;
      text.push_back(static_cast<char>(items[i].node->set.Single()));
    }
    return text;
  }

  static ByteSet DigitSet() {
    ByteSet digits;
    digits.AddRange('0', '9');
    return digits;
  }

  void EmitRun(const ByteSet& set, int min, int max, const Context& context) {
    PlanOp op;
    const std::vector<unsigned char> stops = (~set).Bytes();
    op.min = static_cast<uint32_t>(min);
    op.max = max < 0 ? UINT32_MAX : static_cast<uint32_t>(max);
    if (max < 0 && stops.empty() && min == 0) {
      op.code = OpCode::kRunRest;
    } else if (max < 0 && min == 1 && set == DigitSet()) {
      op.code = OpCode::kRunDigits;
    } else if (max < 0 && !stops.empty() && stops.size() <= 3) {
      op.code = stops.size() == 1   ? OpCode::kRunUntil1
                : stops.size() == 2 ? OpCode::kRunUntil2
                                    : OpCode::kRunUntil3;
      std::copy(stops.begin(), stops.end(), op.stop.begin());
    } else {
      op.code = OpCode::kRunClass;
      op.table = AddClass(set);
    }
    Emit(op, context);
  }

  bool Repeat(const Node& node, const First& rest, const std::string& literal, Context* context) {
    const Node& body = node.children[0];
    if (node.max == 0) return true;
    if (body.kind == NodeKind::kByte) return ByteRun(node, rest, literal, context);
    if (node.min == 0 && node.max == 1) return Optional(node, rest, context);
    if (HasCapture(body)) return No("a group inside of a repetition");
    if (node.min == 0 && node.max < 0 && body.kind == NodeKind::kAlternate &&
        AlternatingRun(node, rest, context)) {
      return true;
    }
    if (!why_.empty()) return false;
    return Loop(node, rest, context);
  }

  // C*, C+, C{n,m}.
  bool ByteRun(const Node& node, const First& rest, const std::string& literal, Context* context) {
    const ByteSet& set = node.children[0].set;
    const bool overlap = !(set & rest.bytes).Empty();
    if (!overlap) {
      // What follows cannot begin with a byte of the class, so the only place to stop is where the
      // class does. Exact.
      EmitRun(set, node.min, node.max, *context);
      return true;
    }
    if (node.greedy) {
      // The longest run is what RE2 tries first: right if the rest matches, and unknown if not.
      EmitRun(set, node.min, node.max, *context);
      context->exact = false;
      return true;
    }
    if (rest.bytes == ByteSet::All() && rest.end) {
      // Nothing is asked of what follows: the shortest run it is.
      EmitRun(set, node.min, node.min, *context);
      context->exact = false;
      return true;
    }
    if (node.max >= 0) return No("a lazy repetition with an upper bound");
    if (!literal.empty()) {
      // The shortest run behind which the literal stands is the first that RE2 could accept.
      PlanOp op{
          .code = OpCode::kFind, .table = AddClass(set), .min = static_cast<uint32_t>(node.min)};
      const std::vector<unsigned char> outside = (~set).Bytes();
      SetLiteral(literal, &op);
      op.stop[0] = static_cast<unsigned char>(literal[0]);
      // Two more bytes to stop at keep the search honest where the class is not "any byte"; if the
      // class leaves out more than that, the search looks at each byte.
      if (outside.size() > 2) {
        op.max = 0;
      } else {
        op.stop[1] = outside.empty() ? op.stop[0] : outside[0];
        op.stop[2] = outside.size() < 2 ? op.stop[0] : outside[1];
      }
      Emit(op, *context);
      context->exact = false;
      return true;
    }
    if (node.min > 0) return No("a lazy repetition before a class");
    // As above, with any byte that the rest can begin with.
    EmitRun(set - rest.bytes, 0, -1, *context);
    context->exact = false;
    return true;
  }

  // (?:A|B|…)* where most bytes belong to a single one-byte alternative: the run goes over those,
  // and what could be read in two ways ("hard" bytes, a backslash mostly) ends it.
  bool AlternatingRun(const Node& node, const First& rest, Context* context) {
    std::array<int, 256> starters{};
    ByteSet easy;
    ByteSet any;
    for (const Node& child : node.children[0].children) {
      const First first = FirstOf(child);
      if (first.nullable || first.end) return false;
      any = any | first.bytes;
      for (unsigned char byte : first.bytes.Bytes()) {
        ++starters[byte];
        if (child.kind == NodeKind::kByte) easy.Add(byte);
      }
    }
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (starters[byte] > 1) easy = easy - ByteSet::Of(static_cast<unsigned char>(byte));
    }
    const ByteSet hard = any - easy;
    if (node.greedy) {
      // Going on is preferred to stopping: where the rest could begin, no alternative may.
      if (!(any & rest.bytes).Empty()) return false;
      EmitRun(easy, 0, -1, *context);
      if (!hard.Empty()) context->exact = false;
      return true;
    }
    // Stopping is preferred: the first byte that the rest can begin with ends the run.
    if (rest.end && rest.bytes == ByteSet::All()) return false;
    EmitRun(easy - rest.bytes, 0, -1, *context);
    if (!hard.Empty() || !(any & rest.bytes).Empty()) context->exact = false;
    return true;
  }

  bool Optional(const Node& node, const First& rest, Context* context) {
    static const Node kNothing;
    std::vector<const Node*> branches = {&node.children[0], &kNothing};
    if (!node.greedy) std::swap(branches[0], branches[1]);
    return Alternate(branches, rest, 0, context);
  }

  // X* and X+ for an X without captures, where the next byte tells whether to go round again.
  // Exact.
  bool Loop(const Node& node, const First& rest, Context* context) {
    const Node& body = node.children[0];
    std::vector<Item> items;
    Flatten(body, &items);
    const First first = FirstOf(body);
    if (first.nullable || first.end) return No("a repetition of something that can be empty");
    if (node.max >= 0) {
      if (node.max != node.min || node.max > kExpandMax)
        return No("a bounded repetition of a group");
      for (int n = 0; n < node.max; ++n) {
        const First follow = n + 1 < node.max ? first : rest;
        if (!Sequence(items, follow, context)) return false;
      }
      return true;
    }
    if (!(first.bytes & rest.bytes).Empty()) {
      return No("a repetition that the next byte alone cannot end");
    }
    if (node.min > kExpandMax) return No("a bounded repetition of a group");
    const First again{.bytes = first.bytes | rest.bytes, .end = rest.end};
    for (int n = 0; n < node.min; ++n) {
      if (!Sequence(items, again, context)) return false;
    }
    plan_.branches.emplace_back();
    const size_t table = plan_.branches.size() - 1;
    // A round that fails behind a choice of its own leaves the loop's exactness in doubt from its
    // start.
    Context round = *context;
    const size_t start =
        Emit({.code = OpCode::kBranch, .table = static_cast<uint16_t>(table)}, round);
    const uint16_t into = Here();
    if (!Sequence(items, again, &round)) return false;
    if (round.exact != context->exact) {
      // Compile the body once more, now that it is known to be inexact.
      plan_.ops.resize(start);
      round.exact = false;
      Emit({.code = OpCode::kBranch, .table = static_cast<uint16_t>(table)}, round);
      if (!Sequence(items, again, &round)) return false;
    }
    Emit({.code = OpCode::kJump, .target = static_cast<uint16_t>(start)}, round);
    const uint16_t behind = Here();
    for (unsigned byte = 0; byte < 256; ++byte) {
      plan_.branches[table][byte] =
          first.bytes.Has(static_cast<unsigned char>(byte)) ? into : behind;
    }
    plan_.branches[table][256] = behind;
    *context = round;
    return true;
  }

  // One of the branches; `group` (or 0) is the group around them, which each saves for itself.
  bool Alternate(const std::vector<const Node*>& branches, const First& rest, int group,
                 Context* context) {
    std::vector<First> firsts;
    bool disjoint = true;
    ByteSet seen;
    bool seen_end = false;
    for (const Node* branch : branches) {
      First first = FirstOf(*branch);
      if (first.nullable) {
        first.bytes = first.bytes | rest.bytes;
        first.end = first.end || rest.end;
      }
      if (!(first.bytes & seen).Empty() || (first.end && seen_end)) disjoint = false;
      seen = seen | first.bytes;
      seen_end = seen_end || first.end;
      firsts.push_back(first);
    }
    return disjoint ? Dispatch(branches, firsts, rest, group, context)
                    : TryInOrder(branches, rest, group, context);
  }

  static std::vector<Item> ItemsOf(const Node& branch, int group) {
    std::vector<Item> items;
    if (group != 0) items.push_back({Item::kSaveBegin, nullptr, group});
    Flatten(branch, &items);
    if (group != 0) items.push_back({Item::kSaveEnd, nullptr, group});
    return items;
  }

  // The next byte says which alternative it must be. Exact.
  bool Dispatch(const std::vector<const Node*>& branches, const std::vector<First>& firsts,
                const First& rest, int group, Context* context) {
    plan_.branches.emplace_back();
    const size_t table = plan_.branches.size() - 1;
    const size_t branch_at =
        Emit({.code = OpCode::kBranch, .table = static_cast<uint16_t>(table)}, *context);
    PlanBranches targets;
    targets.fill(context->Fail());
    std::vector<size_t> jumps;
    bool exact = context->exact;
    for (size_t n = 0; n < branches.size(); ++n) {
      for (unsigned char byte : firsts[n].bytes.Bytes()) targets[byte] = Here();
      if (firsts[n].end) targets[256] = Here();
      Context own = *context;
      if (!Sequence(ItemsOf(*branches[n], group), rest, &own)) return false;
      exact = exact && own.exact;
      if (n + 1 < branches.size()) jumps.push_back(Emit({.code = OpCode::kJump}, own));
      if (n == 0 && branches.size() == 2) {
        // The first op of the first alternative looks at the next byte anyway: when it fails, it is
        // the second's turn (which cannot begin with that byte, should it be a later byte that was
        // wrong).
        PlanOp& first = plan_.ops[branch_at + 1];
        const bool looks = first.code == OpCode::kLiteral || first.code == OpCode::kShape ||
                           (first.code == OpCode::kRunClass && first.min > 0) ||
                           first.code == OpCode::kRunDigits;
        if (looks && branch_at + 1 < jumps[0]) {
          first.on_fail = Here();
          PlanOp& branch = plan_.ops[branch_at];
          branch.code = OpCode::kJump;
          branch.target = static_cast<uint16_t>(branch_at + 1);
        }
      }
    }
    for (size_t jump : jumps) plan_.ops[jump].target = Here();
    plan_.branches[table] = targets;
    context->exact = exact;
    return true;
  }

  // Alternatives that begin alike are tried in order. One that fails exactly (its own choices were
  // forced) gives way to the next; once one has succeeded and the rest fails, RE2 decides.
  bool TryInOrder(const std::vector<const Node*>& branches, const First& rest, int group,
                  Context* context) {
    if (slots_ >= kTrySlotsMax) return No("alternatives nested too deeply");
    const auto slot = static_cast<uint8_t>(slots_++);
    const uint16_t peek = AddPeek(rest);
    std::vector<size_t> jumps;
    for (size_t n = 0; n < branches.size(); ++n) {
      const bool last = n + 1 == branches.size();
      if (n == 0) {
        Emit({.code = OpCode::kTry, .count = slot}, *context);
      } else {
        Emit({.code = OpCode::kResume, .count = slot}, *context);
        ClearCaptures(*branches[n - 1], *context);
      }
      const std::vector<Item> items = ItemsOf(*branches[n], group);
      if (last) {
        Context own = *context;
        if (!Sequence(items, rest, &own)) return false;
        break;
      }
      // Failures inside go to the next alternative, whose place is not known yet.
      Context own{.exact = true, .fail_to = kPending};
      const size_t start = plan_.ops.size();
      const size_t branch_tables = plan_.branches.size();
      if (!Sequence(items, rest, &own)) return false;
      Emit({.code = OpCode::kPeek, .table = peek}, own);
      jumps.push_back(Emit({.code = OpCode::kJump}, own));
      for (size_t op = start; op < plan_.ops.size(); ++op) {
        if (plan_.ops[op].on_fail == kPending) plan_.ops[op].on_fail = Here();
      }
      for (size_t table = branch_tables; table < plan_.branches.size(); ++table) {
        for (uint16_t& target : plan_.branches[table]) {
          if (target == kPending) target = Here();
        }
      }
    }
    for (size_t jump : jumps) plan_.ops[jump].target = Here();
    --slots_;
    context->exact = false;
    return true;
  }

  void ClearCaptures(const Node& node, const Context& context) {
    if (node.kind == NodeKind::kCapture) {
      Emit({.code = OpCode::kClear, .capture = static_cast<uint8_t>(node.group)}, context);
    }
    for (const Node& child : node.children) ClearCaptures(child, context);
  }

  static constexpr uint16_t kPending = 0xfffd;

  Plan plan_;
  std::string why_;
  int slots_ = 0;
};

}  // namespace

std::optional<Plan> CompilePlan(const Node& tree, int groups, std::string* why_not) {
  return Compiler(groups).Run(tree, why_not);
}

bool IsExactPrefix(const Node& root, size_t count) {
  return root.kind == NodeKind::kConcat && count <= root.children.size() &&
         Compiler(0).IsExact(root, count);
}

}  // namespace parshall::records
