#include "admin/group_list.h"

#include <algorithm>
#include <optional>

#include "admin/action.h"
#include "admin/group_rules.h"
#include "admin/json_io.h"
#include "admin/page.h"
#include "admin/precondition.h"
#include "base/glob.h"
#include "model/group_writer.h"

namespace sutler::admin {
namespace {

struct Filter {
  std::string name, key, project, type, managed_by;  // empty: any

  static base::Result<Filter> read(const Query& query) {
    Filter filter;
    const std::pair<const char*, std::string*> all[] = {{"name", &filter.name},
                                                        {"key", &filter.key},
                                                        {"project", &filter.project},
                                                        {"type", &filter.type},
                                                        {"managed_by", &filter.managed_by}};
    for (const auto& [parameter, target] : all) {
      *target = query.text(parameter);
      if (!query.has(parameter) || !target->empty()) continue;
      return base::fail(base::Code::kInvalid,
                        "query parameter \"" + std::string(parameter) + "\" is empty",
                        "leave it out to ask for any");
    }
    if (!filter.managed_by.empty() && !model::is_group_name(filter.managed_by)) {
      return base::fail(base::Code::kInvalid,
                        "query parameter \"managed_by\" must be a name of letters, digits, \".\", "
                        "\"_\", \"-\"");
    }
    const bool known = filter.type.empty() ||
                       filter.type == model::to_word(model::GroupType::kSecret) ||
                       filter.type == model::to_word(model::GroupType::kConfig);
    if (known) return filter;
    return base::fail(base::Code::kInvalid, "query parameter \"type\" must be secret or config");
  }

  [[nodiscard]] bool has_key(const store::GroupRecord& record) const {
    const auto keys = record.keys();
    const auto is_it = [&](std::string_view one) { return base::glob_matches(key, one); };
    return std::ranges::any_of(keys.variables, is_it) || std::ranges::any_of(keys.files, is_it);
  }

  [[nodiscard]] bool takes(const store::GroupRecord& record) const {
    const model::GroupHeader& header = record.header();
    if (!name.empty() && !base::glob_matches(name, header.name)) return false;
    if (!type.empty() && type != model::to_word(header.type)) return false;
    if (!managed_by.empty() && managed_by != header.managed_by) return false;
    const auto& projects = header.restrictions.projects;
    if (!project.empty() && projects && std::ranges::none_of(*projects, [&](const auto& pattern) {
          return base::glob_matches(pattern, project);
        })) {
      return false;
    }
    return key.empty() || has_key(record);
  }
};

std::string summary_json(const store::GroupRecord& record) {
  const model::GroupHeader& header = record.header();
  const auto keys = record.keys();
  JsonObject group;
  group.text("name", header.name)
      .text("team", header.team)
      .text("type", model::to_word(header.type))
      .number("priority", static_cast<std::uint64_t>(header.priority))
      .number("version", record.version())
      .text("etag", etag_of(record))
      .number("variables", keys.variables.size())
      .number("files", keys.files.size())
      .raw("restrictions", model::write_restrictions_json(header.restrictions));
  if (!header.description.empty()) group.text("description", header.description);
  if (!header.managed_by.empty()) group.text("managed_by", header.managed_by);
  group.number("revision", record.revision())
      .text("changed", base::rfc3339(record.changed()))
      .text("changed_by", record.changed_by());
  return group.done();
}

// Those groups of a team after `name` that are asked for and may be seen. False: the page is full.
bool add_groups(const store::Snapshot& snapshot, const Call& call, const Filter& filter,
                std::string_view team, std::string_view name, std::string_view place, Page& page) {
  for (const auto& record : snapshot.groups_of(team)) {
    const model::GroupHeader& header = record->header();
    if (header.name <= name || !filter.takes(*record) || !may_see(call.who, header)) continue;
    if (page.full()) return false;
    page.add(std::string(place) + header.name, summary_json(*record));
  }
  return true;
}

std::string_view form_of(const model::Value& value) {
  if (std::holds_alternative<model::Template>(value)) return "template";
  return std::holds_alternative<model::Reference>(value) ? "reference" : "literal";
}

// One page of the entries of an opened group.
class EntryList {
 public:
  EntryList(std::string key, model::Values values, Page& page)
      : key_(std::move(key)), values_(values), page_(page) {}

