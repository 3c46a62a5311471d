#include "app/exposition_body.h"

#include <mutex>
#include <optional>
#include <utility>

#include "base/gzip.h"

namespace parshall::app {
namespace {

constexpr int kGzipLevel = 1;

// A part of the text as it is sent, and what of it the end of a gzip stream needs.
struct Part {
  std::string bytes;
  PackedPiece packed;  // without its bytes
};

// The parts that somebody is sending: readers who are at one place share them. Any thread.
class Parts {
 public:
  Parts(std::shared_ptr<const ExpositionText> text, bool gzip)
      : text_(std::move(text)), gzip_(gzip), made_(text_->parts().part_count()) {}

  bool gzip() const { return gzip_; }
  size_t count() const { return made_.size(); }
  size_t bytes() const { return text_->bytes() + made_.size() * sizeof made_[0]; }

  // Null when there is not enough memory.
  std::shared_ptr<const Part> Get(size_t number) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const Part> part = made_[number].lock();
    if (part == nullptr) made_[number] = part = Make(number);
    return part;
  }

 private:
  std::shared_ptr<const Part> Make(size_t number) const {
    auto part = std::make_shared<Part>();
    part->bytes.reserve(metrics::PartedExposition::kPartBytes * 5 / 4);
    text_->parts().AppendPart(number, &part->bytes);
    if (!gzip_) return part;
    std::optional<PackedPiece> packed = PackPiece(part->bytes, kGzipLevel);
    if (!packed) return nullptr;
    part->bytes = std::move(packed->bytes);
    part->packed = {{}, packed->crc, packed->text_bytes};
    return part;
  }

  const std::shared_ptr<const ExpositionText> text_;
  const bool gzip_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<const Part>> made_;
};

class PartsReader final : public http::BodyReader {
 public:
  explicit PartsReader(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}

  bool Next(http::BodyPiece* piece) override {
    if (parts_->gzip() && !std::exchange(begun_, true)) {
      *piece = std::make_shared<const std::string>(GzipJoin::kHead);
      return true;
    }
    while (next_ < parts_->count()) {
      const std::shared_ptr<const Part> part = parts_->Get(next_++);
      if (part == nullptr) return false;
      if (parts_->gzip()) join_.Add(part->packed);
      if (part->bytes.empty()) continue;
      *piece = http::BodyPiece(part, &part->bytes);
      return true;
    }
    const bool tail = parts_->gzip() && !std::exchange(ended_, true);
    *piece = tail ? std::make_shared<const std::string>(join_.Tail()) : nullptr;
    return true;
  }

 private:
  const std::shared_ptr<Parts> parts_;
  size_t next_ = 0;
  bool begun_ = false;
  bool ended_ = false;
  GzipJoin join_;
};

class PartsBody final : public http::StreamedBody {
 public:
  explicit PartsBody(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}
  std::unique_ptr<http::BodyReader> Read() const override {
    return std::make_unique<PartsReader>(parts_);
  }
  size_t bytes() const override { return parts_->bytes(); }

 private:
  const std::shared_ptr<Parts> parts_;
};

}  // namespace

void GzipBody(http::Response* response) {
  std::string packed = Gzip(response->body, kGzipLevel);
  if (packed.empty()) return;
  response->body = std::move(packed);
  response->content_encoding = "gzip";
}

void SetBody(std::shared_ptr<const ExpositionText> text, bool gzip, http::Response* response) {
  if (text->parts().part_count() == 1) {
    text->parts().AppendPart(0, &response->body);
    if (gzip) GzipBody(response);
    return;
  }
  if (gzip) response->content_encoding = "gzip";
  response->stream = std::make_shared<PartsBody>(std::make_shared<Parts>(std::move(text), gzip));
}

}  // namespace parshall::app
