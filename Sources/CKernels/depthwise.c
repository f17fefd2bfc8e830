#include <stdint.h>

#include "CKernels.h"

#pragma clang fp contract(fast)

// Eight channels and four columns at a time: sums, taps and inputs fit the sixteen registers of AVX2.
enum { LANES = 8, COLUMNS = 4 };
typedef float lanes __attribute__((ext_vector_type(8)));
typedef float loose_lanes __attribute__((ext_vector_type(8), aligned(4)));

// Macros: a vector as a function's argument would depend on the processor.
#define LOAD(from) (*(const loose_lanes *)(from))
#define STORE(to, value) (*(loose_lanes *)(to) = (value))

INLINE const float *input_pixel(const dp_windows *w, const float *image, ptrdiff_t row, ptrdiff_t column,
                                ptrdiff_t tap) {
  const ptrdiff_t y = row * w->strideY - w->paddingY + tap / w->kernelWidth * w->dilationY;
  const ptrdiff_t x = column * w->strideX - w->paddingX + tap % w->kernelWidth * w->dilationX;
  if (y < 0 || y >= w->height || x < 0 || x >= w->width) return 0;
  return image + (y * w->width + x) * w->pixelStride;
}

// Any pixel of any convolution.
INLINE void any_pixel(const dp_windows *w, const float *image, const float *weight, const float *bias, float *y,
                      ptrdiff_t row, ptrdiff_t column, ptrdiff_t from) {
  const ptrdiff_t channels = w->channels;
  // Two loops: a masked load at a null `bias` is legal on the processor, but ends under qemu 7.2.
  if (bias)
    for (ptrdiff_t c = from; c < channels; c++) y[c] = bias[c];
  else
    for (ptrdiff_t c = from; c < channels; c++) y[c] = 0;
  for (ptrdiff_t tap = 0; tap < w->kernelHeight * w->kernelWidth; tap++) {
    const float *x = input_pixel(w, image, row, column, tap);
    if (!x) continue;
    for (ptrdiff_t c = from; c < channels; c++) y[c] += weight[tap * channels + c] * x[c];
  }
}

INLINE void any_pixel_weights(const dp_windows *w, const float *image, const float *gy, float *gradient,
                              ptrdiff_t row, ptrdiff_t column, ptrdiff_t from) {
  const ptrdiff_t channels = w->channels;
  for (ptrdiff_t tap = 0; tap < w->kernelHeight * w->kernelWidth; tap++) {
    const float *x = input_pixel(w, image, row, column, tap);
    if (!x) continue;
    for (ptrdiff_t c = from; c < channels; c++) gradient[tap * channels + c] += gy[c] * x[c];
  }
}

// Of an output row of a 3x3 convolution with stride 1: the columns whose windows do not leave the image to the
// left or right, and the rows of the window that lie inside it. No columns for all other convolutions.
typedef struct {
  ptrdiff_t from, to;
  int firstRow, lastRow;
  const float *corner;  // the input pixel at column `from`, window row 0, window column 0; may lie above the image
  ptrdiff_t stride, down;
} inner_line;

INLINE inner_line inner(const dp_windows *w, const float *image, ptrdiff_t row) {
  inner_line line = {0, 0, 0, 3, image, w->pixelStride, w->width * w->pixelStride};
  if (w->kernelHeight != 3 || w->kernelWidth != 3 || w->strideY != 1 || w->strideX != 1 || w->dilationY != 1 ||
      w->dilationX != 1)
    return line;
  const ptrdiff_t top = row - w->paddingY, last = w->width - 2 + w->paddingX;
  line.from = w->paddingX < w->outputWidth ? w->paddingX : w->outputWidth;
  line.to = last < w->outputWidth ? last : w->outputWidth;
  if (line.to < line.from) line.to = line.from;
  while (line.firstRow < 3 && top + line.firstRow < 0) line.firstRow++;
  while (line.lastRow > line.firstRow && top + line.lastRow - 1 >= w->height) line.lastRow--;
  line.corner = image + top * line.down + (line.from - w->paddingX) * line.stride;
  return line;
}

// `count` pixels of an inner line, `count` a constant. Channels run innermost, so that memory is read in order; the
// lowest row of the windows to come is new to the cache and is asked for ahead.
INLINE void inner_pixels(const inner_line *line, const float *in, const float *weight, const float *bias, float *y,
                         ptrdiff_t channels, const int count, const int isStreamed) {
  for (ptrdiff_t c = 0; c + LANES <= channels; c += LANES) {
    for (int j = 0; j < count; j++)
      __builtin_prefetch(in + (line->lastRow - 1) * line->down + (2 * count + 2 + j) * line->stride + c);
    lanes sum[COLUMNS], start = 0.f;
    if (bias) start = LOAD(bias + c);
    for (int j = 0; j < count; j++) sum[j] = start;
    for (int r = line->firstRow; r < line->lastRow; r++) {
      lanes x[COLUMNS + 2];
      for (int j = 0; j < count + 2; j++) x[j] = LOAD(in + r * line->down + j * line->stride + c);
#pragma clang loop unroll(full)
      for (int k = 0; k < 3; k++) {
        const lanes tap = LOAD(weight + (r * 3 + k) * channels + c);
        for (int j = 0; j < count; j++) sum[j] += tap * x[j + k];
      }
    }
    for (int j = 0; j < count; j++) {
      if (isStreamed)
        __builtin_nontemporal_store(sum[j], (lanes *)(y + j * channels + c));
      else
        STORE(y + j * channels + c, sum[j]);
    }
  }
}

