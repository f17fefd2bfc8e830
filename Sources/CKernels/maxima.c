#include "CKernels.h"

MULTIVERSION void dp_indices_of_maxima(const float *restrict x, ptrdiff_t rows, ptrdiff_t width,
                                       int32_t *restrict index) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float *row = x + r * width;
    int32_t best = 0;
    for (ptrdiff_t c = 1; c < width; c++)
      if (row[c] > row[best]) best = (int32_t)c;
    index[r] = best;
  }
}
