#pragma once
// --web.config.file on its way from the disk to the server: read, made ready, and read anew when
// the file, a certificate, a key or a CA changes.

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/access.h"

namespace parshall::app {

// What a file was when it was looked at; a file that is not there has a size of -1.
struct FileStamp {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

// One reading of everything. With faults there is no access.
struct WebAccessOutcome {
  std::shared_ptr<const http::Access> access;
  std::vector<Error> faults;
  std::vector<Error> warnings;  // an expired certificate, for one
  std::vector<FileStamp> stamps;
  std::string contents;  // of all files together, to know whether anything changed at all
};
WebAccessOutcome LoadWebAccess(const std::string& path);

// "TLS with client certificates, 2 users, a rate limit"; "plain HTTP without a password".
std::string Describe(const http::Access& access);
// Whether nobody is asked who he is.
bool IsOpen(const http::Access& access);

// Looks at the files each time it is asked (a stat of each, some microseconds), so that the next
// handshake and the next request see what changed. A new version with faults is logged, and the old
// one stays. One thread: the server's, once it runs.
class WebAccess {
 public:
  // `first` is without faults.
  WebAccess(std::string path, WebAccessOutcome first);
  std::shared_ptr<const http::Access> Current();

 private:
  void Take(WebAccessOutcome outcome);

  std::string path_;
  std::shared_ptr<const http::Access> access_;
  std::vector<FileStamp> stamps_;
  std::string contents_;
  bool settled_ = false;  // the files were old enough for their stamps to tell the next change
};

// For http::ServerOptions; empty without one.
http::AccessSource SourceOf(WebAccess* web);

// "http://127.0.0.1:19220/metrics", or the address of a unix socket.
std::string UrlOf(const std::string& address, const http::Access* access);

// One warning when somebody from outside could come in unasked. `access` may be null: plain HTTP.
void WarnOfOpenDoors(const std::vector<std::string>& addresses, const http::Access* access);

}  // namespace parshall::app
