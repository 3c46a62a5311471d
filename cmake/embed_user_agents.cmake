cmake_minimum_required(VERSION 3.25)
# Writes OUTPUT, a C++ file with the text of INPUT (data/uap-core/regexes.yaml): cmake -DOUTPUT=… -DINPUT=… -P embed_user_agents.cmake
file(READ "${INPUT}" text)
set(code "// Written by cmake/embed_user_agents.cmake from data/uap-core/regexes.yaml.
#include \"records/user_agent_table.h\"

namespace parshall::records {

std::string_view UserAgentData() {
  static constexpr std::string_view text = R\"parshall(${text})parshall\";
  return text;
}

}  // namespace parshall::records
")
file(WRITE "${OUTPUT}" "${code}")