INLINE void inner_pixels_weights(const inner_line *line, const float *in, const float *gy, float *gradient,
                                 ptrdiff_t channels, const int count) {
  for (ptrdiff_t c = 0; c + LANES <= channels; c += LANES) {
    lanes g[COLUMNS];
    for (int j = 0; j < count; j++) g[j] = LOAD(gy + j * channels + c);
    for (int r = line->firstRow; r < line->lastRow; r++) {
      lanes x[COLUMNS + 2];
      for (int j = 0; j < count + 2; j++) x[j] = LOAD(in + r * line->down + j * line->stride + c);
#pragma clang loop unroll(full)
      for (int k = 0; k < 3; k++) {
        float *at = gradient + (r * 3 + k) * channels + c;
        lanes sum = LOAD(at);
        for (int j = 0; j < count; j++) sum += g[j] * x[j + k];
        STORE(at, sum);
      }
    }
  }
}

INLINE void depthwise_rows(const dp_windows *w, const float *x, const float *weight, const float *bias, float *y,
                           ptrdiff_t first, ptrdiff_t last, const int isStreamed) {
  const ptrdiff_t channels = w->channels, whole = channels / LANES * LANES;
  for (ptrdiff_t at = first; at < last; at++) {
    const ptrdiff_t row = at % w->outputHeight;
    const float *image = x + at / w->outputHeight * w->height * w->width * w->pixelStride;
    float *out = y + at * w->outputWidth * channels;
    const inner_line line = inner(w, image, row);
    ptrdiff_t column = line.from;
    for (; column + COLUMNS <= line.to; column += COLUMNS)
      inner_pixels(&line, line.corner + (column - line.from) * line.stride, weight, bias, out + column * channels,
                   channels, COLUMNS, isStreamed);
    for (; column < line.to; column++)
      inner_pixels(&line, line.corner + (column - line.from) * line.stride, weight, bias, out + column * channels,
                   channels, 1, isStreamed);
    for (column = 0; column < w->outputWidth; column++) {
      const ptrdiff_t done = column >= line.from && column < line.to ? whole : 0;
      if (done < channels) any_pixel(w, image, weight, bias, out + column * channels, row, column, done);
    }
  }
}

MULTIVERSION void dp_depthwise(const dp_windows *w, const float *x, const float *weight, const float *bias,
                               float *y, ptrdiff_t first, ptrdiff_t last, int isStreamed) {
  if (!isStreamed || w->channels % LANES != 0 || (uintptr_t)y % sizeof(lanes) != 0)
    return depthwise_rows(w, x, weight, bias, y, first, last, 0);
  depthwise_rows(w, x, weight, bias, y, first, last, 1);
  // Streamed stores are ordered by a fence only.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

MULTIVERSION void dp_depthwise_weights(const dp_windows *w, const float *x, const float *gy, float *gradient,
                                       ptrdiff_t first, ptrdiff_t last) {
  const ptrdiff_t channels = w->channels, whole = channels / LANES * LANES;
  for (ptrdiff_t at = first; at < last; at++) {
    const ptrdiff_t row = at % w->outputHeight;
    const float *image = x + at / w->outputHeight * w->height * w->width * w->pixelStride;
    const float *g = gy + at * w->outputWidth * channels;
    const inner_line line = inner(w, image, row);
    ptrdiff_t column = line.from;
    for (; column + COLUMNS <= line.to; column += COLUMNS)
      inner_pixels_weights(&line, line.corner + (column - line.from) * line.stride, g + column * channels, gradient,
                           channels, COLUMNS);
    for (; column < line.to; column++)
      inner_pixels_weights(&line, line.corner + (column - line.from) * line.stride, g + column * channels, gradient,
                           channels, 1);
    for (column = 0; column < w->outputWidth; column++) {
      const ptrdiff_t done = column >= line.from && column < line.to ? whole : 0;
      if (done < channels) any_pixel_weights(w, image, g + column * channels, gradient, row, column, done);
    }
  }
}

MULTIVERSION void dp_depthwise_scatter(const dp_windows *w, const float *gy, const float *weight, float *image,
                                       ptrdiff_t firstChannel, ptrdiff_t lastChannel) {
  for (ptrdiff_t row = 0; row < w->outputHeight; row++)
    for (ptrdiff_t column = 0; column < w->outputWidth; column++) {
      const float *g = gy + (row * w->outputWidth + column) * w->channels;
      for (ptrdiff_t tap = 0; tap < w->kernelHeight * w->kernelWidth; tap++) {
        float *out = (float *)input_pixel(w, image, row, column, tap);
        if (!out) continue;
        for (ptrdiff_t c = firstChannel; c < lastChannel; c++) out[c] += weight[tap * w->channels + c] * g[c];
      }
    }
}
