#include "admin/source_api.h"

#include <fstream>

#include "admin/test_support.h"
#include "source/file/config.h"
#include "source/sources.h"

namespace sutler::admin::test {
namespace {

struct Files {
  explicit Files(const std::filesystem::path& root) {
    std::vector<source::Sources::Configured> all;
    source::FileConfig config;
    config.name = "files";
    config.root = root;
    all.push_back({{.name = "files", .kind = "file"}, source::make_file(std::move(config))});
    sources = std::make_unique<source::Sources>(std::move(all), source::Sources::Options{}, clock);
  }
  base::SystemClock clock;
  std::unique_ptr<source::Sources> sources;
};

struct SourceApi : ::testing::Test {
  Files files{std::filesystem::temp_directory_path()};
  Bench bench{model::WeakKeys::kRefuse, 1'000'000, files.sources.get()};
};

std::string word(const json::value& tree, const char* name) {
  return json::value_to<std::string>(tree.at(name));
}

TEST_F(SourceApi, ListsAndShowsEach) {
  const auto list = bench.done("GET", "/api/v1/sources");
  ASSERT_EQ(list.at("items").as_array().size(), 1u);
  const auto one = bench.done("GET", "/api/v1/sources/files");
  EXPECT_EQ(one, list.at("items").as_array()[0]);
  EXPECT_EQ(word(one, "state"), "ok");
  EXPECT_EQ(word(one, "kind"), "file");
  EXPECT_EQ(bench.ask("GET", "/api/v1/sources/others").status, 404);
}

TEST_F(SourceApi, ACheckIsAnsweredAndRecorded) {
  const auto answer = bench.done("POST", "/api/v1/sources/files/check");
  EXPECT_TRUE(answer.at("ok").as_bool());
  const auto record = bench.records().back();
  EXPECT_EQ(word(record, "event"), "source.check");
  EXPECT_EQ(word(record, "source"), "files");
  EXPECT_EQ(word(record, "outcome"), "ok");
}

TEST_F(SourceApi, ARefreshSaysHowMuchWasRead) {
  const auto answer = bench.done("POST", "/api/v1/sources/files/refresh");
  EXPECT_EQ(answer.at("read"), 0);
  EXPECT_EQ(answer.at("failed"), 0);
  EXPECT_EQ(word(bench.records().back(), "event"), "source.refresh");
}

TEST_F(SourceApi, WhatIsNotThereIsNotFoundAndRecorded) {
  EXPECT_EQ(bench.ask("POST", "/api/v1/sources/others/check").status, 404);
  EXPECT_EQ(word(bench.records().back(), "outcome"), "failed");
  Bench without;
  EXPECT_EQ(without.ask("POST", "/api/v1/sources/files/refresh").status, 404);
  EXPECT_TRUE(without.done("GET", "/api/v1/sources").at("items").as_array().empty());
}

TEST_F(SourceApi, WhatAStoreAnsweredIsForOwnersAndAuditors) {
  const auto ask_as = [&](const std::string& role) {
    bench.done("POST", "/api/v1/operators", R"({"name":")" + role + R"(","role":")" + role + "\"}");
    const auto made = bench.done("POST", "/api/v1/operators/" + role + "/tokens", "{}");
    return bench.ask_tcp("Bearer " + word(made, "token"), "POST", "/api/v1/sources/files/check");
  };
  EXPECT_TRUE(ask_as("owner").text.contains("\"detail\""));
  const Answer editor = ask_as("editor");
  EXPECT_EQ(editor.status, 200);
  EXPECT_FALSE(editor.text.contains("\"detail\""));
  EXPECT_EQ(ask_as("viewer").status, 403);
}

}  // namespace
}  // namespace sutler::admin::test
