#include "metrics/path_templates.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "metrics/path_segment.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using testing::Numbered;

TEST_CASE("A segment that is one of many is shown as its kind") {
  struct Row {
    const char* raw;
    const char* shown;
  };
  const Row rows[] = {
      {"users", "users"},
      {"v1", "v1"},
      {"1", ":id"},
      {"00123456789012345678901234567890123456789", ":id"},
      {"20240131", ":date"},
      {"20241331", ":id"},
      {"2024-01-31", ":date"},
      {"2024-01-31T10:00:00Z", ":date"},
      {"2024-99-31", "2024-99-31"},
      {"2024-01-31x", "2024-01-31x"},
      {"f47ac10b-58cc-4372-a567-0e02b2c3d479", ":uuid"},
      {"F47AC10B-58CC-4372-A567-0E02B2C3D479.jpg", ":uuid.jpg"},
      {"deadbeef", "deadbeef"},
      {"deadbee1", ":hex"},
      {"d41d8cd98f00b204e9800998ecf8427e", ":hash"},
      {"da39a3ee5e6b4b0d3255bfef95601890afd80709.js", ":hash.js"},
      {"640x480", ":size"},
      {"x480", "x480"},
      {"10.0.0.1", ":ip"},
      {"10.0.0.1.2", "10.0.0.1.2"},
      {"joe@example.com", ":email"},
      {"joe%40example.com", ":email"},
      {"@joe", "@joe"},
      {"dGhpcyBpcyBhIHRlc3Q0NTY3", ":token"},
      {"dGhpcyBpcyBhIHRlc3Q0NTY3%3D%3D", ":token"},
      {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", ":token"},
      {"AVeryLongNameOfSomethingThatIsNone", "AVeryLongNameOfSomethingThatIsNone"},
      {"Do_not_worry_about_it_when_404_or_other", "Do_not_worry_about_it_when_404_or_other"},
      {"patch-CURRENT-Apr.13.06.newmoused", "patch-CURRENT-Apr.13.06.newmoused"},
      {"ui-bg_soft_25_327E04_1x100.png", "ui-bg_soft_25_327E04_1x100.png"},
      {"User-2024-Report-Final-Version2", "User-2024-Report-Final-Version2"},
      {"CPTuPaU7wQ2hXk9LmZ0bAg", ":token"},
      {"May", "May"},
      {"order-12345", "order-:id"},
      {"order-1234", "order-1234"},
      {"utf8", "utf8"},
      {"12.html", ":id.html"},
      {"jquery-1.8.16.js", "jquery-1.8.16.js"},
      {"b1,b103", ":text"},
      {"b1%2Cb103", ":text"},
      {"caf\xC3\xA9", ":text"},
      {"%D8%A7", ":text"},
      {"year%20review", ":text"},
      {"50%", ":text"},
      {"%7Euser", "~user"},
      {":id", ":text"},
      {"*", ":text"},
      {".", "."},
      {"..%2F..", ":text"},
  };
  for (const Row& row : rows) {
    INFO(row.raw);
    CHECK(PathSegment(row.raw) == row.shown);
  }
  CHECK(PathSegment(std::string(64, 'a')) == std::string(64, 'a'));
  CHECK(PathSegment(std::string(65, 'a')) == ":text");
}

TEST_CASE("A target is cut down to its path") {
  PathTemplates templates({});
  struct Row {
    const char* target;
    const char* shown;
  };
  const Row rows[] = {
      {"/", "/"},
      {"//", "/"},
      {"", ":odd"},
      {"*", ":odd"},
      {"\x16\x03\x01", ":odd"},
      {"example.com:443", ":odd"},
      {"/a//b/", "/a/b"},
      {"/blog/2007/May/27", "/blog/:id/:month/:id"},
      {"/blog/2007/september", "/blog/:id/:month"},
      {"/blog/2007/Mayor", "/blog/:id/Mayor"},
      {"/blog/207/May", "/blog/:id/May"},
      {"/blog/May/2007", "/blog/May/:id"},
      {"/a?x=/1", "/a"},
      {"/a#b", "/a"},
      {"?x", ":odd"},
      {"http://example.com", "/"},
      {"http://example.com/users/7?x", "/users/:id"},
      {"/1/2/3/4/5/6/7/8", "/:id/:id/:id/:id/:id/:id/:id/:id"},
      {"/1/2/3/4/5/6/7/8/9/10", "/:id/:id/:id/:id/:id/:id/:id/:id/*"},
  };
  for (const Row& row : rows) {
    INFO(row.target);
    CHECK(templates.Learn(row.target) == row.shown);
    CHECK(templates.Now(row.shown) == row.shown);
  }
}

TEST_CASE("An operator names a template as it is shown, or a path of it") {
  PathTemplates templates({"/blog/:slug", "/static/*"});
  struct Row {
    const char* written;
    const char* shown;  // empty: there is no such template
  };
  const Row rows[] = {
      {"/", "/"},
      {"/users/:id", "/users/:id"},
      {"/users/17", "/users/:id"},
      {"/users/17/:month/", "/users/:id/:month"},
      {"/files/:uuid.pdf", "/files/:uuid.pdf"},
      {"/orders/no-:id", "/orders/no-:id"},
      {"/blog/:slug", "/blog/:slug"},
      {"/blog/how-to", "/blog/:slug"},
      {"/static/*", "/static/*"},
      {"/users/:user", ""},
      {"/users/:", ""},
      {"/users/a:id", ""},
      {"/users/:id:", ""},
      {"/files/*", ""},
      {":odd", ":odd"},
      {"users", ""},
  };
  for (const Row& row : rows) {
    INFO(row.written);
    const std::string shown = row.shown;
    CHECK(templates.CouldShow(row.written) == !shown.empty());
    if (shown.empty()) continue;
    CHECK(templates.LearnShown(row.written) == shown);
    CHECK(templates.Now(shown) == shown);
  }
  // What a client sends is never taken for a template.
  CHECK(templates.Learn("/users/:id") == "/users/:text");
}

TEST_CASE("Where words explode they become one, and earlier answers follow") {
  PathTemplates templates({});
  for (size_t i = 0; i < PathTemplates::kNamesMax; ++i) {
    const std::string path = Numbered("/blog/tags/t", static_cast<int64_t>(i));
    CHECK(templates.Learn(path) == path);
  }
  CHECK(templates.Learn("/blog/tags/12") == "/blog/tags/:id");
  CHECK(templates.Learn("/blog/tags/a.html") == "/blog/tags/a.html");
  CHECK(templates.version() == 0);
  CHECK(templates.Learn("/blog/tags/one-more") == "/blog/tags/:any");
  CHECK(templates.version() == 1);
  CHECK(templates.Now("/blog/tags/t3") == "/blog/tags/:any");
  CHECK(templates.Now("/blog/tags/a.html") == "/blog/tags/a.html");
  CHECK(templates.Learn("/blog/tags/t3/edit") == "/blog/tags/t3/edit");
  // Directories, and what is below them.
  for (size_t i = 0; i <= PathTemplates::kDirsMax; ++i) {
    templates.Learn(Numbered("/shop/s", static_cast<int64_t>(i)) + "/item/5");
    templates.Learn(Numbered("/shop/s", static_cast<int64_t>(i)) +
                    Numbered("/n", static_cast<int64_t>(i)));
  }
  CHECK(templates.Now("/shop/s1/item/:id") == "/shop/:any/item/:id");
  CHECK(templates.Now("/shop/s1/n1") == "/shop/:any/:any");
  CHECK(templates.Now("/shop/s1") == "/shop/s1");
  for (int i = 0; i < 5; ++i) templates.Learn(Numbered("/img/", i) + "x.png");
  CHECK(templates.Now("/img/0x.png") == "/img/:file");
}

TEST_CASE("What collapses depends on the set of paths, not on their order") {
  std::mt19937 random(7);
  std::vector<std::string> paths;
  const char* words[] = {"a", "b", "c", "d", "e", "x.png", "y.png", "1", "f00dfeed99", "w"};
  for (int i = 0; i < 3000; ++i) {
    std::string path;
    for (uint64_t depth = 1 + random() % 4; depth > 0; --depth) {
      path += std::string("/") + words[random() % 10];
      if (random() % 3 == 0) path += static_cast<char>('a' + random() % 20);
    }
    paths.push_back(path);
  }
  std::vector<std::string> wanted;
  for (int round = 0; round < 12; ++round) {
    PathTemplates templates({});
    for (const std::string& path : paths) templates.Learn(path);
    if (round == 0) wanted = templates.Templates();
    CHECK(templates.Templates() == wanted);
    for (const std::string& path : paths) {
      const std::string shown = templates.Learn(path);
      REQUIRE(std::binary_search(wanted.begin(), wanted.end(), shown));
      REQUIRE(templates.Now(shown) == shown);
    }
    std::shuffle(paths.begin(), paths.end(), random);
  }
  CHECK(wanted.size() > 50);
}

TEST_CASE("Hostile paths take bounded memory") {
  PathTemplates templates({});
  std::mt19937 random(3);
  for (int i = 0; i < 100'000; ++i) {
    std::string path;
    for (uint64_t depth = random() % 10; depth > 0; --depth) {
      path += '/';
      for (uint64_t n = 1 + random() % 3; n > 0; --n) path += static_cast<char>(random() % 255 + 1);
    }
    const std::string shown = templates.Learn(path);
    REQUIRE(shown.size() < 1024);
  }
  CHECK(templates.Templates().size() < 60'000);
  std::string saved;
  templates.Save(&saved);
  PathTemplates again({});
  PackedReader reader(saved);
  CHECK(again.Restore(&reader));
  CHECK(again.Templates() == templates.Templates());
}

TEST_CASE("Routes come first and are shown as they are written") {
  PathTemplates templates({"/blog/:slug", "/static/*", "/"});
  CHECK(templates.Learn("/blog/how-to") == "/blog/:slug");
  CHECK(templates.Learn("/blog/how-to/") == "/blog/:slug");
  CHECK(templates.Learn("/blog/how/to") == "/blog/how/to");
  CHECK(templates.Learn("/blog") == "/blog");
  CHECK(templates.Learn("/static/a/b.css?x") == "/static/*");
  CHECK(templates.Learn("/static") == "/static/*");
  CHECK(templates.Learn("/") == "/");
  CHECK(templates.Now("/blog/:slug") == "/blog/:slug");
  CHECK(templates.Now("/static/*") == "/static/*");
  CHECK(templates.Templates().at(0) == "/blog/:slug");
}

TEST_CASE("What was learned is saved and put back; damaged bytes never harm") {
  PathTemplates templates({});
  for (int i = 0; i < 40; ++i) templates.Learn(Numbered("/a/b/", i) + Numbered("/w", i % 20));
  for (int i = 0; i < 40; ++i) templates.Learn(Numbered("/a/w", i) + "/x.html");
  templates.Learn("/");
  std::string saved;
  templates.Save(&saved);
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = saved;
    if (round > 0) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 3 == 1) bytes.resize(random() % bytes.size());
    PathTemplates again({});
    PackedReader reader(bytes);
    const bool good = again.Restore(&reader);
    if (round == 0) REQUIRE((good && reader.done() && again.Templates() == templates.Templates()));
    if (!good) REQUIRE(again.Templates().empty());
    again.Learn("/a/b/c");
  }
}

}  // namespace
}  // namespace parshall::metrics
