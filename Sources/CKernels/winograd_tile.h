// Which pixels a tile of Winograd's F(4x4, 3x3) sees, whatever its products are taken in.
#pragma once

#include <stddef.h>

#include "include/CKernels.h"
#include "include/multiversion.h"

enum { OUT = 4, IN = 6, POINTS = IN * IN };

// `moves` says which of the pixels move with the channels: those outside the image are the same block of zeros.
INLINE void tile_pixels(const dp_windows *w, const float *x, ptrdiff_t tile, const float *zeros,
                        const float *pixel[POINTS], ptrdiff_t moves[POINTS]) {
  const ptrdiff_t down = (w->outputHeight + OUT - 1) / OUT, across = (w->outputWidth + OUT - 1) / OUT,
                  image = tile / (down * across), place = tile % (down * across),
                  top = place / across * OUT - w->paddingY, left = place % across * OUT - w->paddingX;
  for (ptrdiff_t i = 0; i < IN; i++)
    for (ptrdiff_t j = 0; j < IN; j++) {
      const ptrdiff_t row = top + i, column = left + j;
      const int inside = row >= 0 && row < w->height && column >= 0 && column < w->width;
      pixel[i * IN + j] = inside ? x + ((image * w->height + row) * w->width + column) * w->pixelStride : zeros;
      moves[i * IN + j] = inside ? -1 : 0;
    }
}
