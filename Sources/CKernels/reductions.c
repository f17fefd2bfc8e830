#include "CKernels.h"
#include "lanes.h"

enum { BLOCK = 512 };  // elements that are summed in single precision

INLINE double sum(const float *x, ptrdiff_t count) {
  double total = 0;
  for (ptrdiff_t first = 0; first < count; first += BLOCK) {
    const ptrdiff_t n = count - first < BLOCK ? count - first : BLOCK;
    float part;
    DP_LANE_SUM(part, n, x[first + i]);
    total += part;
  }
  return total;
}

MULTIVERSION double dp_sum(const float *restrict x, ptrdiff_t count) { return sum(x, count); }

MULTIVERSION void dp_sum_rows(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++) y[r] = (float)sum(x + r * width, width);
}
