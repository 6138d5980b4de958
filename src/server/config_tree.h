// Reading a section of the config file that is more than a value: member by member, each mistake
// with file, line and member.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/tree.h"

namespace sutler::server {

// A section as it stands in the file, with the document that it points into.
struct ConfigSection {
  const model::Tree* tree = nullptr;
  std::shared_ptr<const model::YamlDocument> document;
  std::filesystem::path file;
};

// Where the readers of one section leave their first mistake.
class SectionErrors {
 public:
  explicit SectionErrors(std::filesystem::path file) : file_(std::move(file)) {}

  // "FILE:LINE: WHAT"; the first one stays.
  void add(int line, const std::string& what, std::string hint = {});
  [[nodiscard]] const std::optional<base::Error>& first() const { return first_; }
  // Secrets may stand in the file itself: nobody but us can read it. Keeps why not, otherwise.
  [[nodiscard]] bool may_hold_secrets(int line, const std::string& what);

 private:
  std::filesystem::path file_;
  std::optional<base::Error> first_;
};

// One map. Each getter makes its member a known one; finish() refuses what nobody asked for. What
// is absent leaves its target as it is. A value never stands in a mistake.
class MapReader {
 public:
  // `name` stands in front of members: "sources: vault-prod". The tree and the errors outlive it.
  MapReader(const model::Tree& tree, std::string name, SectionErrors& errors);

  [[nodiscard]] bool has(std::string_view member);
  [[nodiscard]] std::string text(std::string_view member);  // empty: absent
  [[nodiscard]] std::string required_text(std::string_view member);
  // A list of plain values; an empty one is a mistake.
  [[nodiscard]] std::vector<std::string> texts(std::string_view member);
  [[nodiscard]] std::vector<std::string> required_texts(std::string_view member);
  // Plain values by name.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(std::string_view member);
  // A value that only a private file may hold.
  [[nodiscard]] std::optional<base::Secret> secret(std::string_view member);
  [[nodiscard]] std::optional<std::int64_t> whole(std::string_view member, std::int64_t min,
                                                  std::int64_t max);
  [[nodiscard]] std::optional<bool> flag(std::string_view member);
  // A time of at least `min`, such as "250ms" or "5m".
  void time(std::string_view member, std::chrono::milliseconds& out, std::chrono::milliseconds min);
  void time(std::string_view member, std::chrono::seconds& out, std::chrono::seconds min);
  [[nodiscard]] std::optional<MapReader> map(std::string_view member);
  // A list of maps, which must not be empty.
  [[nodiscard]] std::vector<MapReader> maps(std::string_view member);

  void rename(std::string name) { name_ = std::move(name); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::vector<std::string> names() const;  // of all its members, as they stand
  // No mistake was found so far, in the whole section.
  [[nodiscard]] bool is_good() const { return !errors_->first(); }
  // "NAME: MEMBER takes TAKES"
  void wrong(std::string_view member, std::string_view takes);
  void refuse(std::string what, std::string hint = {});  // the map as a whole
  // Unknown members are mistakes that list the known ones.
  void finish();

 private:
  [[nodiscard]] const model::Tree* find(std::string_view member);
  [[nodiscard]] const model::Tree* scalar(std::string_view member);
  [[nodiscard]] int line_of(std::string_view member);

  const model::Tree* tree_;
  std::string name_;
  SectionErrors* errors_;
  std::vector<std::string> known_;
};

}  // namespace sutler::server
