#pragma once
// What a client wants, out of its Accept and Accept-Encoding headers (RFC 9110 §12.5). Both are
// advice: a malformed item is passed over, and a client that wants nothing we have gets the plain
// answer instead of a 406.

#include <cstddef>
#include <span>
#include <string_view>

namespace parshall::http {

// Something we could send. An empty version is matched by any `version=` parameter of a range.
struct MediaType {
  std::string_view type;           // "text/plain", lower case
  std::string_view version;        // "0.0.4", or empty
  std::string_view encoding = {};  // of protobuf: "delimited"; a range may not ask for another one
};

// The index of the offer with the highest q; between equals the more specific range wins (a
// version, a type, type/*,
// */*), then the range that stands first, then the offer that stands first. A range with a version
// matches only an offer of that version; other parameters are passed over. 0 when no offer is
// acceptable or accept is empty. `offers` must not be empty.
size_t BestOffer(std::string_view accept, std::span<const MediaType> offers);

enum class Exposition { kText, kOpenMetrics, kProtobuf };

// Text 0.0.4 unless the client prefers OpenMetrics 1.0.0, as Prometheus does, or delimited
// protobuf, as it does when it wants native histograms.
Exposition ChooseExposition(std::string_view accept);

// Whether a gzip body is welcome: named (also x-gzip) or covered by `*` with q > 0, and not liked
// less than `identity` if that is named too. An empty header is a no.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace parshall::http
