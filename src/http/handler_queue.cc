#include "http/handler_queue.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <exception>

namespace parshall::http {
namespace {

namespace asio = boost::asio;

// How often somebody looks whether slow readers made room.
constexpr std::chrono::milliseconds kLookForRoom{20};

// Names of responses that are remembered: more than one server has kinds of expositions.
constexpr size_t kLatestMax = 8;

Response BusyResponse() {
  Response busy = TextResponse(503, "The server is busy; try again soon.");
  busy.headers.push_back({"Retry-After", "1"});
  return busy;
}

std::optional<BodyPiece> NextPiece(BodyReader* reader) {
  try {
    BodyPiece piece;
    if (reader->Next(&piece)) return piece;
  } catch (const std::exception&) {  // no memory
  }
  return std::nullopt;
}

}  // namespace

HandlerQueue::HandlerQueue(asio::io_context* io, const ServerOptions& options, Handler handler,
                           std::function<bool()> evict_writer)
    : io_(io),
      options_(options),
      handler_(std::move(handler)),
      evict_writer_(std::move(evict_writer)),
      room_(*io),
      workers_(std::max<size_t>(options.handler_threads, 1)) {}

Response HandlerQueue::Call(const Request& request) const {
  try {
    return handler_(request);
  } catch (const std::exception&) {  // no memory for the response, for one
    return TextResponse(500, "The answer could not be made.");
  }
}

void HandlerQueue::Add(std::shared_ptr<Connection> connection, Request request) {
  std::string key = options_.share_key ? options_.share_key(request) : std::string();
  if (!key.empty()) {
    // One that began already may have read what has changed since: it is not for this request.
    for (Job& job : jobs_) {
      if (job.key == key) return job.asking.push_back(std::move(connection));
    }
  }
  Job job{std::move(key), std::move(request), {}, std::chrono::steady_clock::now()};
  job.asking.push_back(std::move(connection));
  if (jobs_.size() + running_ >= options_.handlers_waiting_max) {
    asio::post(*io_, [this, job = std::move(job)] { Refuse(job); });
    return;
  }
  jobs_.push_back(std::move(job));
  Begin();
}

// Starts what can be started.
void HandlerQueue::Begin() {
  while (!jobs_.empty() && running_ < std::max<size_t>(options_.handler_threads, 1)) {
    if (!MakeRoom()) return;
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    Run(std::move(job));
  }
}

bool HandlerQueue::HasRoom() const {
  return held_->body_bytes <= options_.responses_bytes_max &&
         held_->stream_bytes <= options_.streams_bytes_max;
}

// Whether another body may come to be. If not, waits until slow readers are slow enough to be
// closed; and no request waits for that longer than room_timeout.
bool HandlerQueue::MakeRoom() {
  while (!HasRoom() && evict_writer_()) {
  }
  if (HasRoom()) return true;
  while (!jobs_.empty() && AnswerAlike()) {
  }
  const MonotonicTime oldest = std::chrono::steady_clock::now() - options_.room_timeout;
  while (!jobs_.empty() && jobs_.front().asked <= oldest) {
    asio::post(*io_, [this, job = std::move(jobs_.front())] { Refuse(job); });
    jobs_.pop_front();
  }
  if (!jobs_.empty() && !awaits_room_) {
    awaits_room_ = true;
    room_.expires_after(kLookForRoom);
    room_.async_wait([this](const boost::system::error_code&) {
      awaits_room_ = false;
      Begin();
    });
  }
  return false;
}

// Gives those who ask first a response that is hardly older than their question, if somebody reads
// one: that takes no room.
bool HandlerQueue::AnswerAlike() {
  const Job& job = jobs_.front();
  const MonotonicTime oldest = std::chrono::steady_clock::now() - options_.alike_max;
  for (const Latest& latest : latest_) {
    if (job.key.empty() || latest.key != job.key || latest.begun < oldest) continue;
    std::shared_ptr<const Response> response = latest.response.lock();
    if (response == nullptr) continue;
    asio::post(*io_, [asking = std::move(jobs_.front().asking), response = std::move(response)] {
      for (const std::shared_ptr<Connection>& connection : asking) connection->Respond(response);
    });
    jobs_.pop_front();
    return true;
  }
  return false;
}

void HandlerQueue::Run(Job job) {
  ++running_;
  job.begun = std::chrono::steady_clock::now();
  asio::post(workers_, [this, job = std::move(job)]() mutable {
    Response response = abandoned_ ? BusyResponse() : Call(job.request);
    // The connections go back whole: they must not end on this thread.
    asio::post(*io_, [this, job = std::move(job), response = std::move(response)]() mutable {
      --running_;
      Finish(job, std::move(response));
      Begin();
    });
  });
}

void HandlerQueue::MakePiece(std::shared_ptr<Connection> connection,
                             std::shared_ptr<BodyReader> reader) {
  asio::post(
      pieces_, [this, connection = std::move(connection), reader = std::move(reader)]() mutable {
        std::optional<BodyPiece> piece = abandoned_ ? std::nullopt : NextPiece(reader.get());
        // The reader goes back, too: what it was the last to hold ends where everything else does.
        asio::post(
            *io_, [connection = std::move(connection), reader = std::move(reader),
                   piece = std::move(piece)]() mutable { connection->Continue(std::move(piece)); });
      });
}

void HandlerQueue::Finish(const Job& job, Response response) {
  const Held more{response.body.capacity(), response.stream ? response.stream->bytes() : 0};
  held_->body_bytes += more.body_bytes;
  held_->stream_bytes += more.stream_bytes;
  const std::shared_ptr<const Response> shared(new Response(std::move(response)),
                                               [held = held_, more](const Response* gone) {
                                                 held->body_bytes -= more.body_bytes;
                                                 held->stream_bytes -= more.stream_bytes;
                                                 delete gone;
                                               });
  if (!job.key.empty() && shared->status == 200) {
    latest_.push_front({job.key, job.begun, shared});
    if (latest_.size() > kLatestMax) latest_.pop_back();
  }
  for (const std::shared_ptr<Connection>& connection : job.asking) connection->Respond(shared);
}

void HandlerQueue::Refuse(const Job& job) {
  requests_busy_ += job.asking.size();
  const auto busy = std::make_shared<const Response>(BusyResponse());
  for (const std::shared_ptr<Connection>& connection : job.asking) connection->Respond(busy);
}

void HandlerQueue::Join() {
  abandoned_ = true;
  workers_.join();
  pieces_.join();
}

}  // namespace parshall::http
