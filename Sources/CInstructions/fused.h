#pragma once
#include <stdbool.h>
// Swift has no word for what the compiler was told of the processors it compiles for.

/// Whether a product and its sum are one instruction. Where they are not, Swift's own fused
/// multiply-add is a call of the C library for each lane, some hundred times as slow as two
/// instructions.
static inline __attribute__((always_inline)) bool has_fused_multiply_add(void) {
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMAF)
  return true;
#else
  return false;
#endif
}
