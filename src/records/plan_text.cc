// Plans for people: `check --plans`.

#include <string>

#include "records/plan.h"

namespace parshall::records {
namespace {

std::string Quoted(const char* data, size_t size) {
  std::string text = "'";
  for (size_t n = 0; n < size; ++n) {
    const auto byte = static_cast<unsigned char>(data[n]);
    if (byte >= ' ' && byte < 0x7f) {
      text += data[n];
    } else {
      static const char kHex[] = "0123456789abcdef";
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return text + "'";
}

}  // namespace

std::string Plan::ToString() const {
  std::string text;
  for (size_t n = 0; n < ops.size(); ++n) {
    const PlanOp& op = ops[n];
    const auto literal = [&op] {
      return Quoted(reinterpret_cast<const char*>(&op.literal), op.count);
    };
    std::string line;
    switch (op.code) {
      case OpCode::kLiteral:
        line = "literal " + literal();
        break;
      case OpCode::kShape:
        line = "shape of " + std::to_string(shapes[op.table].size) + " bytes";
        for (size_t save = 0; save < shapes[op.table].saves_count; ++save) {
          const PlanShape::Save& saved = shapes[op.table].saves[save];
          if (!saved.end) line += ", group " + std::to_string(saved.capture);
        }
        break;
      case OpCode::kRunUntil1:
      case OpCode::kRunUntil2:
      case OpCode::kRunUntil3: {
        const size_t stops = op.code == OpCode::kRunUntil1   ? 1
                             : op.code == OpCode::kRunUntil2 ? 2
                                                             : 3;
        line = "until " + Quoted(reinterpret_cast<const char*>(op.stop.data()), stops);
        break;
      }
      case OpCode::kRunClass:
        line = "run of a class";
        break;
      case OpCode::kRunDigits:
        line = "digits";
        break;
      case OpCode::kRunRest:
        line = "the rest";
        break;
      case OpCode::kFind:
        line = "find " + literal();
        break;
      case OpCode::kBranch:
        line = "branch by the next byte";
        break;
      case OpCode::kTry:
        line = "try";
        break;
      case OpCode::kResume:
        line = "or else";
        break;
      case OpCode::kPeek:
        line = "look at the next byte";
        break;
      case OpCode::kJump:
        line = "go on at " + std::to_string(op.target);
        break;
      case OpCode::kSaveBegin:
        line = "begin group " + std::to_string(op.capture);
        break;
      case OpCode::kSaveEnd:
        line = "end group " + std::to_string(op.capture);
        break;
      case OpCode::kClear:
        line = "forget group " + std::to_string(op.capture);
        break;
      case OpCode::kEnd:
        line = "end of line";
        break;
      case OpCode::kAccept:
        line = "match";
        break;
    }
    const bool run = op.code >= OpCode::kRunUntil1 && op.code <= OpCode::kFind;
    if (run && op.capture != kNoCapture) line += ", group " + std::to_string(op.capture);
    if (op.min > 0 && run) line += ", at least " + std::to_string(op.min);
    text += std::to_string(n) + "  " + line + "\n";
  }
  return text;
}

}  // namespace parshall::records
