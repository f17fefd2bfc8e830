#include <stdint.h>

#include "CKernels.h"
#include "polynomials.h"

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

// The columns from ..< to of an output row, to `out`.
INLINE void depthwise_span(const dp_windows *w, const float *image, const float *weight, const float *bias,
                           float *out, ptrdiff_t row, ptrdiff_t from, ptrdiff_t to, const int isStreamed) {
  const ptrdiff_t channels = w->channels, whole = channels / LANES * LANES;
  const inner_line line = inner(w, image, row);
  const ptrdiff_t last = line.to < to ? line.to : to;
  ptrdiff_t column = line.from > from ? line.from : from;
  for (; column + COLUMNS <= last; column += COLUMNS)
    inner_pixels(&line, line.corner + (column - line.from) * line.stride, weight, bias,
                 out + (column - from) * channels, channels, COLUMNS, isStreamed);
  for (; column < last; column++)
    inner_pixels(&line, line.corner + (column - line.from) * line.stride, weight, bias,
                 out + (column - from) * channels, channels, 1, isStreamed);
  for (column = from; column < to; column++) {
    const ptrdiff_t done = column >= line.from && column < line.to ? whole : 0;
    if (done < channels) any_pixel(w, image, weight, bias, out + (column - from) * channels, row, column, done);
  }
}

INLINE const float *image_of_row(const dp_windows *w, const float *x, ptrdiff_t at) {
  return x + at / w->outputHeight * w->height * w->width * w->pixelStride;
}

INLINE void depthwise_rows(const dp_windows *w, const float *x, const float *weight, const float *bias, float *y,
                           ptrdiff_t first, ptrdiff_t last, const int isStreamed) {
  for (ptrdiff_t at = first; at < last; at++)
    depthwise_span(w, image_of_row(w, x, at), weight, bias, y + at * w->outputWidth * w->channels,
                   at % w->outputHeight, 0, w->outputWidth, isStreamed);
}

