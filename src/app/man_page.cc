#include "app/man_page.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "app/flags.h"
#include "app/version.h"

namespace parshall::app {
namespace {

#ifndef PARSHALL_DATE
#define PARSHALL_DATE "2026-11-21"
#endif

// Text as roff shows it: a hyphen as the one that can be typed, nothing taken for a request, what
// is not ASCII by its number. `text` is UTF-8 of ours, three bytes a character at most.
std::string Escape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\\') {
      out += "\\e";
    } else if (byte == '-') {
      out += "\\-";
    } else if (byte == '\'') {
      out += "\\(aq";
    } else if (byte == '`') {
      out += "\\(ga";
    } else if (byte == '.' && out.empty()) {
      out += "\\&.";
    } else if (byte >= 0xe0 && i + 2 < text.size()) {
      const unsigned code = (byte & 0x0fu) << 12 |
                            (static_cast<unsigned char>(text[i + 1]) & 0x3fu) << 6 |
                            (static_cast<unsigned char>(text[i + 2]) & 0x3fu);
      out += code == 0x2026 ? "..." : fmt::format("\\[u{:04X}]", code);
      i += 2;
    } else if (byte >= 0xc0 && i + 1 < text.size()) {
      out += fmt::format("\\[u{:04X}]",
                         (byte & 0x1fu) << 6 | (static_cast<unsigned char>(text[i + 1]) & 0x3fu));
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string CommandList(uint8_t bits) {
  std::string names;
  for (const Command& command : AllCommands()) {
    if ((bits & command.bit) == 0) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", command.name);
  }
  return names;
}

void AppendCommands(std::string* out) {
  *out += ".SH COMMANDS\n";
  for (const Command& command : AllCommands()) {
    *out +=
        fmt::format(".TP\n\\fB{}\\fR{}{}\n{}\n", command.name, command.arguments.empty() ? "" : " ",
                    Escape(command.arguments), Escape(command.help));
  }
}

void AppendFlags(std::string* out) {
  *out += ".SH OPTIONS\n";
  for (const Flag& flag : AllFlags()) {
    *out +=
        fmt::format(".TP\n{}\\fB\\-\\-{}\\fR{}\n{}\n", flag.name == "help" ? "\\fB\\-h\\fR, " : "",
                    Escape(flag.name),
                    flag.argument.empty() ? "" : fmt::format(" \\fI{}\\fR", Escape(flag.argument)),
                    Escape(flag.help));
    if (flag.repeatable) *out += "Can be repeated.\n";
    if (!flag.choices.empty() && flag.choices != flag.argument) {
      std::string choices(flag.choices);
      for (size_t bar = 0; (bar = choices.find('|', bar)) != std::string::npos;) {
        choices.replace(bar, 1, ", ");
      }
      *out += fmt::format("Values: {}.\n", Escape(choices));
    }
    if (!flag.fallback.empty()) *out += fmt::format("Default: {}.\n", Escape(flag.fallback));
    if (flag.commands != kAny) {
      *out += fmt::format("Commands: {}.\n", CommandList(flag.commands));
    }
  }
}

}  // namespace

std::string ManPage() {
  std::string out = fmt::format(
      ".\\\" Made by parshall \\-\\-print\\-man out of its flags.\n"
      ".TH PARSHALL 1 \"{}\" \"parshall {}\" \"User Commands\"\n"
      ".SH NAME\n"
      "parshall \\- log lines in, JSON records and Prometheus metrics out\n"
      ".SH SYNOPSIS\n",
      PARSHALL_DATE, Escape(kVersion));
  bool first = true;
  for (const Command& command : AllCommands()) {
    const std::string name = command.bit == kRun ? fmt::format("[\\fB{}\\fR]", command.name)
                                                 : fmt::format("\\fB{}\\fR", command.name);
    out += fmt::format("{}\\fBparshall\\fR {} [\\fIFLAGS\\fR] {}\n", first ? "" : ".br\n", name,
                       Escape(command.arguments));
    while (out.ends_with(" \n")) out.erase(out.size() - 2, 1);
    first = false;
  }
  out +=
      ".SH DESCRIPTION\n"
      "parshall reads log lines, writes one JSON record for each, and counts them for Prometheus.\n"
      "It knows access and error logs of gunicorn and of servers like it, JSON events and\n"
      "key=value lines, takes off what containers and syslog put around them, and takes rules of\n"
      "your own in YAML.\n"
      ".PP\n"
      "Without paths it reads standard input; files and globs are followed through rotation.\n"
      "Metrics are served at http://127.0.0.1:19220/metrics, with a status page at /.\n";
  AppendCommands(&out);
  AppendFlags(&out);
  out +=
      ".SH ENVIRONMENT\n"
      "Every option but those that only print something can be given as a variable:\n"
      "\\fB\\-\\-log.level\\fR is \\fBPARSHALL_LOG_LEVEL\\fR. Lists are separated by commas, "
      "switches\n"
      "are true or false. An option beats the environment, which beats the configuration file.\n"
      ".TP\n"
      "\\fBNOTIFY_SOCKET\\fR, \\fBWATCHDOG_USEC\\fR, \\fBWATCHDOG_PID\\fR\n"
      "Set by a service manager, which is told when parshall is ready, reloads and stops, and\n"
      "that lines still pass through; see\n"
      ".BR sd_notify (3).\n"
      ".SH FILES\n"
      ".TP\n"
      "\\fI/etc/parshall/parshall.yaml\\fR\n"
      "The configuration of the service.\n"
      ".TP\n"
      "\\fI/etc/default/parshall\\fR\n"
      "Variables for the service.\n"
      ".TP\n"
      "\\fI/var/lib/parshall/state\\fR\n"
      "Positions and counts of the service.\n"
      ".TP\n"
      "\\fI/usr/share/parshall/rules\\fR\n"
      "The built\\-in rules, to read and to copy from, and JSON schemas for editors.\n"
      ".SH SIGNALS\n"
      ".TP\n"
      "SIGTERM, SIGINT\n"
      "Stop reading, count and write what was read, and end.\n"
      ".TP\n"
      "SIGHUP\n"
      "Read configuration and rules anew. If there is a fault, the old ones go on.\n"
      ".TP\n"
      "SIGUSR1\n"
      "Write the \\fB\\-\\-metrics\\-file\\fR.\n"
      ".TP\n"
      "SIGUSR2\n"
      "Open the output file anew.\n"
      ".SH EXIT STATUS\n"
      "0 done; 1 something failed on the way; 2 wrong flags, configuration or rules.\n"
      ".SH EXAMPLES\n"
      ".nf\n"
      "gunicorn app:app \\-\\-access\\-logfile \\- 2>&1 | parshall\n"
      "parshall \\(aq/var/log/nginx/*.log\\(aq \\-\\-output records.jsonl\n"
      "parshall \\-\\-once access.log \\-\\-output none \\-\\-metrics\\-file \\-\n"
      "parshall check /etc/parshall/rules/*.yaml\n"
      ".fi\n"
      ".SH SEE ALSO\n"
      ".BR systemctl (1),\n"
      ".BR logrotate (8)\n"
      ".PP\n"
      "/usr/share/doc/parshall has the documentation of rules, metrics and operations.\n";
  return out;
}

}  // namespace parshall::app
