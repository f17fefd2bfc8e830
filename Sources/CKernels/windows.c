#include "CKernels.h"

#include <string.h>

// Where a window begins: the tap (ky, kx) sees the input pixel (y + ky dilationY, x + kx dilationX).
typedef struct {
  ptrdiff_t y, x;
} corner;

INLINE corner window_corner(const dp_windows *w, ptrdiff_t row, ptrdiff_t column) {
  return (corner){row * w->strideY - w->paddingY, column * w->strideX - w->paddingX};
}

INLINE ptrdiff_t clamped(ptrdiff_t value, ptrdiff_t low, ptrdiff_t high) {
  return value < low ? low : value > high ? high : value;
}

// Row ky of a window: kw pixels side by side.
INLINE void gather_row(const dp_windows *w, const float *row, ptrdiff_t x, float *out) {
  const ptrdiff_t channels = w->channels, taps = w->kernelWidth;
  if (w->dilationX == 1 && w->pixelStride == channels) {
    const ptrdiff_t from = clamped(-x, 0, taps), to = clamped(w->width - x, from, taps);
    memset(out, 0, (size_t)(from * channels) * sizeof *out);
    memcpy(out + from * channels, row + (x + from) * channels, (size_t)((to - from) * channels) * sizeof *out);
    memset(out + to * channels, 0, (size_t)((taps - to) * channels) * sizeof *out);
    return;
  }
  for (ptrdiff_t k = 0; k < taps; k++) {
    const ptrdiff_t column = x + k * w->dilationX;
    if (column >= 0 && column < w->width)
      memcpy(out + k * channels, row + column * w->pixelStride, (size_t)channels * sizeof *out);
    else
      memset(out + k * channels, 0, (size_t)channels * sizeof *out);
  }
}

void dp_gather_windows(const dp_windows *w, const float *x, ptrdiff_t first, ptrdiff_t count, float *columns) {
  if (count <= 0) return;
  const ptrdiff_t perImage = w->outputHeight * w->outputWidth, span = w->kernelWidth * w->channels;
  ptrdiff_t image = first / perImage, row = first % perImage / w->outputWidth,
            column = first % w->outputWidth;
  for (ptrdiff_t p = 0; p < count; p++) {
    const float *pixels = x + image * w->height * w->width * w->pixelStride;
    const corner at = window_corner(w, row, column);
    for (ptrdiff_t k = 0; k < w->kernelHeight; k++, columns += span) {
      const ptrdiff_t y = at.y + k * w->dilationY;
      if (y >= 0 && y < w->height)
        gather_row(w, pixels + y * w->width * w->pixelStride, at.x, columns);
      else
        memset(columns, 0, (size_t)span * sizeof *columns);
    }
    if (++column == w->outputWidth) {
      column = 0;
      if (++row == w->outputHeight) {
        row = 0;
        image++;
      }
    }
  }
}

MULTIVERSION void dp_scatter_windows(const dp_windows *w, const float *columns, ptrdiff_t firstRow,
                                     ptrdiff_t lastRow, ptrdiff_t top, ptrdiff_t bottom, float *image) {
  const ptrdiff_t channels = w->channels;
  for (ptrdiff_t row = firstRow; row < lastRow; row++)
    for (ptrdiff_t column = 0; column < w->outputWidth; column++) {
      const corner at = window_corner(w, row, column);
      for (ptrdiff_t ky = 0; ky < w->kernelHeight; ky++)
        for (ptrdiff_t kx = 0; kx < w->kernelWidth; kx++, columns += channels) {
          const ptrdiff_t y = at.y + ky * w->dilationY, x = at.x + kx * w->dilationX;
          if (y < top || y >= bottom || x < 0 || x >= w->width) continue;
          float *out = image + (y * w->width + x) * w->pixelStride;
          for (ptrdiff_t c = 0; c < channels; c++) out[c] += columns[c];
        }
    }
}

void dp_turn_weights(const float *weight, ptrdiff_t groups, ptrdiff_t outputs, ptrdiff_t taps, ptrdiff_t inputs,
                     float *turned) {
  for (ptrdiff_t g = 0; g < groups; g++, weight += outputs * taps * inputs, turned += outputs * taps * inputs)
    for (ptrdiff_t i = 0; i < inputs; i++)
      for (ptrdiff_t t = 0; t < taps; t++)
        for (ptrdiff_t o = 0; o < outputs; o++)
          turned[(i * taps + t) * outputs + o] = weight[(o * taps + taps - 1 - t) * inputs + i];
}