MULTIVERSION void dp_depthwise(const dp_windows *w, const float *x, const float *weight, const float *bias,
                               float *y, ptrdiff_t first, ptrdiff_t last, int isStreamed) {
  if (!isStreamed || w->channels % LANES != 0 || (uintptr_t)y % sizeof(lanes) != 0)
    return depthwise_rows(w, x, weight, bias, y, first, last, 0);
  depthwise_rows(w, x, weight, bias, y, first, last, 1);
  // Streamed stores are ordered by a fence only.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

INLINE void silu_row(float *restrict out, const float *restrict x, ptrdiff_t count, const int isStreamed) {
  enum { BLOCK = 4 * LANES };
  ptrdiff_t i = 0;
  for (; isStreamed && i + BLOCK <= count; i += BLOCK) {
    float y[BLOCK];
    for (int l = 0; l < BLOCK; l++) y[l] = x[i + l] * dp_sigmoid(x[i + l]);
    for (int l = 0; l < BLOCK; l += LANES)
      __builtin_nontemporal_store((lanes)LOAD(y + l), (lanes *)(out + i + l));
  }
  for (; i < count; i++) out[i] = x[i] * dp_sigmoid(x[i]);
}

MULTIVERSION void dp_depthwise_silu(const dp_windows *w, const float *x, const float *weight, const float *bias,
                                    float *y, ptrdiff_t first, ptrdiff_t last, ptrdiff_t columns, float *sums,
                                    int isStreamed) {
  const ptrdiff_t width = w->outputWidth, channels = w->channels;
  const int pastCaches = isStreamed && channels % LANES == 0 && (uintptr_t)y % sizeof(lanes) == 0;
  for (ptrdiff_t at = first; at < last; at++)
    for (ptrdiff_t from = 0; from < width; from += columns) {
      const ptrdiff_t to = from + columns < width ? from + columns : width, count = (to - from) * channels;
      depthwise_span(w, image_of_row(w, x, at), weight, bias, sums, at % w->outputHeight, from, to, 0);
      float *out = y + (at * width + from) * channels;
      if (pastCaches)
        silu_row(out, sums, count, 1);
      else
        silu_row(out, sums, count, 0);
    }
  // Streamed stores are ordered by a fence only.
  if (pastCaches) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// Of an output row: g [outputWidth, channels].
INLINE void weights_row(const dp_windows *w, const float *image, const float *g, float *gradient, ptrdiff_t row) {
  const ptrdiff_t channels = w->channels, whole = channels / LANES * LANES;
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

MULTIVERSION void dp_depthwise_weights(const dp_windows *w, const float *x, const float *gy, float *gradient,
                                       ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t at = first; at < last; at++)
    weights_row(w, image_of_row(w, x, at), gy + at * w->outputWidth * w->channels, gradient,
                at % w->outputHeight);
}

// `count` pixels of a 3x3 convolution of three rows whose borders are zeros, `at` floats into each.
INLINE void bordered_pixels(const float *const *rows, ptrdiff_t at, const float *weight, float *y,
                            ptrdiff_t channels, ptrdiff_t stride, const int count, const int isStreamed) {
  for (ptrdiff_t c = 0; c < channels; c += LANES) {
    lanes sum[COLUMNS];
    for (int j = 0; j < count; j++) sum[j] = 0.f;
#pragma clang loop unroll(full)
    for (int r = 0; r < 3; r++) {
      lanes x[COLUMNS + 2];
      for (int j = 0; j < count + 2; j++) x[j] = LOAD(rows[r] + at + j * channels + c);
#pragma clang loop unroll(full)
      for (int k = 0; k < 3; k++) {
        const lanes tap = LOAD(weight + (r * 3 + k) * channels + c);
        for (int j = 0; j < count; j++) sum[j] += tap * x[j + k];
      }
    }
    for (int j = 0; j < count; j++) {
      if (isStreamed)
        __builtin_nontemporal_store(sum[j], (lanes *)(y + j * stride + c));
      else
        STORE(y + j * stride + c, sum[j]);
    }
  }
}

INLINE void bordered_row(const float *const *rows, const float *weight, float *y, ptrdiff_t width,
                         ptrdiff_t channels, ptrdiff_t stride, const int isStreamed) {
  ptrdiff_t column = 0;
  for (; column + COLUMNS <= width; column += COLUMNS)
    bordered_pixels(rows, column * channels, weight, y + column * stride, channels, stride, COLUMNS, isStreamed);
  for (; column < width; column++)
    bordered_pixels(rows, column * channels, weight, y + column * stride, channels, stride, 1, isStreamed);
}

ptrdiff_t dp_depthwise_silu_scratch(ptrdiff_t width, ptrdiff_t channels) {
  return (5 * (width + 2) + 28) * channels;
}

MULTIVERSION void dp_depthwise_silu_backward(const dp_windows *w, const float *x, const float *g,
                                             const float *weight, const float *bias, float *gx, float *gradient,
                                             float *scratch, ptrdiff_t first, ptrdiff_t last, int isStreamed) {
  const ptrdiff_t channels = w->channels, stride = w->pixelStride, width = w->width;
  const ptrdiff_t rowSize = (width + 2) * channels;
  // Three rows of the gradient before the activation, one of zeros, and one of the sums before it.
  float *ring = scratch, *zeros = ring + 3 * rowSize, *sums = zeros + rowSize;
  float *taps = sums + rowSize, *turned = taps + 9 * channels, *total = turned + 9 * channels;
  for (ptrdiff_t i = 0; i < 4 * rowSize; i++) ring[i] = 0;
  for (ptrdiff_t i = 0; i < 10 * channels; i++) total[i] = 0;
  for (ptrdiff_t tap = 0; tap < 9; tap++)
    for (ptrdiff_t c = 0; c < channels; c++)
      taps[tap * channels + c] = turned[(8 - tap) * channels + c] = weight[tap * stride + c];
  const int pastCaches = isStreamed && stride % LANES == 0 && (uintptr_t)gx % sizeof(lanes) == 0;
  // A row of gx takes the rows above and below, which neighbouring pieces make for themselves.
  for (ptrdiff_t row = first - 1; row <= last; row++) {
    float *slopes = ring + (row + 3) % 3 * rowSize;
    if (row >= 0 && row < w->height) {
      depthwise_span(w, x, taps, bias, sums, row, 0, width, 0);
      const float *from = g + row * width * stride;
      for (ptrdiff_t column = 0; column < width; column++, from += stride) {
        const float *s = sums + column * channels;
        float *out = slopes + (column + 1) * channels;
        for (ptrdiff_t c = 0; c < channels; c += 16) __builtin_prefetch(from + 8 * stride + c);
        for (ptrdiff_t c = 0; c < channels; c++) {
          const float p = dp_sigmoid(s[c]);
          out[c] = from[c] * (p * (1.f + s[c] * (1.f - p)));
        }
      }
      if (row >= first && row < last) {
        weights_row(w, x, slopes + channels, total, row);
        for (ptrdiff_t column = 1; column <= width; column++)
          for (ptrdiff_t c = 0; c < channels; c++) total[9 * channels + c] += slopes[column * channels + c];
      }
    }
    if (!gx || row <= first) continue;
    const float *rows[3];
    for (int r = 0; r < 3; r++) {
      const ptrdiff_t source = row - 2 + r;
      rows[r] = source >= 0 && source < w->height ? ring + (source + 3) % 3 * rowSize : zeros;
    }
    float *out = gx + (row - 1) * width * stride;
    if (pastCaches)
      bordered_row(rows, turned, out, width, channels, stride, 1);
    else
      bordered_row(rows, turned, out, width, channels, stride, 0);
  }
  if (pastCaches) __atomic_thread_fence(__ATOMIC_SEQ_CST);
  for (ptrdiff_t tap = 0; tap < 10; tap++)
    for (ptrdiff_t c = 0; c < channels; c++) gradient[tap * stride + c] = total[tap * channels + c];
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
