#include "records/user_agent_table.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/quoted.h"

namespace parshall::records {
namespace {

// With 1 MiB the expressions take twice the memory and are no faster.
constexpr int64_t kExpressionBytesMax = int64_t{192} << 10;
// Shorter texts are in too many agents.
constexpr int kAtomBytesMin = 3;
constexpr std::string_view kOther = "Other";  // uap-core's word for what matches nothing

constexpr std::string_view kDesktop = "desktop";
constexpr std::string_view kMobile = "mobile";
constexpr std::string_view kTablet = "tablet";
constexpr std::string_view kTv = "tv";
constexpr std::string_view kBot = "bot";
constexpr std::string_view kOtherDevice = "other";

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string Small(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

// What the family of the system and a few words of the agent say; uap-core knows thousands of
// devices by name, but not what they are.
std::string_view DeviceOf(std::string_view agent, std::string_view small, std::string_view os) {
  constexpr std::array<std::string_view, 9> kTvWords = {"smart-tv", "smarttv",  "googletv",
                                                        "appletv",  "apple tv", "hbbtv",
                                                        "bravia",   "roku/",    "crkey"};
  const auto in_agent = [small](std::string_view word) { return Has(small, word); };
  if (os == "tvOS" || os == "Chromecast" || os == "Roku" ||
      std::any_of(kTvWords.begin(), kTvWords.end(), in_agent)) {
    return kTv;
  }
  if (Has(agent, "iPad") || os == "BlackBerry Tablet OS" || Has(agent, "Kindle/") ||
      Has(agent, "Silk/") || Has(agent, "Tablet; rv:")) {
    return kTablet;
  }
  if (os == "Android") return Has(agent, "Mobile") || !Has(agent, "Mozilla/") ? kMobile : kTablet;
  constexpr std::array<std::string_view, 14> kPhones = {
      "iOS",        "Windows Phone",   "Windows Mobile", "BlackBerry OS", "Firefox OS",
      "KaiOS",      "Symbian OS",      "Symbian^3",      "Bada",          "Brew MP",
      "Windows CE", "Nokia Series 40", "Tizen",          "MeeGo"};
  if (std::find(kPhones.begin(), kPhones.end(), os) != kPhones.end()) return kMobile;
  constexpr std::array<std::string_view, 14> kDesktops = {
      "Windows", "Mac OS X", "Mac OS",  "Linux",   "Ubuntu", "Debian",  "Fedora",
      "Red Hat", "SUSE",     "FreeBSD", "OpenBSD", "NetBSD", "Solaris", "Chrome OS"};
  const bool desktop = std::find(kDesktops.begin(), kDesktops.end(), os) != kDesktops.end();
  // Programs that fetch things run on these systems, too; browsers say Mozilla or Opera.
  const bool browser = agent.starts_with("Mozilla/") || agent.starts_with("Opera/");
  return desktop && browser ? kDesktop : kOtherDevice;
}

// 'text' or "text" behind `key: `; a quote in single quotes stands twice.
bool Unquote(std::string_view quoted, std::string* text) {
  while (quoted.ends_with(' ') || quoted.ends_with('\r')) quoted.remove_suffix(1);
  if (quoted.size() < 2 || quoted.front() != quoted.back()) return false;
  const char quote = quoted.front();
  if (quote != '\'' && quote != '"') return false;
  quoted.remove_prefix(1);
  quoted.remove_suffix(1);
  text->clear();
  for (size_t at = 0; at < quoted.size(); ++at) {
    if (quote == '"' && quoted[at] == '\\') return false;  // the file has none of these
    *text += quoted[at];
    if (quoted[at] == quote && (++at == quoted.size() || quoted[at] != quote)) return false;
  }
  return true;
}

// One expression with what stands under it.
struct Draft {
  bool open = false;
  std::string expression;
  bool any_case = false;
  std::string replacement;
  std::string major;
};

}  // namespace

UserAgentTable::UserAgentTable() {
  for (Section* section : {&families_, &systems_, &bots_}) {
    section->expressions = std::make_unique<re2::FilteredRE2>(kAtomBytesMin);
  }
}
UserAgentTable::~UserAgentTable() = default;

Status UserAgentTable::Add(std::string_view expression, bool any_case, Section* section) {
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_max_mem(kExpressionBytesMax);
  options.set_case_sensitive(!any_case);
  int id = 0;
  const auto code = section->expressions->Add({expression.data(), expression.size()}, options, &id);
  if (code != re2::RE2::NoError) return Fail("this cannot be run: " + Quoted(expression));
  return Ok();
}

Result<std::unique_ptr<UserAgentTable>> UserAgentTable::Read(std::string_view data) {
  std::unique_ptr<UserAgentTable> table(new UserAgentTable());
  Section* section = nullptr;
  Draft draft;
  const auto close = [&]() -> Status {
    if (!draft.open) return Ok();
    draft.open = false;
    if (section == &table->bots_ && draft.replacement != "Spider") return Ok();
    if (const Status added = Add(draft.expression, draft.any_case, section); !added.ok()) {
      return added;
    }
    section->entries.push_back({std::move(draft.replacement), std::move(draft.major)});
    return Ok();
  };
  size_t number = 0;
  while (!data.empty()) {
    const size_t end = std::min(data.find('\n'), data.size());
    std::string_view line = data.substr(0, end);
    data.remove_prefix(std::min(end + 1, data.size()));
    ++number;
    const auto fault = [number](const std::string& what) {
      return Fail(what, "regexes.yaml:" + std::to_string(number));
    };
    const bool heading = !line.empty() && line.front() != ' ';
    while (line.starts_with(' ')) line.remove_prefix(1);
    if (line.empty() || line.front() == '#' || line.front() == '\r') continue;
    const bool item = line.starts_with("- ");
    if (item) line.remove_prefix(2);
    if (item || heading) {
      if (const Status closed = close(); !closed.ok()) return fault(closed.error().what);
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return fault("a key and a text are expected here");
    const std::string_view key = line.substr(0, colon);
    if (heading) {
      section = key == "user_agent_parsers" ? &table->families_
                : key == "os_parsers"       ? &table->systems_
                : key == "device_parsers"   ? &table->bots_
                                            : nullptr;
      continue;
    }
    if (section == nullptr) continue;  // of another kind
    std::string_view quoted = line.substr(colon + 1);
    while (quoted.starts_with(' ')) quoted.remove_prefix(1);
    std::string text;
    if (!Unquote(quoted, &text)) return fault("a text in quotes is expected behind the colon");
    if (item) draft = Draft{.open = true, .expression = {}, .replacement = {}, .major = {}};
    if (key == "regex") draft.expression = std::move(text);
    if (key == "regex_flag") draft.any_case = text == "i";
    if (key == "family_replacement" || key == "os_replacement" || key == "device_replacement") {
      draft.replacement = std::move(text);
    }
    if (key == "v1_replacement") draft.major = std::move(text);
  }
  if (const Status closed = close(); !closed.ok()) return closed.error();
  for (Section* one : {&table->families_, &table->systems_, &table->bots_}) {
    if (one->entries.empty()) return Fail("a section is missing or empty", "regexes.yaml");
    one->expressions->Compile(&one->atoms);
  }
  return table;
}

std::shared_ptr<const UserAgentTable> UserAgentTable::Shipped() {
  static const std::shared_ptr<const UserAgentTable> table = [] {
    Result<std::unique_ptr<UserAgentTable>> read = Read(UserAgentData());
    return read.ok() ? std::shared_ptr<const UserAgentTable>(std::move(*read)) : nullptr;
  }();
  return table;
}

// The index of the first expression that matches, or -1.
int UserAgentTable::First(const Section& section, const std::string& agent,
                          const std::string& small) {
  std::vector<int> found;
  for (size_t n = 0; n < section.atoms.size(); ++n) {
    if (small.find(section.atoms[n]) != std::string::npos) found.push_back(static_cast<int>(n));
  }
  // Candidates come in their order.
  return section.expressions->FirstMatch(agent, found);
}

UserAgent UserAgentTable::Find(std::string_view text) const {
  const std::string agent(text.substr(0, kAgentBytesMax));
  const std::string small = Small(agent);
  const auto group = [&agent](const Section& section, int id, int number) -> std::string {
    const re2::RE2& expression = section.expressions->GetRE2(id);
    if (number > expression.NumberOfCapturingGroups()) return {};
    std::array<re2::StringPiece, 3> groups;
    expression.Match(agent, 0, agent.size(), re2::RE2::UNANCHORED, groups.data(), number + 1);
    const re2::StringPiece& piece = groups[static_cast<size_t>(number)];
    return {piece.data(), piece.size()};
  };
  const auto name_of = [&](const Section& section, int id) -> std::string {
    if (id < 0) return std::string(kOther);
    std::string name = section.entries[static_cast<size_t>(id)].replacement;
    if (name.empty()) return group(section, id, 1);
    if (const size_t place = name.find("$1"); place != std::string::npos) {
      name.replace(place, 2, group(section, id, 1));
    }
    return name;
  };
  UserAgent found;
  const int family = First(families_, agent, small);
  found.family = name_of(families_, family);
  if (family >= 0) {
    found.major = families_.entries[static_cast<size_t>(family)].major;
    if (found.major.empty()) found.major = group(families_, family, 2);
  }
  found.os = name_of(systems_, First(systems_, agent, small));
  found.device = First(bots_, agent, small) >= 0 ? kBot : DeviceOf(agent, small, found.os);
  return found;
}

}  // namespace parshall::records
