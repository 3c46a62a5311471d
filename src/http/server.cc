#include "http/server.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>  // asio 1.74 uses std::exchange without including it

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/error_code.hpp>
#include <cassert>
#include <deque>
#include <exception>
#include <optional>
#include <thread>
#include <unordered_map>

#include "http/connection.h"
#include "http/guard.h"
#include "http/handler_queue.h"
#include "http/listener.h"
#include "http/signals_blocked.h"

namespace parshall::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

constexpr int kJudgeNiceness = 5;
constexpr int kAcceptsAtOnce = 64;
// Nobody who reads faster is closed to make room: 10 MiB in the time that a response has.
constexpr double kSlowBytesPerSecond = 1 << 20;

bool IsWantOfDescriptors(const error_code& error) {
  return error == boost::system::errc::too_many_files_open ||
         error == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

// Everything on the io thread, except where a word says otherwise.
class Server::Core final : public ConnectionHost {
 public:
  Core(ServerOptions options, Handler handler)
      : options_(std::move(options)),
        grace_(io_),
        handlers_(&io_, options_, std::move(handler), [this] { return EvictWriter(); }) {
    // What guards the door must not take the machine from what is behind it.
    asio::post(judges_, [] {
      setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kJudgeNiceness);
    });
  }

  // Before Run(), by the owner.
  Status Open(Listener listener) {
    const int fd = listener.fd();
    sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
      return Fail("cannot listen", listener.name());
    }
    Door& door = doors_.emplace_back(io_);
    error_code error;
    door.acceptor.assign(asio::generic::stream_protocol(bound.ss_family, 0), fd, error);
    if (!error) door.acceptor.non_blocking(true, error);
    if (error) return Fail("cannot listen: " + error.message(), listener.name());
    listener.Release();
    door.listener.emplace(std::move(listener));
    return Ok();
  }

  void Run() {
    for (Door& door : doors_) Accept(&door);
    io_thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "http");
      io_.run();
    });
  }

  // By the owner.
  void Stop() {
    if (!io_thread_.joinable()) return;
    asio::post(io_, [this] { BeginStop(); });
    io_thread_.join();
    abandoned_ = true;
    judges_.join();
    handlers_.Join();
  }

  // Any thread.
  ServerTally tally() const {
    ServerTally tally;
    tally.connections_accepted = connections_accepted_;
    tally.connections_refused = connections_refused_;
    tally.connections_evicted = connections_evicted_;
    tally.connections_timed_out = connections_timed_out_;
    tally.accepts_failed = accepts_failed_;
    tally.requests = requests_;
    tally.requests_bad = requests_bad_;
    tally.requests_busy = handlers_.requests_busy();
    tally.requests_denied = requests_denied_;
    tally.handshakes_failed = handshakes_failed_;
    tally.connections_open = connections_open_;
    return tally;
  }

  void Answer(std::shared_ptr<Connection> connection, Request request) override {
    ++requests_;
    Guard::Decision decision = guard_.Decide(connection->access(), request, connection->Peer(),
                                             std::chrono::steady_clock::now());
    requests_denied_ = guard_.refused();
    switch (decision.kind) {
      case Guard::Decision::Kind::kAdmit:
        return Serve(std::move(connection), std::move(request));
      case Guard::Decision::Kind::kAnswer:
        return RespondSoon(std::move(connection), std::move(decision.answer));
      case Guard::Decision::Kind::kCheck:
        return CheckPassword(std::move(connection), std::move(request), std::move(decision.check));
    }
  }

  void MakePiece(std::shared_ptr<Connection> connection,
                 std::shared_ptr<BodyReader> reader) override {
    handlers_.MakePiece(std::move(connection), std::move(reader));
  }

  void Ended(Connection* connection) override {
    // The caller may hold the last reference but one: let it go when the caller is done.
    const auto found = connections_.find(connection);
    assert(found != connections_.end());
    asio::post(io_, [last = std::move(found->second)] {});
    connections_.erase(found);
    connections_open_ = connections_.size();
    if (stopping_ && connections_.empty()) io_.stop();
  }

  void CountBadRequest() override {
    ++requests_;
    ++requests_bad_;
  }
  void CountBadHandshake() override { ++handshakes_failed_; }
  void CountTimeout() override { ++connections_timed_out_; }
  std::shared_ptr<const Access> CurrentAccess() override {
    return options_.access ? options_.access() : open_access_;
  }

 private:
  // The answer waits for bcrypt, and nobody else does.
  void CheckPassword(std::shared_ptr<Connection> connection, Request request, Guard::Check check) {
    asio::post(judges_, [this, connection = std::move(connection), request = std::move(request),
                         check = std::move(check)]() mutable {
      const bool fits = !abandoned_ && Guard::Judge(check);
      asio::post(io_, [this, fits, connection = std::move(connection), request = std::move(request),
                       check = std::move(check)]() mutable {
        std::optional<Response> refusal = guard_.Finish(check, fits);
        requests_denied_ = guard_.refused();
        if (refusal) {
          return connection->Respond(std::make_shared<const Response>(std::move(*refusal)));
        }
        Serve(std::move(connection), std::move(request));
      });
    });
  }

  void Serve(std::shared_ptr<Connection> connection, Request request) {
    if (IsQuick(request.path)) return RespondSoon(std::move(connection), handlers_.Call(request));
    handlers_.Add(std::move(connection), std::move(request));
  }

  // A listening socket and what belongs to it. Its address is stable in the deque.
  struct Door {
    explicit Door(asio::io_context& io) : acceptor(io), peer(io), pause(io) {}
    std::optional<Listener> listener;
    Acceptor acceptor;
    StreamSocket peer;
    asio::steady_timer pause;
  };

  void Accept(Door* door) {
    door->acceptor.async_accept(door->peer, [this, door](const error_code& error) {
      if (stopping_) return;
      if (error) return AcceptLater(door, error);
      Welcome(std::exchange(door->peer, StreamSocket(io_)));
      AcceptWaiting(door);
      Accept(door);
    });
  }

  // More than one a round: in a rush the queue would grow behind the connections that are open.
  void AcceptWaiting(Door* door) {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      error_code error;  // comes again where it is dealt with
      door->acceptor.accept(door->peer, error);
      if (error) return;
      Welcome(std::exchange(door->peer, StreamSocket(io_)));
    }
  }

  // An error would come again at once, as long as the client waits in the backlog: so pause, and
  // give up the connection that is needed least, since without a descriptor nobody new could ever
  // be heard.
  void AcceptLater(Door* door, const error_code& error) {
    ++accepts_failed_;
    if (IsWantOfDescriptors(error)) Evict();
    door->pause.expires_after(options_.accept_pause);
    door->pause.async_wait([this, door](const error_code& cancelled) {
      if (!cancelled && !stopping_) Accept(door);
    });
  }

  void Welcome(StreamSocket socket) {
    ++connections_accepted_;
    if (connections_.size() >= options_.connections_max && !Evict()) {
      ++connections_refused_;
      return RefuseAndClose(std::move(socket));
    }
    std::shared_ptr<Connection> connection = Connection::Make(std::move(socket), options_, this);
    connections_.emplace(connection.get(), connection);
    connections_open_ = connections_.size();
    connection->Start();
  }

  // Closes who has kept us waiting longest: for a request, or for the end of the connection; else a
  // slow reader. An honest client's request follows its connection within milliseconds, so among
  // 512 it is never the oldest unless the machine is truly full. False when everybody is being
  // served.
  bool Evict() {
    const auto age = [](const Connection& connection) {
      return static_cast<double>(connection.phase_began().time_since_epoch().count());
    };
    return CloseFirst(age,
                      [](const Connection& connection) {
                        return connection.phase() == Connection::Phase::kIdle ||
                               connection.phase() == Connection::Phase::kReading ||
                               connection.phase() == Connection::Phase::kLingering;
                      }) ||
           EvictWriter();
  }

  // Whoever takes the fewest bytes a second, of those who stopped reading or hardly do; not the
  // oldest, which may be an honest reader of a large body on a busy machine.
  bool EvictWriter() {
    const double patience = std::chrono::duration<double>(options_.evict_writer_after).count();
    const auto rate = [](const Connection& connection) {
      const Connection::Reading reading = connection.reading();
      return static_cast<double>(reading.bytes) / (reading.seconds + 1e-9);
    };
    return CloseFirst(rate, [&](const Connection& connection) {
      if (connection.phase() != Connection::Phase::kWriting) return false;
      const Connection::Reading reading = connection.reading();
      return reading.seconds >= patience &&
             (reading.stalled_seconds >= patience || rate(connection) < kSlowBytesPerSecond) &&
             connection.IsFull();
    });
  }

  // Closes the one of the wanted that stands first by `order`. A walk over all connections: they
  // are few, and it happens only when the server is full.
  template <typename Order, typename Predicate>
  bool CloseFirst(Order order, Predicate wanted) {
    Connection* first = nullptr;
    double least = 0;
    for (const auto& [connection, owner] : connections_) {
      if (!wanted(*connection)) continue;
      const double value = order(*connection);
      if (first == nullptr || value < least) {
        first = connection;
        least = value;
      }
    }
    if (first == nullptr) return false;
    ++connections_evicted_;
    first->Close();
    return true;
  }

  bool IsQuick(const std::string& path) const {
    return std::find(options_.quick_paths.begin(), options_.quick_paths.end(), path) !=
           options_.quick_paths.end();
  }

  void RespondSoon(std::shared_ptr<Connection> connection, Response response) {
    asio::post(io_, [connection = std::move(connection),
                     shared = std::make_shared<const Response>(std::move(response))]() mutable {
      connection->Respond(std::move(shared));
    });
  }

  void BeginStop() {
    stopping_ = true;
    for (Door& door : doors_) {
      door.listener.reset();  // the socket file goes first, so that nobody finds it dead
      error_code ignored;
      door.acceptor.close(ignored);
      door.pause.cancel();
    }
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto& [connection, owner] : connections_) all.push_back(owner);
    for (const auto& connection : all) connection->CloseWhenAnswered();
    if (connections_.empty()) return io_.stop();
    grace_.expires_after(options_.stop_grace);
    grace_.async_wait([this](const error_code&) {
      std::vector<std::shared_ptr<Connection>> rest;
      for (const auto& [connection, owner] : connections_) rest.push_back(owner);
      for (const auto& connection : rest) connection->Close();
      io_.stop();
    });
  }

  const ServerOptions options_;

  asio::io_context io_;  // outlives all that hangs on it
  asio::executor_work_guard<asio::io_context::executor_type> busy_{io_.get_executor()};
  asio::steady_timer grace_;
  std::deque<Door> doors_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  bool stopping_ = false;
  Guard guard_;
  const std::shared_ptr<const Access> open_access_ = std::make_shared<Access>();

  std::thread io_thread_;
  std::atomic<bool> abandoned_ = false;
  std::atomic<uint64_t> connections_accepted_ = 0;
  std::atomic<uint64_t> connections_refused_ = 0;
  std::atomic<uint64_t> connections_evicted_ = 0;
  std::atomic<uint64_t> connections_timed_out_ = 0;
  std::atomic<uint64_t> accepts_failed_ = 0;
  std::atomic<uint64_t> requests_ = 0;
  std::atomic<uint64_t> requests_bad_ = 0;
  std::atomic<uint64_t> requests_denied_ = 0;
  std::atomic<uint64_t> handshakes_failed_ = 0;
  std::atomic<uint64_t> connections_open_ = 0;
  asio::thread_pool judges_{1};
  HandlerQueue handlers_;  // its thread is joined before anything above goes
};

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler handler) {
  Result<std::vector<Listener>> listeners = ListenAll(options.addresses, options.in_use_hint);
  if (!listeners) return listeners.error();
  std::vector<std::string> addresses;
  for (const Listener& listener : *listeners) addresses.push_back(listener.name());
  try {
    const SignalsBlocked blocked;
    auto core = std::make_unique<Core>(std::move(options), std::move(handler));
    for (Listener& listener : *listeners) {
      if (Status opened = core->Open(std::move(listener)); !opened) return opened.error();
    }
    core->Run();
    return std::unique_ptr<Server>(new Server(std::move(core), std::move(addresses)));
  } catch (const std::exception& error) {  // no descriptors for epoll, or no more threads
    return Fail(std::string("the web server cannot start: ") + error.what());
  }
}

Server::Server(std::unique_ptr<Core> core, std::vector<std::string> addresses)
    : core_(std::move(core)), addresses_(std::move(addresses)) {}

Server::~Server() { Stop(); }

void Server::Stop() { core_->Stop(); }

ServerTally Server::tally() const { return core_->tally(); }

}  // namespace parshall::http
