#pragma once
// A rule's transforms as they run on each of its records. Names are settled when the rules are
// compiled: rename, remove and the names of new fields cost nothing on a line.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "records/redact.h"
#include "records/regex.h"
#include "records/user_agent_table.h"
#include "rules/rule.h"

namespace parshall::records {

struct CompiledRule;

struct CompiledTest {
  int slot = 0;
  std::vector<std::string> values;  // empty: any
  std::unique_ptr<Search> match;    // null: none
  std::optional<double> min;
  std::optional<double> max;
};

// One step that does something on a line.
struct TransformOp {
  enum class Kind : uint8_t { kKeep, kDrop, kRedact, kSplit, kUserAgent } kind = Kind::kDrop;
  std::vector<CompiledTest> tests;  // kKeep, kDrop
  uint32_t reason = 0;              // index into Transforms::reasons
  std::vector<int>
      slots;  // kRedact: of these fields; kSplit, kUserAgent: [0] holds the URL or the agent
  std::unique_ptr<Redactor> redactor;  // kRedact
  int host_slot = -1;                  // kSplit: where the parts go, -1 for nowhere
  int path_slot = -1;
  int query_slot = -1;
  std::vector<std::pair<std::string, int>> params;
  int family_slot = -1;  // kUserAgent
  int major_slot = -1;
  int os_slot = -1;
  int device_slot = -1;
};

// What becomes of a key of a JSON event, which is written as it came otherwise.
struct KeyEdit {
  int key = 0;    // index into RuleProgram::keys
  int slot = -1;  // its value; -1: the text that the pattern is matched against
  bool hide = false;
  std::string name;  // its new name; empty: as it is
  std::string name_json;
  std::vector<const Redactor*> redactors;  // for the strings in it, if it is an object or a list
};

// Immutable after compilation; belongs to its rule.
struct Transforms {
  struct Constant {
    int slot = 0;
    std::string text;  // with kPaddingBytes behind it
    size_t size = 0;
  };
  std::vector<TransformOp> ops;  // in their order
  std::vector<int> made_slots;   // that no expression and no key fills
  std::vector<Constant> constants;
  std::vector<KeyEdit> edits;
  std::vector<std::string> reasons;              // of keep and drop
  uint32_t one_in = 1;                           // records that are written
  int sample_slot = -1;                          // whose text decides; -1: the line
  std::shared_ptr<const UserAgentTable> agents;  // null: no step asks for it
};

// How the transforms of one rule are compiled; one thread. Between the two calls the rule gets the
// fields that metrics want.
class TransformCompiler {
 public:
  // `add_key` gives the rule a slot for a key of its JSON events; null when it reads none. `keys`
  // are the program's.
  TransformCompiler(const rules::RuleSpec& spec, CompiledRule* rule,
                    std::function<void(const std::string&)> add_key,
                    const std::vector<std::string>* keys, std::vector<Error>* faults)
      : spec_(spec), rule_(rule), add_key_(std::move(add_key)), keys_(keys), faults_(faults) {}

  // Renames, removes and adds fields of the rule, and makes its steps.
  void Run();
  // Whether metrics may look for that key: not if a transform has taken the name away.
  bool MayWant(const std::string& name) const;
  // When all fields are known.
  void Finish();

 private:
  void Step(const rules::TransformSpec& spec);
  void Filter(const rules::TransformSpec& spec);
  void Rename(const rules::TransformSpec& spec);
  void Remove(const rules::TransformSpec& spec);
  void Add(const rules::TransformSpec& spec);
  void Redact(const rules::TransformSpec& spec);
  void Split(const rules::TransformSpec& spec);
  void Agent(const rules::TransformSpec& spec);
  int Resolve(const std::string& name, const rules::Where& where);
  int NewField(const std::string& name, const rules::Where& where);
  bool Taken(const std::string& name, const rules::Where& where);
  bool IsText(int slot) const;
  KeyEdit* EditOf(int slot);
  int KeyOf(int slot) const;
  void Fault(const rules::Where& where, const std::string& what);

  const rules::RuleSpec& spec_;
  CompiledRule* rule_;
  std::function<void(const std::string&)> add_key_;
  const std::vector<std::string>* keys_;  // of the program
  std::vector<Error>* faults_;
  std::unique_ptr<Transforms> made_;
  std::vector<std::string> gone_;  // names that a transform took away
};

}  // namespace parshall::records
