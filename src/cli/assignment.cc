#include "cli/assignment.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/limits.h"
#include "base/utf8.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "model/group.h"

namespace sutler::cli {
namespace {

using base::Code;

constexpr std::string_view kForms =
    "KEY=VALUE sets the value itself, KEY=- reads standard input, KEY=@FILE a file, KEY==TEXT "
    "takes "
    "text that starts with -, @ or =";

// The word is not quoted: it may be a secret without its KEY=.
base::Unexpected no_equals_sign(std::size_t position) {
  return usage_error(
      "argument " + std::to_string(position + 1) + " after the group is not KEY=VALUE",
      std::string(kForms));
}

base::Result<Assignment> parse_assignment(const std::string& word, std::size_t equals) {
  Assignment assignment;
  assignment.name = word.substr(0, equals);
  if (!model::is_variable_name(assignment.name)) {
    return usage_error(  // not quoted: a value without its KEY= may hold a `=` as well
        "what stands before the = of an argument cannot be the name of a variable",
        "a name is letters, digits, `_`, `.` and `-`, and starts with a letter or `_`");
  }
  const std::string_view rest = std::string_view(word).substr(equals + 1);
  if (rest == "-") {
    assignment.source = Assignment::Source::kStandardInput;
  } else if (rest.starts_with('@')) {
    assignment.source = Assignment::Source::kFile;
    assignment.text = base::Secret(rest.substr(1));
  } else {
    assignment.text = base::Secret(rest.starts_with('=') ? rest.substr(1) : rest);
  }
  return assignment;
}

base::Result<base::Secret> read_value(Assignment& assignment) {
  // With room for the newline that goes; the exact limit is the server's.
  constexpr std::size_t bytes_max = base::limits::kEnvironmentStringBytesMax + 2;
  switch (assignment.source) {
    case Assignment::Source::kText: return std::move(assignment.text);
    case Assignment::Source::kStandardInput:
      return read_local_value("-", "value of " + assignment.name, bytes_max);
    case Assignment::Source::kFile:
      return read_local_value(std::string(assignment.text.expose()), "value of " + assignment.name,
                              bytes_max);
  }
  return base::Secret();
}

}  // namespace

base::Result<std::vector<Assignment>> parse_assignments(const std::vector<std::string>& words) {
  std::vector<Assignment> all;
  std::set<std::string, std::less<>> names;
  bool input_is_taken = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos) return no_equals_sign(i);
    auto assignment = parse_assignment(words[i], equals);
    if (!assignment) return base::pass(assignment);
    if (!names.insert(assignment->name).second) {
      return usage_error(assignment->name + " is given twice", "name each key once");
    }
    if (assignment->source == Assignment::Source::kStandardInput) {
      if (input_is_taken) {
        return usage_error("two keys cannot both read standard input",
                           "use KEY=@FILE for all but one of them");
      }
      input_is_taken = true;
    }
    all.push_back(std::move(*assignment));
  }
  return all;
}

base::Result<std::vector<NamedValue>> read_assignments(std::vector<Assignment> assignments) {
  std::vector<NamedValue> all;
  for (Assignment& assignment : assignments) {
    auto value = read_value(assignment);
    if (!value) return base::pass(value);
    if (!base::is_utf8(value->expose())) {
      return base::fail(Code::kInvalid, "the value of " + assignment.name + " is not UTF-8 text",
                        "bytes go into a file: sutler file put GROUP /path LOCAL");
    }
    all.push_back({std::move(assignment.name), std::move(*value)});
  }
  return all;
}

void hide_values(int count, char** arguments) {
  bool hides = false;
  for (int i = 1; i < count; ++i) {
    if (!hides) {
      hides = std::strcmp(arguments[i], "set") == 0;
      continue;
    }
    char* equals = std::strchr(arguments[i], '=');
    if (equals == nullptr || arguments[i][0] == '-') continue;
    std::fill(equals + 1, equals + std::strlen(equals), '*');
  }
}

}  // namespace sutler::cli
