#include "app/completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/load_rules.h"

namespace parshall::app {
namespace {

constexpr std::string_view kMadeBy =
    "# Made by `parshall --print-completion {}` out of its flags.\n";

std::vector<std::string> SplitAtBars(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t bar = std::min(text.find('|'), text.size());
    parts.emplace_back(text.substr(0, bar));
    text.remove_prefix(std::min(bar + 1, text.size()));
  }
  return parts;
}

std::string Join(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

// The built-in formats and packs, each name once.
std::vector<std::string> FormatNames() {
  std::vector<std::string> names;
  for (const FormatRow& row : Formats()) {
    const size_t folder = row.file.rfind('/') + 1;  // 0 without one
    names.push_back(row.file.substr(folder, row.file.rfind('.') - folder));
    names.push_back(row.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Whether files stand behind the command: FILE…, PATH.
bool TakesFiles(const Command& command) {
  return command.arguments.find("FILE") != std::string_view::npos ||
         command.arguments.find("PATH") != std::string_view::npos;
}

std::vector<std::string> CommandNames(uint8_t bits = kAny) {
  std::vector<std::string> names;
  for (const Command& command : AllCommands()) {
    if ((command.bit & bits) != 0) names.emplace_back(command.name);
  }
  return names;
}

// "--config|--format|…": the flags that take a value, as a pattern of case.
std::string ValueFlags() {
  std::vector<std::string> names;
  for (const Flag& flag : AllFlags()) {
    if (!flag.argument.empty()) names.push_back(fmt::format("--{}", flag.name));
  }
  return Join(names, "|");
}

// A shell word in single quotes; `quote` is how one is written inside of it.
std::string Quote(std::string_view text, std::string_view quote) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += quote;
    } else if (c == '\\' && quote == "\\'") {  // fish reads it inside of quotes
      out += "\\\\";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string BashScript() {
  std::string out = fmt::format(fmt::runtime(kMadeBy), "bash");
  out += R"(_parshall() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local command= word= prefix= flags= files= words= i
  # Bash makes three words of --flag=value, unless somebody took = out of COMP_WORDBREAKS.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $cur == --*=* ]]; then
    prev=${cur%%=*} prefix=${cur%%=*}= cur=${cur#*=}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
)";
  out += fmt::format("      {})\n", ValueFlags());
  out += R"(        if [[ ${COMP_WORDS[i+1]} == = ]]; then i=$((i + 1)); fi
        i=$((i + 1)) ;;
      -*) ;;
      *) command=$word; break ;;
    esac
  done
  case $prev in
)";
  for (const Flag& flag : AllFlags()) {
    if (flag.argument.empty()) continue;
    const FlagValues values = ValuesOf(flag);
    std::string compgen;
    if (!values.words.empty()) compgen += fmt::format(" -W '{}'", Join(values.words, " "));
    if (values.files) compgen += " -f";
    if (values.folders && !values.files) compgen += " -d";
    if (compgen.empty()) {
      out += fmt::format("    --{}) return ;;\n", flag.name);
      continue;
    }
    out += fmt::format("    --{})\n", flag.name);
    if (values.files || values.folders) out += "      compopt -o filenames 2> /dev/null\n";
    out += fmt::format("      mapfile -t COMPREPLY < <(compgen{} -P \"$prefix\" -- \"$cur\")\n",
                       compgen);
    out += "      return ;;\n";
  }
  out += "  esac\n  case $command in\n";
  for (const Command& command : AllCommands()) {
    std::vector<std::string> flags;
    for (const Flag& flag : AllFlags()) {
      if ((flag.commands & command.bit) != 0) flags.push_back(fmt::format("--{}", flag.name));
    }
    // Without a command it is a run, and what is no command is its first path.
    out += fmt::format("    {}) flags='{}' files={} words='{}' ;;\n",
                       command.bit == kRun ? std::string("*") : std::string(command.name),
                       Join(flags, " "), TakesFiles(command) ? "yes" : "",
                       Join(SplitAtBars(command.choices), " "));
  }
  // The pattern * stands last, whatever the order of the table is.
  const size_t begin = out.find("    *) flags=");
  const size_t end = out.find('\n', begin) + 1;
  const std::string any = out.substr(begin, end - begin);
  out.erase(begin, end - begin);
  out += any;
  out += fmt::format(R"(  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
    return
  fi
  if [[ -z $command ]]; then words='{}'; fi
  if [[ -n $files ]]; then
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; compgen -f -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
}}
complete -F _parshall parshall
)",
                     Join(CommandNames(), " "));
  return out;
}

// One flag for _arguments.
std::string ZshSpec(const Flag& flag) {
  std::string help;
  for (const char c : flag.help) {
    if (c == '[' || c == ']' || c == '\\') help += '\\';
    help += c;
  }
  std::string spec = flag.repeatable ? "*" : "";
  spec += fmt::format("--{}{}[{}]", flag.name, flag.argument.empty() ? "" : "=", help);
  if (flag.argument.empty()) return Quote(spec, "'\\''");
  std::string message;
  for (const char c : flag.argument) {
    if (c == ':') message += '\\';
    message += c;
  }
  const FlagValues values = ValuesOf(flag);
  std::string action = " ";  // nothing to offer
  const std::string paths = values.files ? "_files" : "_files -/";
  if (!values.words.empty() && (values.files || values.folders)) {
    action = fmt::format("{{compadd -- {}; {}}}", Join(values.words, " "), paths);
  } else if (!values.words.empty()) {
    action = fmt::format("({})", Join(values.words, " "));
  } else if (values.files || values.folders) {
    action = paths;
  }
  return Quote(fmt::format("{}:{}:{}", spec, message, action), "'\\''");
}

