#pragma once
// Swift has no word for the size of a vector register.

/// Bytes of the vectors that a tile of sums is made of, such that some ten of them stay in registers
/// beside what they are made from. ARM's registers hold 16 bytes, but it has 32 of them.
static inline __attribute__((always_inline)) long tile_vector_bytes(void) {
#if defined(__AVX512F__)
  return 64;
#elif defined(__AVX__) || defined(__aarch64__)
  return 32;
#else
  return 16;
#endif
}
