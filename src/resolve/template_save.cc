// What is done to templates when a group is saved: secrets are generated, cycles refused.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "resolve/cycle_search.h"
#include "resolve/template.h"

namespace sutler::resolve {
namespace {

using base::Code;
using base::Result;

// Each character is drawn evenly: six random bits, and 62 and 63 are thrown away.
base::Secret random_alphanumeric(std::size_t length) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  text.reserve(length);
  while (text.size() < length) {
    std::string bytes = crypto::random_bytes(length - text.size() + 8);
    for (const char c : bytes) {
      const std::size_t index = static_cast<unsigned char>(c) & 0x3f;
      if (index < kLetters.size() && text.size() < length) text += kLetters[index];
    }
    base::wipe(bytes);
  }
  return base::Secret(std::move(text));
}

base::Secret generate(const RandomPart& part) {
  if (part.alphabet == RandomPart::Alphabet::kAlphanumeric) return random_alphanumeric(part.length);
  std::string hex = crypto::random_hex((part.length + 1) / 2);
  hex.resize(part.length);
  return base::Secret(std::move(hex));
}

// Whether what was generated before is what the part asks for now: another length is another
// secret.
bool fits(const base::Secret& generated, const RandomPart& part) {
  if (generated.size() != part.length) return false;
  const std::string_view hex_digits = "0123456789abcdef";
  return part.alphabet != RandomPart::Alphabet::kHex ||
         generated.expose().find_first_not_of(hex_digits) == std::string_view::npos;
}

Result<void> prepare(model::Value& value) {
  auto* const text = std::get_if<model::Template>(&value);
  if (text == nullptr) return {};
  Result<std::vector<Part>> parts = parse_template(text->text.expose());
  if (!parts) return pass(parts);
  std::size_t count = 0;
  for (const Part& part : *parts) {
    const auto* const random = std::get_if<RandomPart>(&part);
    if (random == nullptr) continue;
    if (count == text->generated.size()) text->generated.emplace_back();
    if (!fits(text->generated[count], *random)) text->generated[count] = generate(*random);
    ++count;
  }
  text->generated.resize(count);
  return {};
}

std::string where(const model::Group& group, std::string_view kind, const std::string& key) {
  return "group " + group.header.name + ", " + std::string(kind) + " " + key;
}

// What the templates of one group name of its own variables.
Result<ReferenceGraph> graph_of(const model::Group& group) {
  ReferenceGraph graph;
  for (const auto& [name, variable] : group.variables) {
    const auto* const text = std::get_if<model::Template>(&variable.value);
    if (text == nullptr) continue;
    Result<std::vector<Part>> parts = parse_template(text->text.expose());
    if (!parts) return pass(parts, where(group, "variable", name));
    for (const Part& part : *parts) {
      const auto* const other = std::get_if<VariablePart>(&part);
      if (other == nullptr) continue;
      const auto found = group.variables.find(other->name);
      if (found != group.variables.end()) graph[name].push_back(found->first);
    }
  }
  return graph;
}

}  // namespace

Result<void> prepare_templates(model::Group& group) {
  for (auto& [name, variable] : group.variables) {
    Result<void> done = prepare(variable.value);
    if (!done) return pass(done, where(group, "variable", name));
  }
  for (auto& [path, file] : group.files) {
    Result<void> done = prepare(file.data);
    if (!done) return pass(done, where(group, "file", path));
  }
  return {};
}

Result<void> check_cycles(const model::Group& group) {
  Result<ReferenceGraph> graph = graph_of(group);
  if (!graph) return pass(graph);
  const std::vector<std::string_view> cycle = find_cycle(*graph);
  if (cycle.empty()) return {};
  std::string way;
  for (const std::string_view name : cycle) way.append(name).append(" -> ");
  return base::fail(Code::kInvalid,
                    "group " + group.header.name +
                        ": templates go round in a cycle: " + way.append(cycle.front()),
                    "give one of them a value of its own", "template_cycle");
}

}  // namespace sutler::resolve
