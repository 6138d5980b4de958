// A folder tree that paths are resolved in as if it were the whole machine: an absolute symbolic
// link in it starts at its top, and `..` ends there, so that nothing outside is ever touched.
//
// Uses openat2(2) with RESOLVE_IN_ROOT. Where the kernel has none (before 5.6, or filtered) the top
// `/` is opened plainly, since there is no outside, and any other top refuses symbolic links on the
// way.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace sutler::cli {

class RootFolder {
 public:
  enum class Resolver { kKernel, kByHand };  // kByHand: what is done where openat2 is missing

  // kNotFound when there is no such folder.
  [[nodiscard]] static base::Result<RootFolder> open(const std::filesystem::path& top,
                                                     Resolver resolver = Resolver::kKernel);

  // The folder at an absolute path in normal form, as an O_PATH descriptor; nothing when it or one
  // above it does not exist. kInvalid when something on the way is no folder.
  [[nodiscard]] base::Result<std::optional<base::FileDescriptor>> find(std::string_view path) const;

  // The same, but folders that are missing are made with mode 0755 and their paths appended to
  // `made`, outermost first, also when a later one fails.
  [[nodiscard]] base::Result<base::FileDescriptor> make(std::string_view path,
                                                        std::vector<std::string>& made) const;

  // Removes folders that make() made, innermost first, as far as they are empty.
  void remove(const std::vector<std::string>& made) const;

 private:
  RootFolder(base::FileDescriptor top, Resolver resolver, std::string name);
  [[nodiscard]] base::FileDescriptor resolve(std::string_view path) const;
  [[nodiscard]] base::FileDescriptor walk(std::string_view path) const;

  base::FileDescriptor top_;
  Resolver resolver_;
  std::string name_;  // for errors, without a final slash
};

// The part of an absolute path before its last slash ("/" for "/a"), and the part after it.
[[nodiscard]] std::string_view folder_of(std::string_view path);
[[nodiscard]] std::string_view name_of(std::string_view path);

}  // namespace sutler::cli
