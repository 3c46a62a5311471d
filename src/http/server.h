#pragma once
// A small HTTP/1.1 server for scrapes, health checks and a landing page. It knows requests,
// responses and limits, and nothing of metrics. It is meant to stand in the open: every wait has an
// absolute deadline, every buffer a bound, and when it is full, those who keep it waiting go first.
//
// Three kinds of threads. The io thread owns every connection and never waits. A handler may take
// its time (a scrape of many series), so handlers run on a worker thread of their own, one call at
// a time by default; the paths in quick_paths are answered on the io thread at once, so that a slow
// scrape never delays a health check. Passwords that nobody knows yet are checked on a third one.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/access.h"
#include "http/message.h"

namespace parshall::http {

struct ServerOptions {
  // "127.0.0.1:9100", ":9100" (all addresses), "[::1]:9100", "localhost:9100", "unix:/run/x.sock";
  // port 0: any.
  std::vector<std::string> addresses;
  // Ends the sentence about a port in use.
  std::string in_use_hint = "; choose another with --web.listen-address";

  // TLS, passwords, headers, the rate limit: what holds now. Empty: plain HTTP for everybody.
  AccessSource access;

  // Paths whose handler returns within microseconds and waits for no lock that a scrape holds.
  std::vector<std::string> quick_paths;
  // Names what a response depends on; requests of one name that wait at one time get one response.
  // Empty, or for a request an empty name: each has its own. Called on the io thread.
  std::function<std::string(const Request&)> share_key;
  // Handler calls at one time. More lets scrapes run side by side, each taking a core from the data
  // path.
  size_t handler_threads = 1;

  size_t connections_max =
      512;  // one more: the one that has kept us waiting longest is closed, else 503
  size_t handlers_waiting_max = 64;   // requests waiting for a worker; one more: 503
  size_t header_bytes_max = 8 << 10;  // request line and headers; more: 431
  size_t body_bytes_max = 64 << 10;   // more, also in chunks: 413
  // Bodies of responses being written, in all, each counted once. While more than this is
  // outstanding, the slowest readers are closed, and requests wait (those of quick paths do not).
  // Memory is bounded by this plus one body for each handler thread.
  size_t responses_bytes_max = 64 << 20;
  // The same of what streamed bodies hold. Their pieces are not counted: a connection has two at
  // most, one being written and the next.
  size_t streams_bytes_max = 16 << 20;
  std::chrono::milliseconds room_timeout{1'000};  // so long; then 503
  // Without room, a response of the same name that began at most this long ago is sent again
  // instead of a new one.
  std::chrono::milliseconds alike_max{500};

  std::chrono::milliseconds request_timeout{10'000};  // from the first byte (or accept) to the last
  // Some byte of the response must be taken in this time …
  std::chrono::milliseconds write_progress_timeout{5'000};
  // … and all of it in this, which is what Prometheus waits for a scrape.
  std::chrono::milliseconds write_timeout{10'000};
  std::chrono::milliseconds keep_alive_timeout{60'000};  // between a response and the next request
  std::chrono::milliseconds linger_timeout{
      1'000};  // for the client to close after our last response
  std::chrono::milliseconds evict_writer_after{
      500};                                     // a reader this slow may be closed when we are full
  std::chrono::milliseconds stop_grace{1'000};  // for responses on their way when Stop() is called
  std::chrono::milliseconds accept_pause{
      100};  // after accept failed, such as for want of descriptors
};

// What happened so far.
struct ServerTally {
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;  // 503 or closed for connections_max
  uint64_t connections_evicted = 0;  // closed to make room for others
  uint64_t connections_timed_out = 0;
  uint64_t accepts_failed = 0;
  uint64_t requests = 0;           // answered, in whatever way
  uint64_t requests_bad = 0;       // answered 400, 413 or 431 before any handler saw them
  uint64_t requests_busy = 0;      // answered 503 for one of the limits
  uint64_t requests_denied = 0;    // answered 401, 429 or 503 before any handler saw them
  uint64_t handshakes_failed = 0;  // of TLS
  uint64_t connections_open = 0;   // now
};

// Any thread may call what is const; Stop() and the destructor belong to the owner, and never to a
// handler.
class Server {
 public:
  // Binds every address or none. Handlers may be called before Start returns.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Handler handler);

  // Stops accepting, closes idle connections, waits stop_grace for the others, joins its threads
  // and removes its socket files. Waits for a running handler however long that takes. The second
  // call does nothing.
  void Stop();
  ~Server();

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With the real ports: "127.0.0.1:40123", "[::]:9100", "unix:/run/x.sock".
  const std::vector<std::string>& addresses() const { return addresses_; }
  ServerTally tally() const;

 private:
  class Core;
  Server(std::unique_ptr<Core> core, std::vector<std::string> addresses);

  std::unique_ptr<Core> core_;
  std::vector<std::string> addresses_;
};

}  // namespace parshall::http