// What stands behind a command, as an action of _arguments.
std::string ZshArgument(const Command& command) {
  if (TakesFiles(command)) return "_files";
  return fmt::format("'({})'", Join(SplitAtBars(command.choices), " "));
}

std::string ZshScript() {
  std::string out = "#compdef parshall\n";
  out += fmt::format(fmt::runtime(kMadeBy), "zsh");
  out += R"(_parshall() {
  local command= i
  local -a flags commands
  for ((i = 2; i < CURRENT; i++)); do
    case ${words[i]} in
)";
  out += fmt::format("      ({}) ((i++)) ;;\n", ValueFlags());
  out += "      (-*) ;;\n      (*) command=${words[i]}; break ;;\n    esac\n  done\n  commands=(\n";
  for (const Command& command : AllCommands()) {
    out +=
        fmt::format("    {}\n", Quote(fmt::format("{}:{}", command.name, command.help), "'\\''"));
  }
  out += "  )\n  local files=\n  case $command in\n";
  std::string any;
  for (const Command& command : AllCommands()) {
    std::string& part = command.bit == kRun ? any : out;
    part += fmt::format("    ({})\n      files={}\n      flags=(\n",
                        command.bit == kRun ? std::string("*") : std::string(command.name),
                        ZshArgument(command));
    for (const Flag& flag : AllFlags()) {
      if ((flag.commands & command.bit) != 0) part += fmt::format("        {}\n", ZshSpec(flag));
    }
    part += "      ) ;;\n";
  }
  out += any;
  out += R"(  esac
  if [[ -z $command ]]; then
    _arguments -S $flags '1: :{_describe command commands; _files}' '*: :_files'
  else
    _arguments -S $flags "*:argument:$files"
  fi
}
_parshall "$@"
)";
  return out;
}

std::string FishScript() {
  std::string out = fmt::format(fmt::runtime(kMadeBy), "fish");
  out += R"(# The command of this line; "none" if there is none yet, which is a run.
function __parshall_command
  set -l value no
  for word in (commandline -opc)[2..-1]
    if test $value = yes
      set value no
      continue
    end
    switch $word
)";
  std::string value_flags = ValueFlags();
  std::replace(value_flags.begin(), value_flags.end(), '|', ' ');
  out += fmt::format("      case {}\n", value_flags);
  out += R"(        set value yes
      case '-*'
      case '*'
        echo $word
        return
    end
  end
  echo none
end
function __parshall_is
  set -l command (__parshall_command)
)";
  out += fmt::format("  if not contains -- $command {}\n", Join(CommandNames(), " "));
  out += R"(    set command run
  end
  contains -- $command $argv
end
complete -c parshall -f -n 'not __parshall_is run check verify'
)";
  for (const Command& command : AllCommands()) {
    out += fmt::format("complete -c parshall -n 'test (__parshall_command) = none' -a {} -d {}\n",
                       command.name, Quote(command.help, "\\'"));
  }
  for (const Command& command : AllCommands()) {
    if (command.choices.empty()) continue;
    out += fmt::format("complete -c parshall -n 'test (__parshall_command) = {}' -a {}\n",
                       command.name, Quote(Join(SplitAtBars(command.choices), " "), "\'"));
  }
  for (const Flag& flag : AllFlags()) {
    out += fmt::format("complete -c parshall -n '__parshall_is {}' -l {}",
                       Join(CommandNames(flag.commands), " "), flag.name);
    if (flag.name == "help") out += " -s h";
    if (!flag.argument.empty()) {
      const FlagValues values = ValuesOf(flag);
      std::vector<std::string> words = values.words;
      if (values.folders && !values.files) words.emplace_back("(__fish_complete_directories)");
      out += values.files ? " -r -F" : " -x";
      if (!words.empty()) out += fmt::format(" -a {}", Quote(Join(words, " "), "\\'"));
    }
    out += fmt::format(" -d {}\n", Quote(flag.help, "\\'"));
  }
  return out;
}

}  // namespace

FlagValues ValuesOf(const Flag& flag) {
  FlagValues values;
  values.words = SplitAtBars(flag.choices);
  if (!values.words.empty()) return values;
  for (const std::string& part : SplitAtBars(flag.argument)) {
    const bool word = std::all_of(part.begin(), part.end(),
                                  [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
    if (word) values.words.push_back(part);
    if (part == "FILE") values.files = true;
    if (part == "DIR") values.folders = true;
  }
  if (flag.name == "format") values.words = FormatNames();
  return values;
}

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return BashScript();
  return shell == "zsh" ? ZshScript() : FishScript();
}

}  // namespace parshall::app
