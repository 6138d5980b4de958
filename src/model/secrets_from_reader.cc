#include "model/secrets_from_reader.h"

namespace sutler::model {
namespace {

using base::Result;

Result<void> read_only(const Cursor& at, ObjectReference& item) {
  if (auto is_list = at.require_list(); !is_list) return is_list;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (auto read = read_text(at.child(i), item.only.emplace_back()); !read) return read;
  }
  return {};
}

Result<void> read_rename(const Cursor& at, ObjectReference& item) {
  if (auto is_map = at.require_map(); !is_map) return is_map;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor member = at.child(i);
    if (auto read = read_text(member, item.rename[std::string(member.name())]); !read) return read;
  }
  return {};
}

Result<void> read_on_conflict(const Cursor& at, ObjectReference& item) {
  auto word = at.text();
  if (!word) return base::pass(word);
  for (const auto one : {OnConflict::kError, OnConflict::kKeep, OnConflict::kReplace}) {
    if (*word != to_word(one)) continue;
    item.on_conflict = one;
    return {};
  }
  return at.fail("not a way to settle a conflict", "error, keep or replace");
}

constexpr Field<ObjectReference> kItemFields[] = {
    {"from", [](const Cursor& at, ObjectReference& item) { return read_text(at, item.from); }},
    {"ref", [](const Cursor& at, ObjectReference& item) { return read_text(at, item.ref); }},
    {"prefix", [](const Cursor& at, ObjectReference& item) { return read_text(at, item.prefix); }},
    {"only", read_only},
    {"rename", read_rename},
    {"optional",
     [](const Cursor& at, ObjectReference& item) {
       item.optional = true;
       return at.require_true();
     }},
    {"onConflict", read_on_conflict},
};

}  // namespace

Result<void> read_secrets_from(const Cursor& at, SecretsFrom& out) {
  if (auto is_list = at.require_list(); !is_list) return is_list;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor item = at.child(i);
    if (auto read = read_fields(item, kItemFields, out.emplace_back()); !read) return read;
    if (out.back().from.empty()) return item.fail("from is missing", "the name of a source");
    if (out.back().ref.empty()) return item.fail("ref is missing", "where the object is");
  }
  return {};
}

}  // namespace sutler::model
