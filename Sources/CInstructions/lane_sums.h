#pragma once
// Swift has no word for a shuffle of two vectors: written lane by lane it is taken for scalar code, and
// compiled to some 380 instructions where these 70 do the same.
//
// The sum of sixteen lanes is made by halves: lane i and lane i + 8, of these i and i + 4, then
// i + 2, then the last two. Here sixteen vectors take each step together, all lanes full, in that same
// order: a sum has the bits it would have had alone.

#define BDA_LANE_SUMS(NAME, SCALAR) \
  typedef SCALAR NAME##_lanes __attribute__((ext_vector_type(16))); \
  /* What Swift puts sixteen scalars on: a boundary of 16 bytes at the most. */ \
  typedef SCALAR NAME##_stored __attribute__((ext_vector_type(16), aligned(sizeof(SCALAR)))); \
  \
  /* Eight lanes each of a and of b, with the same sums. */ \
  static inline __attribute__((always_inline)) NAME##_lanes NAME##_halves( \
      NAME##_lanes a, NAME##_lanes b) { \
    return __builtin_shufflevector( \
               a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) + \
           __builtin_shufflevector( \
               a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31); \
  } \
  \
  /* Four lanes each of four vectors, with the same sums: quarter q belongs to vector q. */ \
  static inline __attribute__((always_inline)) NAME##_lanes NAME##_quarters( \
      const SCALAR *vectors) { \
    const NAME##_stored *v = (const NAME##_stored *)vectors; \
    NAME##_lanes ab = NAME##_halves(v[0], v[1]), cd = NAME##_halves(v[2], v[3]); \
    return __builtin_shufflevector( \
               ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) + \
           __builtin_shufflevector( \
               ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31); \
  } \
  \
  /* In each quarter two lanes of a and two of b, with the same sums. */ \
  static inline __attribute__((always_inline)) NAME##_lanes NAME##_pairs( \
      NAME##_lanes a, NAME##_lanes b) { \
    return __builtin_shufflevector( \
               a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) + \
           __builtin_shufflevector( \
               a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31); \
  } \
  \
  /* In each quarter the sums of the two pairs in a and of the two in b. */ \
  static inline __attribute__((always_inline)) NAME##_lanes NAME##_sums( \
      NAME##_lanes a, NAME##_lanes b) { \
    return __builtin_shufflevector( \
               a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30) + \
           __builtin_shufflevector( \
               a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31); \
  } \
  \
  /* target[row * stride + column] = the sum of the lanes of vector 4 * column + row, of four rows and \
     five columns; vectors are 16 scalars each. */ \
  static inline __attribute__((always_inline)) void NAME##_store_lane_sums( \
      const SCALAR *vectors, SCALAR *target, long stride) { \
    NAME##_lanes four = NAME##_sums( \
        NAME##_pairs(NAME##_quarters(vectors), NAME##_quarters(vectors + 64)), \
        NAME##_pairs(NAME##_quarters(vectors + 128), NAME##_quarters(vectors + 192))); \
    NAME##_lanes last = NAME##_quarters(vectors + 256); \
    NAME##_lanes fifth = NAME##_pairs(last, last); \
    fifth = NAME##_sums(fifth, fifth); \
    SCALAR sums[16]; \
    __builtin_memcpy(sums, &four, sizeof sums); \
    for (int row = 0; row < 4; row += 1) { \
      __builtin_memcpy(target + row * stride, sums + 4 * row, 4 * sizeof(SCALAR)); \
      target[row * stride + 4] = fifth[4 * row]; \
    } \
  }

BDA_LANE_SUMS(float, float)
BDA_LANE_SUMS(double, double)

#undef BDA_LANE_SUMS
