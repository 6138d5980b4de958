#include "base/wipe.h"

#include <cstring>

namespace sutler::base {

void wipe(void* data, std::size_t bytes) noexcept {
  if (bytes != 0) explicit_bzero(data, bytes);
}

void wipe(std::string& text) noexcept {
  // Growing to the capacity never reallocates, and makes every byte of the buffer ours to write.
  text.resize(text.capacity());
  wipe(text.data(), text.size());
  text.clear();
}

#if defined(__x86_64__) && defined(__GNUC__)

namespace {

enum class VectorUnit { kSse, kAvx, kAvx512 };

VectorUnit vector_unit() noexcept {
  static const VectorUnit unit = __builtin_cpu_supports("avx512f") ? VectorUnit::kAvx512
                                 : __builtin_cpu_supports("avx")   ? VectorUnit::kAvx
                                                                   : VectorUnit::kSse;
  return unit;
}

__attribute__((target("avx512f"))) void wipe_upper_sixteen() noexcept {
  asm volatile(
      "vpxorq %%zmm16, %%zmm16, %%zmm16\n\t"
      "vpxorq %%zmm17, %%zmm17, %%zmm17\n\t"
      "vpxorq %%zmm18, %%zmm18, %%zmm18\n\t"
      "vpxorq %%zmm19, %%zmm19, %%zmm19\n\t"
      "vpxorq %%zmm20, %%zmm20, %%zmm20\n\t"
      "vpxorq %%zmm21, %%zmm21, %%zmm21\n\t"
      "vpxorq %%zmm22, %%zmm22, %%zmm22\n\t"
      "vpxorq %%zmm23, %%zmm23, %%zmm23\n\t"
      "vpxorq %%zmm24, %%zmm24, %%zmm24\n\t"
      "vpxorq %%zmm25, %%zmm25, %%zmm25\n\t"
      "vpxorq %%zmm26, %%zmm26, %%zmm26\n\t"
      "vpxorq %%zmm27, %%zmm27, %%zmm27\n\t"
      "vpxorq %%zmm28, %%zmm28, %%zmm28\n\t"
      "vpxorq %%zmm29, %%zmm29, %%zmm29\n\t"
      "vpxorq %%zmm30, %%zmm30, %%zmm30\n\t"
      "vpxorq %%zmm31, %%zmm31, %%zmm31"
      :
      :
      : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

void wipe_lower_sixteen_sse() noexcept {
  asm volatile(
      "pxor %%xmm0, %%xmm0\n\tpxor %%xmm1, %%xmm1\n\tpxor %%xmm2, %%xmm2\n\t"
      "pxor %%xmm3, %%xmm3\n\tpxor %%xmm4, %%xmm4\n\tpxor %%xmm5, %%xmm5\n\t"
      "pxor %%xmm6, %%xmm6\n\tpxor %%xmm7, %%xmm7\n\tpxor %%xmm8, %%xmm8\n\t"
      "pxor %%xmm9, %%xmm9\n\tpxor %%xmm10, %%xmm10\n\tpxor %%xmm11, %%xmm11\n\t"
      "pxor %%xmm12, %%xmm12\n\tpxor %%xmm13, %%xmm13\n\tpxor %%xmm14, %%xmm14\n\t"
      "pxor %%xmm15, %%xmm15"
      :
      :
      : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

__attribute__((target("avx"))) void wipe_lower_sixteen_avx() noexcept {
  asm volatile("vzeroall"
               :
               :
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                 "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

}  // namespace

void wipe_registers() noexcept {
  const VectorUnit unit = vector_unit();
  if (unit == VectorUnit::kSse) return wipe_lower_sixteen_sse();
  wipe_lower_sixteen_avx();
  if (unit == VectorUnit::kAvx512) wipe_upper_sixteen();
}

#else

// Other processors: not done, and said so in docs/threat-model.md.
void wipe_registers() noexcept {}

#endif

[[gnu::noinline]] void wipe_stack() {
  unsigned char below[128 * 1024];
  wipe(below, sizeof below);
}

}  // namespace sutler::base
