#include <string.h>

#include "CKernels.h"
#include "dispatch.h"
#include "lanes.h"
#include "vectors.h"

// DEPTH: a panel of so many rows stays in the second cache, a tile of x in the first. HEIGHT rows of x do so too.
// Rows that are copied are an odd number of lines apart.
enum { PANEL = DP_PANEL, DEPTH = 384, HEIGHT = 192, ROW_STRIDE = DEPTH + LANES };

ptrdiff_t dp_packed_width(ptrdiff_t n) { return (n + LANES - 1) / LANES * LANES; }

ptrdiff_t dp_packed_panels(ptrdiff_t n) { return (n + PANEL - 1) / PANEL; }

ptrdiff_t dp_row_product_scratch(void) { return HEIGHT * ROW_STRIDE; }

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
  if (width % LANES == 0)
    for (ptrdiff_t v = 0; v < width / LANES; v++) ((Vector *)packed)[v] = ((const Unaligned *)w)[v];
  else
    for (ptrdiff_t c = 0; c < width; c++) packed[c] = w[c];
}

#if HAS_LEVELS
// Tiles of a dozen rows take 24 of 32 registers, those of six 12 of 16; the width says that they are of 512 bits.
#define NAME(name) JOINED(name, v4)
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define ROWS 12
#define VECTORS 2
#include "row_product_clone.h"
#define NAME(name) JOINED(name, v3)
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define ROWS 6
#define VECTORS 1
#include "row_product_clone.h"
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
