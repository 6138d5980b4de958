// `.env` files: names are names, each is there once, and whatever can be written is read back.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "model/dotenv.h"

using namespace sutler;

namespace {

void check_same(const std::vector<model::DotenvEntry>& a,
                const std::vector<model::DotenvEntry>& b) {
  if (a.size() != b.size()) std::abort();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name || !a[i].value.equals(b[i].value)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto entries = model::read_dotenv(text);
  std::set<std::string> names;
  for (const model::DotenvEntry& entry : entries) {
    if (entry.name.empty() || !names.insert(entry.name).second) std::abort();
  }
  std::vector<model::DotenvEntry> writable;
  for (model::DotenvEntry& entry : entries) {
    std::vector<model::DotenvEntry> alone;
    alone.push_back(std::move(entry));
    const auto written = model::write_dotenv(alone);
    if (!written) continue;
    check_same(model::read_dotenv(written->expose()), alone);
    writable.push_back(std::move(alone.front()));
  }
  const auto written = model::write_dotenv(writable);
  if (!written) std::abort();
  check_same(model::read_dotenv(written->expose()), writable);
  return 0;
}
