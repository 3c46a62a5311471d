// What --help and docs/CONFIGURATION.md say, out of the table of flags.

#include <fmt/format.h>

#include <array>

#include "app/flags.h"
#include "app/options.h"

namespace parshall::app {
namespace {

constexpr size_t kColumns = 100;
constexpr size_t kIndent = 34;  // where the sentences begin

struct GroupTitle {
  Flag::Group group;
  std::string_view title;
};
constexpr std::array kGroups = {
    GroupTitle{Flag::Group::kInput, "Sources"},
    GroupTitle{Flag::Group::kRules, "Rules"},
    GroupTitle{Flag::Group::kOutput, "Output"},
    GroupTitle{Flag::Group::kWeb, "Web"},
    GroupTitle{Flag::Group::kLimits, "Limits"},
    GroupTitle{Flag::Group::kGenerate, "Dashboard and rules"},
    GroupTitle{Flag::Group::kLog, "Own log"},
    GroupTitle{Flag::Group::kOther, "Other"},
};

// Columns on a terminal: UTF-8 continuation bytes take none.
size_t Width(std::string_view text) {
  size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xc0) == 0x80 ? 0 : 1;
  return width;
}

// `left` at two blanks, `sentence` beside it, wrapped; below it when `left` is too wide.
void AppendEntry(std::string_view left, std::string_view sentence, std::string* out) {
  out->append("  ").append(left);
  size_t column = 2 + Width(left);
  if (column + 2 > kIndent) {
    out->push_back('\n');
    column = 0;
  }
  out->append(kIndent - column, ' ');
  column = kIndent;
  while (!sentence.empty()) {
    const size_t end = std::min(sentence.find(' '), sentence.size());
    const std::string_view word = sentence.substr(0, end);
    if (column + 1 + Width(word) > kColumns) {
      out->append("\n").append(kIndent, ' ');
      column = kIndent;
    }
    if (column > kIndent) {
      out->push_back(' ');
      ++column;
    }
    out->append(word);
    column += Width(word);
    sentence.remove_prefix(std::min(end + 1, sentence.size()));
  }
  out->push_back('\n');
}

std::string Synopsis(const Flag& flag) {
  std::string text = fmt::format("--{}", flag.name);
  if (flag.name == "help") text = "-h, --help";
  if (!flag.argument.empty()) text += fmt::format(" {}", flag.argument);
  return text;
}

std::string CommandNames(uint8_t bits) {
  std::string names;
  for (const Command& command : AllCommands()) {
    if ((bits & command.bit) != 0)
      names += fmt::format("{}{}", names.empty() ? "" : ", ", command.name);
  }
  return names;
}

std::string Sentence(const Flag& flag) {
  std::string text(flag.help);
  if (flag.repeatable) text += " Can be repeated.";
  if (flag.commands != kAny && flag.commands != kRun) {
    text += fmt::format(" ({})", CommandNames(flag.commands));
  }
  if (!flag.argument.empty() && !flag.fallback.empty()) {
    text += fmt::format(" [{}]", flag.fallback);
  }
  return text;
}

std::string EscapePipes(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string HelpText() {
  std::string out =
      "parshall reads log lines, writes one JSON record for each, and counts them for Prometheus.\n"
      "\n"
      "Usage:\n"
      "  parshall [run] [FLAGS] [PATH|GLOB…]\n"
      "  parshall check|explain|verify|healthcheck|generate|formats [FLAGS] …\n"
      "\n"
      "Commands:\n";
  for (const Command& command : AllCommands()) {
    std::string left(command.name);
    if (!command.arguments.empty()) left += fmt::format(" {}", command.arguments);
    AppendEntry(left, command.help, &out);
  }
  for (const GroupTitle& group : kGroups) {
    out += fmt::format("\n{}:\n", group.title);
    for (const Flag& flag : AllFlags()) {
      if (flag.group == group.group) AppendEntry(Synopsis(flag), Sentence(flag), &out);
    }
  }
  out +=
      "\n"
      "Every flag but --help and --version can be given as an environment variable: --log.level "
      "is\n"
      "PARSHALL_LOG_LEVEL; lists are separated by commas, switches are true or false. A flag "
      "beats\n"
      "the environment, which beats the configuration file. What follows -- is never a flag; a "
      "file\n"
      "named like a command is ./check.\n"
      "\n"
      "Exit code: 0 done; 1 something failed on the way; 2 wrong flags, configuration or rules.\n"
      "\n"
      "Examples:\n"
      "  gunicorn app:app --access-logfile - 2>&1 | parshall\n"
      "  parshall '/var/log/nginx/*.log' --output records.jsonl\n"
      "  parshall --once access.log --output none --metrics-file -\n"
      "  parshall explain '127.0.0.1 - - [21/Nov/2026:09:25:39 +0000] \"GET / HTTP/1.1\" 200 5'\n";
  return out;
}

std::string FlagTableMarkdown() {
  std::string out =
      "| flag | environment | default | commands | meaning |\n"
      "|---|---|---|---|---|\n";
  for (const Flag& flag : AllFlags()) {
    std::string name = fmt::format("`--{}{}{}`", flag.name, flag.argument.empty() ? "" : " ",
                                   EscapePipes(flag.argument));
    out += fmt::format("| {} | {} | {} | {} | {}{} |\n", name,
                       flag.has_twin ? fmt::format("`{}`", EnvironmentName(flag.name)) : "",
                       flag.fallback, flag.commands == kAny ? "all" : CommandNames(flag.commands),
                       EscapePipes(flag.help), flag.repeatable ? " Can be repeated." : "");
  }
  return out;
}

}  // namespace parshall::app
