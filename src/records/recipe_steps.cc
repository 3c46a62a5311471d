#include "records/recipe_steps.h"

#include <algorithm>

namespace parshall::records {
namespace {

using rules::FieldType;

// Nothing else depends on a plain text or integer, so they can be filled in loops of their own.
void PlainFirst(const CompiledRule& rule, Steps* steps) {
  const auto plain = [&rule](const Step& step, Recipe::Way way) {
    const int slot = rule.recipes[step.recipe].slot;
    return step.way == way && !step.shared_slot && step.request < 0 &&
           std::none_of(rule.recipes.begin(), rule.recipes.end(), [slot](const Recipe& recipe) {
             return recipe.method_slot == slot || recipe.path_slot == slot ||
                    recipe.protocol_slot == slot || recipe.count_slot == slot;
           });
  };
  const auto begin = steps->all.begin();
  const auto texts_end = std::stable_partition(begin, steps->all.end(), [&plain](const Step& step) {
    return plain(step, Recipe::Way::kText);
  });
  const auto digits_end = std::stable_partition(
      texts_end, steps->all.end(),
      [&plain](const Step& step) { return plain(step, Recipe::Way::kDigits); });
  steps->texts_end = static_cast<size_t>(texts_end - begin);
  steps->digits_end = static_cast<size_t>(digits_end - begin);
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
    if (recipe.capture > 0 && integer && plain && conversion.plain_nulls) {
      recipe.way = Recipe::Way::kDigits;
    }
    // Transforms look at all fields of a record together.
    recipe.record_only = recipe.way == Recipe::Way::kText && !recipe.shared_slot &&
                         rule->transforms == nullptr && !asked_for(recipe.slot) &&
                         !asked_for(recipe.method_slot) && !asked_for(recipe.path_slot) &&
                         !asked_for(recipe.protocol_slot);
    Step step{
        .way = recipe.way,
        .shared_slot = recipe.shared_slot,
        .capture_at = static_cast<uint16_t>(static_cast<size_t>(recipe.capture) * sizeof(Capture)),
        .recipe = static_cast<uint16_t>(&recipe - rule->recipes.data()),
        .value_at = static_cast<uint32_t>(static_cast<size_t>(recipe.slot) * sizeof(Value))};
    if (recipe.conversion.dash_is_null) step.null_head = static_cast<int32_t>(HeadOf("-", 1));
    if (recipe.method_slot >= 0) step.request = static_cast<int16_t>(step.recipe);
    rule->steps.all.push_back(step);
    if (!recipe.record_only) rule->metric_steps.all.push_back(step);
  }
  PlainFirst(*rule, &rule->steps);
  PlainFirst(*rule, &rule->metric_steps);
}

}  // namespace parshall::records
