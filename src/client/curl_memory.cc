#include "client/curl_memory.h"

#include <curl/curl.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "base/wipe.h"

namespace sutler::client {
namespace {

void wipe_and_free(void* block) {
  if (block == nullptr) return;
  base::wipe(block, malloc_usable_size(block));
  std::free(block);
}

// realloc(3) may leave the old bytes behind, so the block moves by hand when it must grow.
void* grow(void* block, std::size_t bytes) {
  if (block == nullptr) return std::malloc(bytes);
  const std::size_t have = malloc_usable_size(block);
  if (bytes != 0 && bytes <= have) return block;
  void* larger = std::malloc(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, std::min(have, bytes));
  wipe_and_free(block);
  return larger;
}

char* duplicate(const char* text) { return ::strdup(text); }

}  // namespace

void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] {
    const auto done = curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, wipe_and_free, grow,
                                           duplicate, std::calloc);
    if (done != CURLE_OK) std::abort();
  });
}

}  // namespace sutler::client
