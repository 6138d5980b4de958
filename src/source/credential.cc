#include "source/credential.h"

#include <cstdlib>
#include <utility>

#include "base/file.h"

namespace sutler::source {
namespace {

using base::Code;
constexpr std::size_t kCredentialBytesMax = 64 * 1024;

base::Result<base::Secret> raw(const Credential& credential, const CommandRunner& run,
                               Deadline deadline) {
  switch (credential.from) {
    case Credential::From::kNone: break;
    case Credential::From::kFile: return base::read_file(credential.file, kCredentialBytesMax);
    case Credential::From::kEnvironment: {
      const char* value = std::getenv(credential.variable.c_str());
      if (value == nullptr) return base::fail(Code::kNotFound, credential.place() + " is not set");
      return base::Secret(std::string_view(value));
    }
    case Credential::From::kCommand:
      if (!run) {
        return base::fail(Code::kInvalid, credential.place() + " cannot be run here",
                          "read the credential from a file");
      }
      return run(credential.command, deadline);
    case Credential::From::kInline: return credential.value.clone();
  }
  return base::fail(Code::kInvalid, "no credential is configured");
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::string Credential::place() const {
  switch (from) {
    case From::kNone: break;
    case From::kFile: return "file " + file.string();
    case From::kEnvironment: return "environment variable " + variable;
    case From::kCommand: return "command " + (command.empty() ? std::string() : command.front());
    case From::kInline: return "the config file";
  }
  return "nowhere";
}

base::Result<base::Secret> Credential::read(const CommandRunner& run, Deadline deadline) const {
  auto content = raw(*this, run, deadline);
  if (!content) return base::pass(content);
  std::string_view text = content->expose();
  if (text.size() > kCredentialBytesMax) {
    return base::fail(Code::kTooLarge, "the credential from " + place() + " is over 64 KiB");
  }
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.empty())
    return base::fail(Code::kInvalid, "the credential from " + place() + " is empty");
  return base::Secret(text);
}

Credential credential_from_file(std::filesystem::path file) {
  return {.from = Credential::From::kFile, .file = std::move(file)};
}
Credential credential_from_environment(std::string variable) {
  return {.from = Credential::From::kEnvironment, .variable = std::move(variable)};
}
Credential credential_from_command(std::vector<std::string> argv) {
  return {.from = Credential::From::kCommand, .command = std::move(argv)};
}
Credential credential_inline(base::Secret value) {
  return {.from = Credential::From::kInline, .value = std::move(value)};
}

}  // namespace sutler::source
