#include "records/recipe_steps.h"

#include <algorithm>

namespace parshall::records {
namespace {

using rules::FieldType;

// Nothing else depends on a plain text, so they can be filled in one loop without branches.
size_t TextsFirst(const CompiledRule& rule, std::vector<Step>* steps) {
  const auto part = [&rule](int slot) {
    return std::any_of(rule.recipes.begin(), rule.recipes.end(), [slot](const Recipe& recipe) {
      return recipe.method_slot == slot || recipe.path_slot == slot ||
             recipe.protocol_slot == slot || recipe.count_slot == slot;
    });
  };
  const auto behind =
      std::stable_partition(steps->begin(), steps->end(), [&part](const Step& step) {
        return step.way == Recipe::Way::kText && !step.shared_slot && step.request < 0 &&
               !part(step.slot);
      });
  // Then short integers, likewise.
  std::stable_partition(behind, steps->end(), [&part](const Step& step) {
    return step.way == Recipe::Way::kDigits && !step.shared_slot && step.request < 0 &&
           !part(step.slot);
  });
  return static_cast<size_t>(behind - steps->begin());
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
    if (recipe.shared_slot) rule->shared_slots.push_back(recipe.slot);
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
    if (recipe.capture > 0 && integer && plain) recipe.way = Recipe::Way::kDigits;
    // Transforms look at all fields of a record together.
    recipe.record_only = recipe.way == Recipe::Way::kText && !recipe.shared_slot &&
                         rule->transforms == nullptr && !asked_for(recipe.slot) &&
                         !asked_for(recipe.method_slot) && !asked_for(recipe.path_slot) &&
                         !asked_for(recipe.protocol_slot);
    Step step{.way = recipe.way,
              .dash_is_null = recipe.conversion.dash_is_null,
              .plain_nulls = recipe.conversion.plain_nulls,
              .shared_slot = recipe.shared_slot,
              .capture = static_cast<uint8_t>(recipe.capture),
              .slot = static_cast<uint16_t>(recipe.slot),
              .recipe = static_cast<uint16_t>(&recipe - rule->recipes.data())};
    if (recipe.method_slot >= 0) step.request = static_cast<int16_t>(step.recipe);
    rule->steps.push_back(step);
    if (!recipe.record_only) rule->metric_steps.push_back(step);
  }
  rule->text_steps = TextsFirst(*rule, &rule->steps);
  rule->text_metric_steps = TextsFirst(*rule, &rule->metric_steps);
}

}  // namespace parshall::records
