// Built with the vectors of its name on x86-64 (src/CMakeLists.txt); elsewhere the same as the
// baseline and never chosen.
#if defined(__AVX512BW__)
#define PARSHALL_AVX512 1
#endif
#include "sinks/field_json_impl.h"

namespace parshall::sinks {

char* AppendFieldsAvx512(char* at, const FieldStep* steps, const records::Value* values) {
  return AppendFieldsImpl(at, steps, values);
}

}  // namespace parshall::sinks
