#pragma once
// The requests that wait for a handler, and the responses that wait for their readers. A response
// that many ask for at one time is made once and sent to all of them, from one body: so neither a
// crowd of scrapers nor a crowd of slow readers costs more than a few bodies.

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
  };

  void Begin();
  bool MakeRoom();
  void Run(Job job);
  void Finish(const Job& job, Response response);
  void Refuse(const Job& job);

  boost::asio::io_context* io_;
  const ServerOptions& options_;
  const Handler handler_;
  const std::function<bool()> evict_writer_;
  std::deque<Job> jobs_;
  size_t running_ = 0;
  // Of bodies that somebody still reads. Shared with them: the last may go after this has gone.
  std::shared_ptr<size_t> held_bytes_ = std::make_shared<size_t>(0);
  boost::asio::steady_timer room_;
  bool awaits_room_ = false;
  std::atomic<bool> abandoned_ = false;
  std::atomic<uint64_t> requests_busy_ = 0;
  boost::asio::thread_pool workers_;
};

}  // namespace parshall::http
