#pragma once
// What an earlier run, or the time before a truncation, left of a followed file: under which name
// do its bytes stand now, and what came between it and the file that stands under the path today?

#include <deque>
#include <string>
#include <vector>

#include "bytes/file_in_hand.h"
#include "bytes/following.h"
#include "bytes/position.h"
#include "bytes/rotated_siblings.h"

namespace parshall::bytes {

struct JudgedFile {
  FileInHand file;
  CopyOf copy = CopyOf::kNothing;  // else the file is not held
};
// OpenFollowed(), unless the file is a copy of what some source reads or has read.
JudgedFile OpenJudged(const std::string& path, const void* owner, Following& following,
                      std::string* trouble);

// A rotated sibling of `path` that holds what the position says and that nobody reads: the newest
// one, claimed for `owner` and standing at the position's offset. Not held when there is none.
// Gzip files are looked into when `gzip` says so; that takes as long as unpacking them.
FileInHand FindCopy(const std::string& path, const FilePosition& left, bool gzip, const void* owner,
                    Following& following);

// Siblings of `path` newer than the file of the position, which nobody reads or has read. Oldest
// first, claimed for `owner`, and some of them closed. `stands` is the file that now holds what the
// position says: itself, what it was compressed to, or none.
std::deque<FileInHand> TakeNewer(const std::string& path, const FileIdentity& stands,
                                 const FilePosition& left, const void* owner, Following& following);

// How the source of `left` (a current one of an earlier run) goes on: the file it was reading,
// wherever it stands now, at the offset; what was rotated away since, oldest first; and what
// stands under the path now. All claimed for `owner`. Empty: there is nothing. *truncated: the file
// stands there, but what was read of it does not, and no copy has more.
std::deque<FileInHand> Resume(const FilePosition& left, const void* owner, Following& following,
                              bool* truncated);

}  // namespace parshall::bytes
