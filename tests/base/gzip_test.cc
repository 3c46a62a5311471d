#include "base/gzip.h"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace parshall {
namespace {

std::string Gunzip(const std::string& text) {
  z_stream stream = {};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out;
  std::string piece(1 << 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, 0, piece.size() - stream.avail_out);
  }
  CHECK(code == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  inflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("Gzip gives what zlib reads back") {
  std::minstd_rand random(1);
  std::string noise(300'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  std::string lines;
  for (int i = 0; i < 20'000; ++i) {
    lines += "http_requests_total{status=\"" + std::to_string(i) + "\"} 1\n";
  }
  for (const std::string& text : {std::string(), std::string("x"), noise, lines}) {
    for (const int level : {-5, 1, 6, 9, 100}) {
      INFO(text.size() << " bytes, level " << level);
      CHECK(Gunzip(Gzip(text, level)) == text);
    }
  }
  CHECK(Gzip(lines, 1).size() < lines.size() / 5);
}

TEST_CASE("Pieces that are packed by themselves are one gzip stream together") {
  std::minstd_rand random(2);
  std::string noise(70'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  const std::string same(200'000, 'a');
  for (const int level : {1, 9}) {
    for (const auto& pieces : std::vector<std::vector<std::string>>{
             {}, {""}, {"x"}, {"x", "", "y"}, {noise, same, noise}, {same, same, "end\n"}}) {
      GzipJoin join;
      std::string text;
      std::string packed(GzipJoin::kHead);
      for (const std::string& piece : pieces) {
        const std::optional<PackedPiece> made = PackPiece(piece, level);
        REQUIRE(made);
        join.Add(*made);
        text += piece;
        packed += made->bytes;
      }
      CHECK(Gunzip(packed + join.Tail()) == text);
    }
  }
}

}  // namespace parshall
