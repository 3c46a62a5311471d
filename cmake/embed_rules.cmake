cmake_minimum_required(VERSION 3.25)
# Writes OUTPUT, a C++ file with the texts of the rule files: cmake -DOUTPUT=… -DRULES_DIR=… -P embed_rules.cmake
# The order is that in which the rules are tried.
set(names structlog access gunicorn json)

# Every other file is a pack, active only when it is named.
file(GLOB packs RELATIVE "${RULES_DIR}" "${RULES_DIR}/*.yaml" "${RULES_DIR}/compat/*.yaml")
list(TRANSFORM packs REPLACE "\\.yaml$" "")
list(REMOVE_ITEM packs ${names} metrics)
list(SORT packs)

function(embed name result)
  file(READ "${RULES_DIR}/${name}.yaml" text)
  set(${result} "{\"${name}\", R\"parshall(${text})parshall\"}" PARENT_SCOPE)
endfunction()

set(rows "")
foreach(name IN LISTS names)
  embed(${name} row)
  string(APPEND rows "    ${row},\n")
endforeach()
set(pack_rows "")
foreach(name IN LISTS packs)
  embed(${name} row)
  string(APPEND pack_rows "    ${row},\n")
endforeach()
embed(metrics metrics_row)

set(code "// Written by cmake/embed_rules.cmake from rules/*.yaml.
#include \"app/builtin_rules.h\"

namespace parshall::app {
namespace {

constexpr BuiltinFile kRules[] = {
${rows}};
constexpr BuiltinFile kPacks[] = {
${pack_rows}};
constexpr BuiltinFile kMetrics = ${metrics_row};

}  // namespace

std::span<const BuiltinFile> BuiltinRules() { return kRules; }
std::span<const BuiltinFile> RulePacks() { return kPacks; }
const BuiltinFile& BuiltinMetrics() { return kMetrics; }

}  // namespace parshall::app
")
file(WRITE "${OUTPUT}" "${code}")
