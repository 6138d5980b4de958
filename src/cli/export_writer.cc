#include "cli/export_writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Secret;

constexpr unsigned kFileMode = 0600;
constexpr unsigned kFolderMode = 0700;

struct NamedText {
  std::string name;
  Secret text;
};

bool holds_several(model::ExportFormat format) {
  return format == model::ExportFormat::kGroup || format == model::ExportFormat::kNorthflank;
}

base::Result<void> write_folder(const fs::path& folder, const std::vector<NamedText>& files) {
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return base::fail_errno(errno, "folder " + folder.string() + " cannot be made");
  }
  for (const NamedText& file : files) {
    auto written = base::write_file(folder / file.name, file.text.expose(), kFileMode,
                                    base::Overwrite::kReplace);
    if (!written) return written;
  }
  return {};
}

base::Result<void> write_one(const ExportTarget& target, const Secret& text) {
  if (!target.path.empty()) {
    return base::write_file(target.path, text.expose(), kFileMode, base::Overwrite::kReplace);
  }
  return print_line(text.expose().substr(0, text.size() - 1));
}

}  // namespace

base::Result<void> write_exports(const std::vector<model::Group>& groups,
                                 const ExportTarget& target) {
  std::error_code ignored;
  const bool is_folder =
      target.path.ends_with('/') || fs::is_directory(target.path, ignored) ||
      (!target.path.empty() && groups.size() > 1 && !holds_several(target.format));
  if (!is_folder) {
    auto text = groups.size() == 1
                    ? model::export_group(groups.front(), target.format, target.values)
                    : model::export_groups(groups, target.format, target.values);
    if (!text) return base::pass(text);
    return write_one(target, *text);
  }
  std::vector<NamedText> files;
  for (const model::Group& group : groups) {
    auto text = model::export_group(group, target.format, target.values);
    if (!text) return base::pass(text);
    files.push_back(
        {group.header.name + std::string(model::extension_of(target.format)), std::move(*text)});
  }
  return write_folder(target.path, files);
}

}  // namespace sutler::cli
