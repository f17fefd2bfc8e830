#include "CKernels.h"
#include "lanes.h"

#include <string.h>

#pragma clang fp contract(fast)

// The four pixels around a position: upper left, upper right, lower left, lower right.
typedef struct {
  ptrdiff_t offset[4];  // of the pixel; -1 outside of the image
  float weight[4];
  float right, down;  // how far from the upper left pixel
} corners;

INLINE corners corners_at(const dp_grid_sample *s, const float *position) {
  corners found = {{-1, -1, -1, -1}, {0}, 0, 0};
  const float x = position[0] * s->scaleX + s->offsetX, y = position[1] * s->scaleY + s->offsetY;
  // Elsewhere, and at NaN, no pixel is reached.
  if (!(x >= -1.f && x < (float)s->width && y >= -1.f && y < (float)s->height)) return found;
  const ptrdiff_t left = x < 0.f ? -1 : (ptrdiff_t)x, top = y < 0.f ? -1 : (ptrdiff_t)y;
  found.right = x - (float)left;
  found.down = y - (float)top;
  for (int k = 0; k < 4; k++) {
    const ptrdiff_t column = left + k % 2, row = top + k / 2;
    if (column >= 0 && column < s->width && row >= 0 && row < s->height)
      found.offset[k] = (row * s->width + column) * s->channels;
    found.weight[k] = (k % 2 ? found.right : 1.f - found.right) * (k / 2 ? found.down : 1.f - found.down);
  }
  return found;
}

MULTIVERSION void dp_grid_sample_forward(const dp_grid_sample *s, const float *image, const float *grid,
                                         ptrdiff_t count, float *y) {
  const ptrdiff_t channels = s->channels;
  for (ptrdiff_t p = 0; p < count; p++, y += channels) {
    const corners at = corners_at(s, grid + 2 * p);
    memset(y, 0, (size_t)channels * sizeof *y);
    for (int k = 0; k < 4; k++) {
      if (at.offset[k] < 0) continue;
      const float weight = at.weight[k], *in = image + at.offset[k];
      for (ptrdiff_t c = 0; c < channels; c++) y[c] += weight * in[c];
    }
  }
}

MULTIVERSION void dp_grid_sample_backward(const dp_grid_sample *s, const float *gy, const float *grid,
                                          ptrdiff_t count, ptrdiff_t firstChannel, ptrdiff_t lastChannel,
                                          float *gx) {
  for (ptrdiff_t p = 0; p < count; p++, gy += s->channels) {
    const corners at = corners_at(s, grid + 2 * p);
    for (int k = 0; k < 4; k++) {
      if (at.offset[k] < 0) continue;
      const float weight = at.weight[k];
      float *out = gx + at.offset[k];
      for (ptrdiff_t c = firstChannel; c < lastChannel; c++) out[c] += weight * gy[c];
    }
  }
}

MULTIVERSION void dp_grid_sample_positions_backward(const dp_grid_sample *s, const float *image,
                                                    const float *gy, const float *grid, ptrdiff_t count,
                                                    float *ggrid) {
  for (ptrdiff_t p = 0; p < count; p++, gy += s->channels) {
    const corners at = corners_at(s, grid + 2 * p);
    float dot[4] = {0};
    for (int k = 0; k < 4; k++) {
      if (at.offset[k] < 0) continue;
      const float *in = image + at.offset[k];
      DP_LANE_SUM(dot[k], s->channels, in[i] * gy[i]);
    }
    ggrid[2 * p] =
        s->scaleX * ((dot[1] - dot[0]) * (1.f - at.down) + (dot[3] - dot[2]) * at.down);
    ggrid[2 * p + 1] =
        s->scaleY * ((dot[2] - dot[0]) * (1.f - at.right) + (dot[3] - dot[1]) * at.right);
  }
}