  void add(const model::Group& group) {
    for (const auto& [name, variable] : group.variables) {
      add_one("V" + name, name, "ENV", "key", form_of(variable.value), "value",
              model::write_entry_json(variable, values_));
    }
    for (const auto& [path, file] : group.files) {
      add_one("v" + path, path, "FILE", "path", form_of(file.data), "file",
              model::write_entry_json(file, values_));
    }
  }
  [[nodiscard]] std::string names() { return names_.done(); }

 private:
  void add_one(const std::string& place, const std::string& name, const char* kind,
               const char* member, std::string_view form, const char* content,
               const base::Secret& json) {
    if (done_ || place <= page_.after()) return;
    if (!key_.empty() && !base::glob_matches(key_, name)) return;
    done_ = page_.full();
    if (done_) return;
    JsonObject entry;
    entry.text("kind", kind).text(member, name).text("form", form);
    if (values_ == model::Values::kMask) {
      entry.raw("masked", "true");
    } else {
      entry.raw(content, json.expose());
    }
    names_.text(name);
    page_.add(place, entry.done());
  }

  std::string key_;
  model::Values values_;
  Page& page_;
  JsonArray names_;
  bool done_ = false;
};

}  // namespace

base::Result<http::Response> list_groups(const Context& context, const Call& call, Action&) {
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  auto filter = Filter::read(call.query);
  if (!filter) return base::pass(filter);
  const auto snapshot = context.store.snapshot();
  auto team = require_team(*snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  add_groups(*snapshot, call, *filter, call.team, page->after(), "", *page);
  return json_response(200, page->done());
}

base::Result<http::Response> search_groups(const Context& context, const Call& call, Action&) {
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  auto filter = Filter::read(call.query);
  if (!filter) return base::pass(filter);
  const auto snapshot = context.store.snapshot();
  const std::string only = call.query.text("team");
  if (call.query.has("team") &&
      (!snapshot->teams.contains(only) || !may_see_team(call.who, only))) {
    return base::fail(base::Code::kNotFound, "there is no such team",
                      "sutler team list shows the teams");
  }
  // The place is `team/name`; a team's id holds no slash.
  const std::string after_team = page->after().substr(0, page->after().find('/'));
  const std::string after_name =
      page->after().substr(std::min(page->after().size(), after_team.size() + 1));
  for (const auto& [id, record] : snapshot->teams) {
    if ((!only.empty() && id != only) || id < after_team || !may_see_team(call.who, id)) continue;
    const std::string_view name = id == after_team ? after_name : std::string_view();
    if (!add_groups(*snapshot, call, *filter, id, name, id + "/", *page)) break;
  }
  return json_response(200, page->done());
}

base::Result<http::Response> list_entries(const Context& context, const Call& call,
                                          Action& action) {
  auto reveal = call.query.flag("reveal");
  if (!reveal) return base::pass(reveal);
  if (*reveal) action.begin("value.reveal");
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  if (call.query.has("key") && call.query.text("key").empty()) {
    return base::fail(base::Code::kInvalid, "query parameter \"key\" is empty");
  }
  const auto snapshot = context.store.snapshot();
  auto team = require_team(*snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  const auto record = snapshot->find_group(call.team, call.name);
  if (!record || !may_see(call.who, record->header())) return no_group(call.team, call.name);
  JsonObject which;
  which.text("name", call.name).number("version", record->version());
  action.details().groups_json = "[" + which.done() + "]";
  if (*reveal) {
    auto allowed = require_reveal(call.who, record->header());
    if (!allowed) return base::pass(allowed);
  }
  auto group = record->open();
  if (!group) return base::pass(group);
  EntryList list(call.query.text("key"), *reveal ? model::Values::kReveal : model::Values::kMask,
                 *page);
  list.add(*group);
  if (*reveal) {
    action.details().keys_json = list.names();
    auto recorded = action.record_reveal();
    if (!recorded) return base::pass(recorded);
  }
  http::Response response = json_response(200, page->done());
  response.extra_fields = etag_field(*record);
  return response;
}

}  // namespace sutler::admin
