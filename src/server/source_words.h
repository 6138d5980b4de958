// What the readers of the kinds of sources share. Internal to source_kind*.cc.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "server/config_tree.h"
#include "source/config.h"
#include "source/exec/config.h"
#include "source/file/config.h"

namespace sutler::server {

// One of the words, else what stands.
template <class Word, std::size_t kCount>
void read_word(MapReader& reader, std::string_view member, Word& out,
               const std::array<std::pair<std::string_view, Word>, kCount>& words) {
  if (!reader.has(member)) return;
  const std::string text = reader.text(member);
  std::string list;
  for (const auto& [word, value] : words) {
    if (text == word) {
      out = value;
      return;
    }
    list += (list.empty() ? "" : ", ") + std::string(word);
  }
  reader.wrong(member, "one of " + list);
}

// The check of the kind itself, told as a mistake of the source.
inline void take_check(MapReader& reader, const base::Result<void>& checked) {
  if (!checked) reader.refuse(checked.error().message, checked.error().hint);
}

// source_programs.cc
[[nodiscard]] source::ExecConfig read_exec(MapReader& reader, const source::Common& common);
[[nodiscard]] source::FileConfig read_file_source(MapReader& reader, const source::Common& common);

}  // namespace sutler::server
