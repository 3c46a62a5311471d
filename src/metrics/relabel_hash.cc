// The one place that wants MD5: Prometheus's hashmod, so that the same series fall to the same
// shard here and there.

#include <array>
#include <boost/uuid/detail/md5.hpp>
#include <cstring>

#include "metrics/relabel.h"

namespace parshall::metrics {

uint64_t HashMod(std::string_view text, uint64_t modulus) {
  boost::uuids::detail::md5 md5;
  md5.process_bytes(text.data(), text.size());
  boost::uuids::detail::md5::digest_type digest;
  md5.get_digest(digest);
  std::array<unsigned char, 16> bytes;
  static_assert(sizeof(digest) == sizeof(bytes));
  std::memcpy(bytes.data(), &digest, sizeof(bytes));
  uint64_t low = 0;
  for (size_t i = 8; i < bytes.size(); ++i) low = (low << 8) | bytes[i];
  return low % modulus;
}

}  // namespace parshall::metrics
