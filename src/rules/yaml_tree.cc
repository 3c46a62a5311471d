#include "rules/yaml_tree.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>
#include <utility>

#include "base/utf8.h"
#include "rules/source_text.h"
#include "rules/yaml_builder.h"

namespace parshall::rules {
namespace {

// Reads from memory without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's own signature; nothing is written
    setg(begin, begin, begin + text.size());
  }
};

// The library's sentence in the operator's words.
std::string Explain(const std::string& message) {
  const auto has = [&](std::string_view words) { return message.find(words) != std::string::npos; };
  if (has("illegal EOF in scalar")) return "this quote is never closed";
  if (has("illegal EOF")) return "the text ends in the middle of something";
  if (has("alias not found") || has("the referenced anchor is not defined")) {
    return "a plain * begins an alias, and there is none; write '*' in quotes";
  }
  if (has("unknown escape character")) {
    return "in \"…\" a \\ begins an escape, and this one is unknown; write expressions in '…'";
  }
  if (has("invalid unicode")) {
    return "\\u with half of a surrogate pair is not YAML; write the character itself";
  }
  if (has("illegal map value")) {
    return "a \": \" is not allowed here; is the indentation right, or are quotes missing?";
  }
  if (has("illegal tab")) return "a tab cannot indent; use blanks";
  if (has("unknown token")) return "a text cannot begin with this character; put it in '…'";
  if (has("end of map flow not found")) return "a { is never closed";
  if (has("end of sequence flow not found")) return "a [ is never closed";
  if (has("illegal flow end")) return "a ] or } closes nothing, or the wrong bracket";
  if (has("end of map not found")) {
    return "neither a key of the mapping above nor its end; is the indentation right, or does a "
           "text "
           "need quotes?";
  }
  if (has("end of sequence not found")) {
    return "neither an item of the list above nor its end; is the indentation right?";
  }
  return "not YAML: " + message;
}

// Control characters end a text silently in the library, and what is not UTF-8 could not become
// JSON.
bool CheckBytes(const std::string& name, std::string_view text, const SourceText& source,
                Faults* faults) {
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
  const size_t valid = ValidPrefix(text);
  const size_t clean = static_cast<size_t>(control - text.begin());
  if (std::min(valid, clean) == text.size()) return true;
  const Place place = source.At(std::min(valid, clean));
  faults->Add(Where{name, place.line, place.column},
              clean < valid ? "a control character; write it as \"\\x..\" in double quotes"
                            : "this is not UTF-8");
  return false;
}

}  // namespace

bool ReadYaml(const std::string& name, std::string_view text, YamlNode* root, Faults* faults) {
  if (text.size() > kYamlBytesMax) {
    faults->Add(Where{name, 0, 0}, "the file is larger than 1 MiB");
    return false;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const SourceText source(text);
  if (!CheckBytes(name, text, source, faults)) return false;

  YamlBuilder builder(name, text, source, faults);
  bool failed = false;
  // The library throws on what it cannot read; its marks count from 0.
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (builder.documents() < 2 && !builder.stopped() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& exception) {
    failed = true;
    if (!builder.stopped() && !builder.quote_open()) {
      const size_t at = source.Offset(exception.mark.line, exception.mark.column);
      const Place place = builder.FaultPlace(exception.msg, at);
      faults->Add(Where{name, place.line, place.column},
                  Explain(exception.msg) + builder.QuoteHint());
    }
  } catch (const std::exception& exception) {
    failed = true;
    faults->Add(Where{name, 0, 0}, std::string("not YAML: ") + exception.what());
  }
  if (builder.stopped()) return false;
  if (builder.documents() == 0) {
    if (!failed) faults->Add(Where{name, 1, 1}, "the file is empty");
    return false;
  }
  if (!builder.complete()) return false;
  *root = builder.TakeRoot();
  return true;
}

}  // namespace parshall::rules
