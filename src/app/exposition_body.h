#pragma once
// An exposition as the body of a response: printed, and packed, piece by piece while it is sent. So
// a slow reader of 50 MiB holds a moment of the series and two pieces, not 50 MiB.

#include <prometheus/metric_family.h>

#include <memory>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/streamed_body.h"
#include "metrics/exposition.h"
#include "pipeline/pipeline.h"

namespace parshall::app {

// A moment of the run in the text of one dialect.
class ExpositionText {
 public:
  ExpositionText(std::shared_ptr<const pipeline::Pipeline::Moment> moment,
                 std::vector<prometheus::MetricFamily> own, metrics::Dialect dialect)
      : moment_(std::move(moment)), parts_(moment_->snapshot, std::move(own), dialect) {}

  const metrics::PartedExposition& parts() const { return parts_; }
  size_t bytes() const { return moment_->snapshot.bytes() + parts_.bytes(); }

 private:
  const std::shared_ptr<const pipeline::Pipeline::Moment> moment_;
  const metrics::PartedExposition parts_;
};

// Puts the text into a response: as a whole if it is small, else as a stream; packed if `gzip` says
// so and there is memory for that.
void SetBody(std::shared_ptr<const ExpositionText> text, bool gzip, http::Response* response);

// Packs the body of a response, if there is memory for that.
void GzipBody(http::Response* response);

}  // namespace parshall::app
