#pragma once
// The other judge of what JSON is, for the tests and the fuzz target that hold our parser against
// it.

#include <nlohmann/json.hpp>
#include <string_view>

namespace parshall::records::testing {

// What nlohmann_json makes of a text.
struct ByNlohmann {
  explicit ByNlohmann(std::string_view text) {
    try {
      value = nlohmann::json::parse(text.begin(), text.end());
      accepted = true;
    } catch (const nlohmann::json::exception& error) {
      number_too_large = error.id == 406;
      lone_surrogate = std::string_view(error.what()).find("surrogate") != std::string_view::npos;
    }
  }
  nlohmann::json value;
  bool accepted = false;
  bool number_too_large = false;
  bool lone_surrogate = false;
};

}  // namespace parshall::records::testing
