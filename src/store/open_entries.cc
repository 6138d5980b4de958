#include "store/open_entries.h"

#include <algorithm>
#include <utility>

namespace sutler::store {
namespace {

ValueView view_of(const model::Value& value) {
  if (const auto* literal = std::get_if<model::Literal>(&value)) {
    return {literal->text.expose(), nullptr};
  }
  return {{}, &value};
}

template <class Entry>
const Entry* find(const std::vector<Entry>& entries, std::string_view key) {
  const auto at = std::ranges::lower_bound(entries, key, {}, &Entry::key);
  return at != entries.end() && at->key == key ? &*at : nullptr;
}

}  // namespace

OpenEntries::OpenEntries(model::Group group)
    : group_(std::make_unique<const model::Group>(std::move(group))) {
  variables_.reserve(group_->variables.size());
  for (const auto& [name, variable] : group_->variables) {
    variables_.push_back({name, view_of(variable.value)});
  }
  files_.reserve(group_->files.size());
  for (const auto& [path, file] : group_->files) {
    files_.push_back(
        {path, view_of(file.data), file.encoding, file.owner, file.group, file.permissions});
  }
  secrets_from_ = group_->secrets_from;
}

OpenEntries::OpenEntries(std::shared_ptr<const OpenEntries> entries, std::vector<Added> added)
    : without_(std::move(entries)),
      added_(std::move(added)),
      files_(without_->files()),
      secrets_from_(without_->secrets_from()) {
  variables_.reserve(without_->variables().size() + added_.size());
  for (const VariableView& view : without_->variables()) {
    if (!std::ranges::binary_search(added_, view.key, {},
                                    [](const Added& one) { return std::string_view(one.name); })) {
      variables_.push_back(view);
    }
  }
  for (const Added& one : added_) variables_.push_back({one.name, {one.value.expose(), nullptr}});
  std::ranges::sort(variables_, {}, &VariableView::key);
}

const VariableView* OpenEntries::variable(std::string_view name) const {
  return find(variables_, name);
}

const FileView* OpenEntries::file(std::string_view path) const { return find(files_, path); }

}  // namespace sutler::store
