#pragma once
// The requests that wait for a handler, and the responses that wait for their readers. A response
// that many ask for at one time is made once and sent to all of them, from one body: so neither a
// crowd of scrapers nor a crowd of slow readers costs more than a few bodies. And where there is no
// room for one more, what was made a moment ago is sent to those who would have to wait.

#include <utility>  // asio 1.74 uses std::exchange without including it

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/connection.h"
#include "http/message.h"
#include "http/server.h"

namespace parshall::http {

// One thread: the io thread, but for the handler itself.
class HandlerQueue {
 public:
  // `evict_writer` closes a slow reader, if there is one. All that is borrowed outlives this.
  HandlerQueue(boost::asio::io_context* io, const ServerOptions& options, Handler handler,
               std::function<bool()> evict_writer);

  // The connection gets its response later, never within this call.
  void Add(std::shared_ptr<Connection> connection, Request request);
  // Makes the next piece of a streamed body, on a thread that does nothing else: whatever handlers
  // do, bodies that have begun go on. The connection gets it later, never within this call.
  void MakePiece(std::shared_ptr<Connection> connection, std::shared_ptr<BodyReader> reader);
  // For what takes no time.
  Response Call(const Request& request) const;

  // By the owner, after the io thread has ended: waits for a running handler.
  void Join();

  uint64_t requests_busy() const { return requests_busy_; }  // answered 503; any thread

 private:
  struct Job {
    std::string key;  // empty: shared with nobody
    Request request;
    std::vector<std::shared_ptr<Connection>> asking;
    MonotonicTime asked;
    MonotonicTime begun = {};
  };

  // What was made last for a name, as long as somebody reads it.
  struct Latest {
    std::string key;
    MonotonicTime begun;
    std::weak_ptr<const Response> response;
  };
  // What responses hold that somebody still reads. Shared with them: the last may go after the
  // queue has gone.
  struct Held {
    size_t body_bytes = 0;
    size_t stream_bytes = 0;
  };

  void Begin();
  bool HasRoom() const;
  bool MakeRoom();
  bool AnswerAlike();
  void Run(Job job);
  void Finish(const Job& job, Response response);
  void Refuse(const Job& job);

  boost::asio::io_context* io_;
  const ServerOptions& options_;
  const Handler handler_;
  const std::function<bool()> evict_writer_;
  std::deque<Job> jobs_;
  size_t running_ = 0;
  std::shared_ptr<Held> held_ = std::make_shared<Held>();
  std::deque<Latest> latest_;  // a few
  boost::asio::steady_timer room_;
  bool awaits_room_ = false;
  std::atomic<bool> abandoned_ = false;
  std::atomic<uint64_t> requests_busy_ = 0;
  boost::asio::thread_pool workers_;
  boost::asio::thread_pool pieces_{1};
};

}  // namespace parshall::http
