#include "base/environment.h"

#include <cstdlib>
#include <cstring>

#include "base/wipe.h"

namespace sutler::base {

void wipe_environment(const std::string& name) noexcept {
  char* value = std::getenv(name.c_str());
  if (value == nullptr) return;
  wipe(value, std::strlen(value));
  ::unsetenv(name.c_str());
}

}  // namespace sutler::base
