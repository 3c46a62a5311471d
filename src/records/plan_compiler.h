#pragma once
// Expression tree → plan, the part that goes down the tree. A row of items is compiled in
// plan_compile.cc, a choice in plan_choice.cc, a repetition in plan_loop.cc; each calls the others
// for what stands inside.

#include <optional>
#include <string>
#include <vector>

#include "records/plan.h"
#include "records/plan_emitter.h"
#include "records/plan_items.h"

namespace parshall::records {

// One thread; lives for one compilation. Any construct it does not know sets why_ and gives the
// plan up: then its functions return false, and what they emitted is good for nothing.
class PlanCompiler {
 public:
  explicit PlanCompiler(int groups) { plan_.groups = groups; }

  PlanCompiler(const PlanCompiler&) = delete;  // emit_ knows where plan_ is
  PlanCompiler& operator=(const PlanCompiler&) = delete;

  std::optional<Plan> Run(const Node& tree, std::string* why_not);

  // Whether the first `count` children of the root leave no choice open.
  bool IsExact(const Node& root, size_t count);

 private:
  // A row of items. `follow` is what can stand behind it.
  bool Sequence(const PlanItems& items, const First& follow, PlanContext* context);

  // (?P<name>run): the run op saves its own capture. (?P<name>a|b): each alternative does.
  // Returns the index behind the group, or `i` when it is neither.
  size_t CapturedNode(const PlanItems& items, size_t i, const First& follow, PlanContext* context);

  // X*, X+, X?, X{n,m}. `literal` is what must follow at once.
  bool Repeat(const Node& node, const First& rest, const std::string& literal,
              PlanContext* context);
  bool Loop(const Node& node, const First& rest, PlanContext* context);

  // A|B|…, and X? as X or nothing. `group` (or 0) is the group around it, which each branch saves
  // for itself.
  bool Alternate(const Node& node, const First& rest, int group, PlanContext* context);
  bool Optional(const Node& node, const First& rest, PlanContext* context);
  bool OneOf(const std::vector<const Node*>& branches, const First& rest, int group,
             PlanContext* context);
  bool Dispatch(const std::vector<const Node*>& branches, const std::vector<First>& firsts,
                const First& rest, int group, PlanContext* context);
  bool TryInOrder(const std::vector<const Node*>& branches, const First& rest, int group,
                  PlanContext* context);
  void ClearCaptures(const Node& node, const PlanContext& context);

  // Groups below a choice or a repetition may take no part in a match.
  void OptionalGroups(const Node& node, bool optional);

  // Keeps the first reason.
  bool No(std::string why);

  Plan plan_;
  PlanEmitter emit_{&plan_};
  std::string why_;
  int slots_ = 0;  // of kTry, in use
};

}  // namespace parshall::records
