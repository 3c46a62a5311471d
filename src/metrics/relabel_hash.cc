// The one place that wants MD5: Prometheus's hashmod, so that the same series fall to the same
// shard here and there.

#include <boost/uuid/detail/md5.hpp>

#include "metrics/relabel.h"

namespace parshall::metrics {

uint64_t HashMod(std::string_view text, uint64_t modulus) {
  boost::uuids::detail::md5 md5;
  md5.process_bytes(text.data(), text.size());
  boost::uuids::detail::md5::digest_type digest;
  md5.get_digest(digest);
  // Four words, the first bytes of the hash in the first, its highest byte first.
  const uint64_t low = (uint64_t{digest[2]} << 32) | digest[3];
  return low % modulus;
}

}  // namespace parshall::metrics
