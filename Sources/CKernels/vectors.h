// Vectors of LANES numbers, which every clone has in the registers that it has.
#pragma once

#include "lanes.h"

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef float Unaligned __attribute__((vector_size(4 * LANES), aligned(4)));

// Turns 16 x 16 numbers round, in place.
INLINE void turn(Vector *x) {
  Vector t[LANES];
#define EACH_TWO(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#pragma clang loop unroll(full)
  for (int i = 0; i < LANES; i += 2) {
    t[i] = EACH_TWO(x[i], x[i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    t[i + 1] = EACH_TWO(x[i], x[i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < LANES; i++)
    if (!(i & 2)) {
      x[i] = EACH_TWO(t[i], t[i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
      x[i + 2] = EACH_TWO(t[i], t[i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
#pragma clang loop unroll(full)
  for (int i = 0; i < LANES; i++)
    if (!(i & 4)) {
      t[i] = EACH_TWO(x[i], x[i + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
      t[i + 4] = EACH_TWO(x[i], x[i + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    }
#pragma clang loop unroll(full)
  for (int i = 0; i < LANES / 2; i++) {
    x[i] = EACH_TWO(t[i], t[i + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    x[i + 8] = EACH_TWO(t[i], t[i + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
#undef EACH_TWO
}
