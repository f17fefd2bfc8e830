#include <string.h>

#include "CKernels.h"
#include "lanes.h"

// DEPTH: a panel of so many rows stays in the second cache, a tile of x in the first. HEIGHT rows of x do so too.
enum { PANEL = DP_PANEL, DEPTH = 384, HEIGHT = 192 };

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef float Unaligned __attribute__((vector_size(4 * LANES), aligned(4)));

ptrdiff_t dp_packed_width(ptrdiff_t n) { return (n + LANES - 1) / LANES * LANES; }

ptrdiff_t dp_packed_panels(ptrdiff_t n) { return (n + PANEL - 1) / PANEL; }

ptrdiff_t dp_row_product_scratch(void) { return HEIGHT * DEPTH + LANES; }

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

// [rows, k] to [k, rows]. Rows that come first write into those behind them, which come after; the last one into
// LANES numbers behind its own.
INLINE void pack_rows(float *restrict packed, const float *restrict x, ptrdiff_t ldx, int rows, ptrdiff_t k) {
  ptrdiff_t i = 0;
  for (; i + LANES <= k; i += LANES) {
    Vector block[LANES] = {{0}};
    for (int r = 0; r < rows; r++) block[r] = *(const Unaligned *)(x + r * ldx + i);
    turn(block);
    for (int j = 0; j < LANES; j++) *(Unaligned *)(packed + (i + j) * rows) = block[j];
  }
  for (; i < k; i++)
    for (int r = 0; r < rows; r++) packed[i * rows + r] = x[r * ldx + i];
}

// [width, k] to [k, width] in rows of `stride` numbers.
INLINE void pack_columns(float *restrict packed, ptrdiff_t stride, const float *restrict w, ptrdiff_t ldw,
                         ptrdiff_t width, ptrdiff_t k) {
  ptrdiff_t i = 0;
  if (width == LANES)
    for (; i + LANES <= k; i += LANES) {
      Vector block[LANES];
      for (int c = 0; c < LANES; c++) block[c] = *(const Unaligned *)(w + c * ldw + i);
      turn(block);
      for (int j = 0; j < LANES; j++) *(Vector *)(packed + (i + j) * stride) = block[j];
    }
  for (; i < k; i++)
    for (ptrdiff_t c = 0; c < width; c++) packed[i * stride + c] = w[c * ldw + i];
}

INLINE void copy_row(float *restrict packed, const float *restrict w, ptrdiff_t width) {
  if (width == PANEL)
    for (int v = 0; v < 2; v++) ((Vector *)packed)[v] = ((const Unaligned *)w)[v];
  else
    for (ptrdiff_t c = 0; c < width; c++) packed[c] = w[c];
}

#define JOINED(name, level) name##_##level

#if defined(__x86_64__) && defined(__linux__) && !defined(SINGLE_VERSION)
// Tiles of a dozen rows take 24 of 32 registers, those of six 12 of 16; the width says that they are of 512 bits.
#define NAME(name) JOINED(name, v4)
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define ROWS 12
#define VECTORS 2
#define PACKS 1
#include "row_product_clone.h"
#undef NAME
#undef TARGET
#undef ROWS
#undef VECTORS
#undef PACKS
#define NAME(name) JOINED(name, v3)
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define ROWS 6
#define VECTORS 1
#define PACKS 0
#include "row_product_clone.h"
#undef NAME
#undef TARGET
#undef ROWS
#undef VECTORS
#undef PACKS
#define DP_DISPATCH(name, ...)                   \
  do {                                           \
    if (__builtin_cpu_supports("x86-64-v4"))     \
      name##_v4(__VA_ARGS__);                    \
    else if (__builtin_cpu_supports("x86-64-v3")) \
      name##_v3(__VA_ARGS__);                    \
    else                                         \
      name##_plain(__VA_ARGS__);                 \
  } while (0)
#else
#define DP_DISPATCH(name, ...) name##_plain(__VA_ARGS__)
#endif

#define NAME(name) JOINED(name, plain)
#define TARGET
#if defined(__aarch64__)
#define ROWS 6
#define VECTORS 1
#else
#define ROWS 1
#define VECTORS 2
#endif
#define PACKS 0
#include "row_product_clone.h"

void dp_pack_factor(float *restrict packed, ptrdiff_t firstPanel, ptrdiff_t lastPanel, const float *restrict w,
                    ptrdiff_t ldw, int isTransposed, ptrdiff_t n, ptrdiff_t k) {
  DP_DISPATCH(pack, packed, firstPanel, lastPanel, w, ldw, isTransposed, n, k);
}

void dp_row_product(float *restrict c, ptrdiff_t ldc, const float *restrict x, ptrdiff_t ldx, ptrdiff_t rows,
                    const float *restrict packed, ptrdiff_t firstPanel, ptrdiff_t lastPanel, ptrdiff_t n, ptrdiff_t k,
                    const float *restrict bias, float *restrict scratch) {
  DP_DISPATCH(product, c, ldc, x, ldx, rows, packed, firstPanel, lastPanel, n, k, bias, scratch);
}
