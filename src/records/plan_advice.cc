#include "records/plan_advice.h"

namespace parshall::records {
namespace {

struct Advice {
  std::string_view why;  // begins so
  std::string_view advice;
};

constexpr Advice kAdvice[] = {
    {"a ^ that is not at the start", "write one ^ before the choice: ^(?:a|b) for ^a|^b"},
    {"a group inside of a repetition",
     "write (?:…) inside, and one group around it all: (?P<x>(?:a )*) for (?:(?P<x>a) )*"},
    {"a repetition of something that can be empty",
     "let each round take at least a byte: (?:a+b?)* or [ab]* for (?:a?b?)*"},
    {"a repetition that the next byte alone cannot end",
     "let what repeats and what follows begin with different bytes, or name the bytes of the run: "
     "[^ ]* for (?:ab)*a"},
    {"a repetition of nothing", "leave it out"},
    {"a bounded repetition of a group",
     "write the rounds out: (?:ab){2}(?:ab)? for (?:ab){2,3}, abab(?:ab)* for (?:ab){2,}"},
    {"a lazy repetition with an upper bound",
     "leave out of the class what follows it: [^ab]{1,3}[ab] for .{1,3}?[ab]"},
    {"a lazy repetition before a class",
     "leave out of the class what follows it: [^ab]+[ab] for .+?[ab]"},
    {"flags like (?i)", "write the cases out: [Gg][Ee][Tt] for (?i)get"},
    {"the escape \\b", "write what stands there: a blank, or [^A-Za-z0-9_]"},
    {"the escape \\B", "write what stands there: [A-Za-z0-9_]"},
    {"the escape ", "write the bytes as a class: [A-Za-z] for \\pL"},
    {"an escape like \\x{…}", "write its bytes one by one: \\xc3\\xa9 for \\x{e9} in UTF-8"},
    {"an unknown [:class:]", "write its bytes: [A-Za-z] for [[:alpha:]]"},
    {"an odd class range", "write its bytes one by one"},
    {"the expression is too long for a plan",
     "take the end of the line as one group, or make two rules of it"},
    {"more than 63 groups", "write (?:…) where the text is not needed"},
    {"alternatives nested too deeply", "make a rule of each alternative"},
    {"groups nested too deeply", "leave out the groups that are not needed"},
    {"a repeat count over 1000", "write * or +"},
    {"a repeated anchor", "leave the repetition out"},
    {"a doubled repetition", "keep one of the two"},
};

}  // namespace

std::string_view PlanAdvice(std::string_view expression, std::string_view why) {
  if (why.starts_with("the expression is not anchored")) {
    return expression.find('^') == std::string_view::npos
               ? "begin it with ^, and with ^.*? if what stands before does not matter"
               : "write one ^ before all of it: ^(?:a|b) for ^a|b";
  }
  for (const Advice& known : kAdvice) {
    if (why.starts_with(known.why)) return known.advice;
  }
  return {};
}

}  // namespace parshall::records
