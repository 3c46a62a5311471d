#include "http/negotiate.h"

#include <array>
#include <cassert>
#include <optional>

#include "http/message.h"

namespace parshall::http {
namespace {

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the text up to the next `separator` that stands outside of quotes, and removes both from
// *rest.
std::string_view TakePart(char separator, std::string_view* rest) {
  bool quoted = false;
  size_t i = 0;
  for (; i < rest->size(); ++i) {
    const char c = (*rest)[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      break;
    }
  }
  const std::string_view part = rest->substr(0, i);
  rest->remove_prefix(i < rest->size() ? i + 1 : rest->size());
  return Trim(part);
}

// RFC 9110 §12.4.2: "0", "0.5", "1.000", in thousandths. Anything else is no weight.
std::optional<int> ParseWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    weight += (text[i] - '0') * unit;
  }
  if (weight > 1000) return std::nullopt;
  return weight;
}

// One item of either header. Views into the header.
struct Item {
  std::string_view name;
  std::string_view version;
  std::string_view encoding;
  int weight = 1000;
};

// False for an item with a malformed weight.
bool ParseItem(std::string_view text, Item* item) {
  *item = Item{};
  item->name = TakePart(';', &text);
  while (!text.empty()) {
    std::string_view value = TakePart(';', &text);
    const std::string_view key = TakePart('=', &value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (EqualIgnoringCase(key, "q")) {
      const std::optional<int> weight = ParseWeight(value);
      if (!weight) return false;
      item->weight = *weight;
    } else if (EqualIgnoringCase(key, "version")) {
      item->version = value;
    } else if (EqualIgnoringCase(key, "encoding")) {
      item->encoding = value;
    }
  }
  return !item->name.empty();
}

// 0 when the range does not cover the offer; more for a closer description of it.
int Closeness(const Item& range, const MediaType& offer) {
  if (!range.version.empty() && !offer.version.empty() && range.version != offer.version) return 0;
  if (!range.encoding.empty() && !offer.encoding.empty() && range.encoding != offer.encoding) {
    return 0;
  }
  if (EqualIgnoringCase(range.name, offer.type)) return range.version.empty() ? 3 : 4;
  const std::string_view family = offer.type.substr(0, offer.type.find('/') + 1);
  if (range.name.size() == family.size() + 1 && range.name.ends_with("/*") &&
      EqualIgnoringCase(range.name.substr(0, family.size()), family)) {
    return 2;
  }
  return range.name == "*/*" ? 1 : 0;
}

// How well an offer suits a client.
struct Liking {
  int weight = 0;
  int closeness = 0;
  size_t position = 0;  // of the range in the header

  bool MoreThan(const Liking& other) const {
    if (weight != other.weight) return weight > other.weight;
    if (closeness != other.closeness) return closeness > other.closeness;
    return position < other.position;
  }
};

// An offer's weight is that of the closest range that covers it (§12.5.1): "text/plain;q=0, */*"
// refuses text.
Liking LikingOf(const MediaType& offer, std::string_view accept) {
  Liking closest;
  for (size_t position = 0; !accept.empty(); ++position) {
    Item range;
    if (!ParseItem(TakePart(',', &accept), &range)) continue;
    const int closeness = Closeness(range, offer);
    if (closeness > closest.closeness) closest = {range.weight, closeness, position};
  }
  return closest;
}

}  // namespace

size_t BestOffer(std::string_view accept, std::span<const MediaType> offers) {
  assert(!offers.empty());
  size_t best = 0;
  Liking best_liking;
  for (size_t i = 0; i < offers.size(); ++i) {
    const Liking liking = LikingOf(offers[i], accept);
    if (liking.weight > 0 && liking.MoreThan(best_liking)) {
      best = i;
      best_liking = liking;
    }
  }
  return best;
}

Exposition ChooseExposition(std::string_view accept) {
  static constexpr std::array kOffers = {
      MediaType{"text/plain", "0.0.4"}, MediaType{"application/openmetrics-text", "1.0.0"},
      MediaType{"application/vnd.google.protobuf", "", "delimited"}};
  static constexpr std::array kExpositions = {Exposition::kText, Exposition::kOpenMetrics,
                                              Exposition::kProtobuf};
  return kExpositions[BestOffer(accept, kOffers)];
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<int> gzip, any, identity;
  while (!accept_encoding.empty()) {
    Item item;
    if (!ParseItem(TakePart(',', &accept_encoding), &item)) continue;
    if (EqualIgnoringCase(item.name, "gzip") || EqualIgnoringCase(item.name, "x-gzip")) {
      gzip = item.weight;
    } else if (EqualIgnoringCase(item.name, "identity")) {
      identity = item.weight;
    } else if (item.name == "*") {
      any = item.weight;
    }
  }
  const int weight = gzip.value_or(any.value_or(0));
  return weight > 0 && weight >= identity.value_or(0);
}

}  // namespace parshall::http
