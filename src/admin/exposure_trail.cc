#include "admin/exposure_trail.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <set>
#include <tuple>

#include "admin/audit_nodes_api.h"
#include "audit/query.h"
#include "base/json.h"

namespace sutler::admin {
namespace {

using resolve::GroupVersion;
using resolve::KeyName;

// What a line of the audit says, as far as it matters here.
struct Line {
  std::string event;
  std::string operator_name;
  std::string time;
  std::vector<GroupVersion> groups;
  std::set<std::string, std::less<>> keys;
};

std::string text_of(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

Line read_line(std::string_view text) {
  Line line;
  const auto tree = base::parse_json(text);
  const auto* object = tree ? tree->if_object() : nullptr;
  if (object == nullptr || text_of(*object, "outcome") != "ok") return line;
  line.event = text_of(*object, "event");
  line.operator_name = text_of(*object, "operator");
  line.time = text_of(*object, "time");
  const std::string team = text_of(*object, "team");
  if (const auto* groups = object->if_contains("groups"); groups && groups->is_array()) {
    for (const auto& item : groups->get_array()) {
      const auto* one = item.if_object();
      const auto* version = one == nullptr ? nullptr : one->if_contains("version");
      if (version == nullptr || !version->is_int64() || one->contains("deleted")) continue;
      const std::string own = text_of(*one, "team");
      line.groups.push_back({own.empty() ? team : own, text_of(*one, "name"),
                             static_cast<std::uint64_t>(version->get_int64())});
    }
  }
  if (const auto* keys = object->if_contains("keys"); keys && keys->is_array()) {
    for (const auto& key : keys->get_array()) {
      if (key.is_string()) line.keys.emplace(key.get_string().data(), key.get_string().size());
    }
  }
  return line;
}

std::set<std::string> keys_of(const model::Group& group) {
  std::set<std::string> keys;
  for (const auto& [name, variable] : group.variables) keys.insert(name);
  for (const auto& [path, file] : group.files) keys.insert(path);
  return keys;
}

class Trail {
 public:
  Trail(resolve::Versions& versions, const resolve::Targets* targets)
      : versions_(versions), targets_(targets) {}

  void take(const Line& line) {
    const bool revealed = line.event == "value.reveal";
    for (const GroupVersion& group : line.groups) {
      revealed ? take_reveal(line, group) : take_write(line, group);
    }
  }
  std::vector<Sighting> done() {
    std::vector<Sighting> all;
    for (auto& [place, sighting] : found_) all.push_back(std::move(sighting));
    return all;
  }

 private:
  // A version that is not kept any more has the keys that the record names.
  void take_reveal(const Line& line, const GroupVersion& which) {
    const auto group = versions_.open(which);
    const auto held = group ? keys_of(*group) : std::set<std::string>();
    for (const std::string& key : line.keys) {
      if (group && !held.contains(key)) continue;
      note(line, which, key, Sighting::How::kRevealed);
    }
    if (!line.keys.empty()) return;
    for (const std::string& key : held) note(line, which, key, Sighting::How::kRevealed);
  }
  void take_write(const Line& line, const GroupVersion& which) {
    const auto group = versions_.open(which);
    if (!group) return;
    for (const std::string& key : keys_of(*group)) {
      if (!wanted(which, key)) continue;
      if (!line.keys.empty() && !line.keys.contains(key)) continue;
      const GroupVersion before{which.team, which.group, which.version - 1};
      if (which.version > 1 && versions_.same(before, which, key) == true) continue;
      note(line, which, key, Sighting::How::kWrote);
    }
  }
  [[nodiscard]] bool wanted(const GroupVersion& which, const std::string& key) const {
    if (targets_ == nullptr) return true;
    const auto at = targets_->find({which.team, which.group, key});
    return at != targets_->end() && (at->second.empty() || at->second.contains(which.version));
  }
  void note(const Line& line, const GroupVersion& which, const std::string& key,
            Sighting::How how) {
    if (!wanted(which, key)) return;
    const KeyName name{which.team, which.group, key};
    auto& slot = found_[{name, line.operator_name, which.version, how}];
    if (slot.times == 0) {
      slot.operator_name = line.operator_name;
      slot.key = name;
      slot.version = which.version;
      slot.how = how;
      slot.first = line.time;
    }
    slot.first = std::min(slot.first, line.time);
    slot.last = std::max(slot.last, line.time);
    ++slot.times;
  }

  resolve::Versions& versions_;
  const resolve::Targets* targets_;
  std::map<std::tuple<KeyName, std::string, std::uint64_t, Sighting::How>, Sighting> found_;
};

bool concerns_values(const std::string& event) {
  return event == "value.reveal" || event.starts_with("group.") || event == "undo" ||
         event.starts_with("undo") || event == "import";
}

// `take` gets each line that the filter lets through and says whether to go on.
base::Result<void> for_lines(const Context& context, const audit::Filter& filter,
                             const std::function<bool(std::string_view)>& take) {
  audit::MergedLog* const all = merged_log(context);
  auto read = all != nullptr
                  ? all->for_each(filter, take)
                  : audit::for_each_record(
                        context.audit.current_file().parent_path(), filter,
                        [&](std::uint64_t, std::string_view text) { return take(text); });
  if (!read && read.error().code != base::Code::kNotFound) return base::pass(read);
  return {};
}

base::Result<std::vector<Sighting>> follow(const Context& context, const audit::Filter& filter,
                                           Trail trail) {
  auto read = for_lines(context, filter, [&trail](std::string_view text) {
    const Line line = read_line(text);
    if (concerns_values(line.event)) trail.take(line);
    return true;
  });
  if (!read) return base::pass(read);
  return trail.done();
}

}  // namespace

base::Result<std::vector<Sighting>> sightings_by(const Context& context,
                                                 const std::string& operator_name,
                                                 resolve::Versions& versions) {
  audit::Filter filter;
  filter.operator_name = operator_name;
  return follow(context, filter, Trail(versions, nullptr));
}

base::Result<bool> is_named_in_audit(const Context& context, const std::string& operator_name) {
  audit::Filter filter;
  filter.operator_name = operator_name;
  bool found = false;
  auto read = for_lines(context, filter, [&found](std::string_view) {
    found = true;
    return false;
  });
  if (!read) return base::pass(read);
  return found;
}

base::Result<std::vector<Sighting>> sightings_of(const Context& context,
                                                 const resolve::Targets& targets,
                                                 resolve::Versions& versions) {
  std::vector<Sighting> all;
  std::set<std::pair<std::string, std::string>> groups;
  for (const auto& [key, which] : targets) groups.emplace(key.team, key.group);
  // One search for each group while they are few, else one over everything that operators did.
  constexpr std::size_t kSearchesMax = 8;
  if (groups.size() > kSearchesMax) {
    audit::Filter filter;
    filter.text = "\"operator\":";
    return follow(context, filter, Trail(versions, &targets));
  }
  for (const auto& [team, group] : groups) {
    for (const char* event : {"value.reveal", "group.*", "undo*"}) {
      audit::Filter filter;
      filter.group = group;
      filter.event = event;
      resolve::Targets own;
      for (const auto& target : targets) {
        if (target.first.team == team && target.first.group == group) own.insert(target);
      }
      auto found = follow(context, filter, Trail(versions, &own));
      if (!found) return found;
      std::ranges::move(*found, std::back_inserter(all));
    }
  }
  return all;
}

}  // namespace sutler::admin
