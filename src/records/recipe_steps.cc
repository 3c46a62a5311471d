#include "records/recipe_steps.h"

#include <algorithm>
#include <memory>

namespace parshall::records {
namespace {

using rules::FieldType;

// Whether some recipe fills the slot besides its own field.
bool IsPart(const CompiledRule& rule, int slot) {
  return std::any_of(rule.recipes.begin(), rule.recipes.end(), [slot](const Recipe& recipe) {
    return recipe.method_slot == slot || recipe.path_slot == slot || recipe.protocol_slot == slot ||
           recipe.count_slot == slot;
  });
}

void AddShared(int slot, CompiledRule* rule) {
  std::vector<int>& slots = rule->shared_slots;
  if (std::find(slots.begin(), slots.end(), slot) == slots.end()) slots.push_back(slot);
}

// Whether no other recipe fills the slot of its count.
bool FillsAlone(const CompiledRule& rule, const Recipe& sum) {
  return std::none_of(rule.recipes.begin(), rule.recipes.end(), [&sum](const Recipe& other) {
    const int slot = sum.count_slot;
    return other.slot == slot || other.method_slot == slot || other.path_slot == slot ||
           other.protocol_slot == slot || (&other != &sum && other.count_slot == slot);
  });
}

// Whether the parts of the request stand behind it in the record, and are nobody else's.
bool PartsFollow(const CompiledRule& rule, const Recipe& request) {
  const int slot = request.slot;
  return request.method_slot == slot + 1 && request.path_slot == slot + 2 &&
         request.protocol_slot == slot + 3 &&
         std::none_of(rule.recipes.begin(), rule.recipes.end(), [&](const Recipe& other) {
           const auto part = [slot](int of) { return of > slot && of <= slot + 3; };
           return part(other.slot) || part(other.count_slot) ||
                  (&other != &request &&
                   (part(other.method_slot) || part(other.path_slot) || part(other.protocol_slot)));
         });
}

// Nothing else depends on a plain text, integer, decimal or request, so they can be filled in loops
// of their own.
void PlainFirst(const CompiledRule& rule, Steps* steps) {
  auto at = steps->all.begin();
  const auto next = [&](Recipe::Way way, const auto& fits) {
    at = std::stable_partition(at, steps->all.end(), [&](const Step& step) {
      const Recipe& recipe = rule.recipes[step.recipe];
      return step.way == way && !step.shared_slot && !IsPart(rule, recipe.slot) &&
             fits(step, recipe);
    });
    return std::to_address(at);
  };
  using Way = Recipe::Way;
  const auto text = [](const Step& step, const Recipe&) {
    return !step.request && step.null_head < 0;
  };
  steps->texts_end = next(Way::kText, text);
  const auto dashed = [](const Step& step, const Recipe&) { return !step.request; };
  steps->dashed_end = next(Way::kText, dashed);
  const auto digits = [](const Step&, const Recipe&) { return true; };
  steps->digits_end = next(Way::kDigits, digits);
  const auto decimal = [&rule](const Step&, const Recipe& recipe) {
    return recipe.count_slot < 0 || FillsAlone(rule, recipe);
  };
  steps->decimals_end = next(Way::kDecimal, decimal);
  const auto request = [](const Step& step, const Recipe& recipe) {
    return step.request && recipe.parts_follow;
  };
  steps->requests_end = next(Way::kText, request);
  const auto usual = [steps](ValueKind kind, size_t slot) {
    steps->usual_kinds |= KindBits(kind, slot);
  };
  steps->begin = steps->all.data();
  steps->end = steps->begin + steps->all.size();
  for (const Step* step = steps->begin; step < steps->requests_end; ++step) {
    const auto slot = static_cast<size_t>(rule.recipes[step->recipe].slot);
    if (step < steps->dashed_end) {
      usual(ValueKind::kString, slot);
      continue;
    }
    if (step < steps->decimals_end) {
      usual(step < steps->digits_end ? ValueKind::kInt : ValueKind::kFloat, slot);
      const int count_slot = rule.recipes[step->recipe].count_slot;
      if (count_slot >= 0) usual(ValueKind::kInt, static_cast<size_t>(count_slot));
      continue;
    }
    usual(ValueKind::kString, slot);
    for (size_t part = 1; part <= 3; ++part) usual(ValueKind::kString, slot + part);
  }
}

}  // namespace

void MakeRecipeSteps(const std::vector<std::string>& wanted_fields, CompiledRule* rule) {
  const auto asked_for = [&](int slot) {
    if (slot < 0) return false;
    const std::string& name = rule->fields[static_cast<size_t>(slot)].name;
    const bool condition =
        std::any_of(rule->field_conditions.begin(), rule->field_conditions.end(),
                    [slot](const CompiledCondition& one) { return one.slot == slot; });
    return condition ||
           std::find(wanted_fields.begin(), wanted_fields.end(), name) != wanted_fields.end();
  };
  for (Recipe& recipe : rule->recipes) {
    const auto feeders =
        std::count_if(rule->recipes.begin(), rule->recipes.end(),
                      [&recipe](const Recipe& other) { return other.slot == recipe.slot; });
    recipe.shared_slot = feeders > 1;
    // A recipe that does not come to fill its slot leaves those of its parts and its count alone.
    if (recipe.shared_slot) AddShared(recipe.slot, rule);
    const bool left_alone = recipe.shared_slot || (recipe.count_slot >= 0 && recipe.capture > 0);
    for (const int slot :
         {recipe.method_slot, recipe.path_slot, recipe.protocol_slot, recipe.count_slot}) {
      if (slot >= 0 && left_alone) AddShared(slot, rule);
    }
    const Conversion& conversion = recipe.conversion;
    const bool simple_null =
        conversion.nulls.empty() || (conversion.dash_is_null && !conversion.fallback);
    const bool text = conversion.type == FieldType::kString ||
                      conversion.type == FieldType::kTime ||
                      conversion.type == FieldType::kHttpRequest;
    const bool integer = conversion.type == FieldType::kInt ||
                         (conversion.type == FieldType::kBytes && conversion.unit == 1.0);
    const bool plain = !conversion.sum && conversion.escapes == rules::Escapes::kNone;
    if (recipe.capture > 0 && text && simple_null && plain) recipe.way = Recipe::Way::kText;
    if (recipe.capture > 0 && integer && plain && conversion.plain_nulls) {
      recipe.way = Recipe::Way::kDigits;
    }
    const bool decimal =
        (conversion.type == FieldType::kFloat ||
         (conversion.type == FieldType::kDuration && conversion.unit == 1.0)) &&
        std::none_of(conversion.nulls.begin(), conversion.nulls.end(), [](const std::string& null) {
          return !null.empty() && null[0] >= '0' && null[0] <= '9';
        });
    if (recipe.capture > 0 && decimal) recipe.way = Recipe::Way::kDecimal;
    // Transforms look at all fields of a record together.
    recipe.record_only = recipe.way == Recipe::Way::kText && !recipe.shared_slot &&
                         rule->transforms == nullptr && !asked_for(recipe.slot) &&
                         !asked_for(recipe.method_slot) && !asked_for(recipe.path_slot) &&
                         !asked_for(recipe.protocol_slot);
    recipe.parts_follow = !recipe.shared_slot && PartsFollow(*rule, recipe);
    Step step{
        .way = recipe.way,
        .shared_slot = recipe.shared_slot,
        .capture_at = static_cast<uint16_t>(static_cast<size_t>(recipe.capture) * sizeof(Capture)),
        .recipe = static_cast<uint16_t>(&recipe - rule->recipes.data()),
        .value_at = static_cast<uint32_t>(static_cast<size_t>(recipe.slot) * sizeof(Value))};
    if (recipe.conversion.dash_is_null) step.null_head = static_cast<int32_t>(HeadOf("-", 1));
    step.request = recipe.method_slot >= 0;
    step.kind_shift = KindShift(static_cast<size_t>(recipe.slot));
    rule->steps.all.push_back(step);
    if (!recipe.record_only) rule->metric_steps.all.push_back(step);
  }
  PlainFirst(*rule, &rule->steps);
  PlainFirst(*rule, &rule->metric_steps);
}

}  // namespace parshall::records
