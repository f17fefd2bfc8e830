#include "CKernels.h"

#pragma clang fp contract(fast)

enum { LANES = 16 };
typedef float lanes __attribute__((ext_vector_type(16)));
typedef float loose_lanes __attribute__((ext_vector_type(16), aligned(4)));

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
  for (ptrdiff_t c = from; c < channels; c++) y[c] = bias ? bias[c] : 0;
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

// The columns of an output row whose 3x3 windows lie inside the image; empty for all other convolutions.
INLINE void inner_columns(const dp_windows *w, ptrdiff_t row, ptrdiff_t *from, ptrdiff_t *to) {
  *from = *to = 0;
  if (w->kernelHeight != 3 || w->kernelWidth != 3 || w->strideY != 1 || w->strideX != 1 || w->dilationY != 1 ||
      w->dilationX != 1 || row < w->paddingY || row - w->paddingY + 2 >= w->height)
    return;
  const ptrdiff_t last = w->width - 2 + w->paddingX;
  *from = w->paddingX < w->outputWidth ? w->paddingX : w->outputWidth;
  *to = last < w->outputWidth ? last : w->outputWidth;
  if (*to < *from) *to = *from;
}

MULTIVERSION void dp_depthwise(const dp_windows *w, const float *x, const float *weight, const float *bias,
                               float *y, ptrdiff_t first, ptrdiff_t last) {
  const ptrdiff_t channels = w->channels, whole = channels / LANES * LANES;
  for (ptrdiff_t line = first; line < last; line++) {
    const ptrdiff_t row = line % w->outputHeight;
    const float *image = x + line / w->outputHeight * w->height * w->width * w->pixelStride;
    float *out = y + line * w->outputWidth * channels;
    ptrdiff_t from, to;
    inner_columns(w, row, &from, &to);
    for (ptrdiff_t c = 0; c < whole && from < to; c += LANES) {
      lanes tap[9], start = 0.f;
      for (int k = 0; k < 9; k++) tap[k] = *(const loose_lanes *)(weight + k * channels + c);
      if (bias) start = *(const loose_lanes *)(bias + c);
      const ptrdiff_t stride = w->pixelStride, down = w->width * stride;
      const float *in = image + ((row - w->paddingY) * w->width + from - w->paddingX) * stride + c;
      for (ptrdiff_t column = from; column < to; column++, in += stride) {
        lanes sum = start;
#pragma clang loop unroll(full)
        for (int k = 0; k < 9; k++) sum += tap[k] * *(const loose_lanes *)(in + k / 3 * down + k % 3 * stride);
        *(loose_lanes *)(out + column * channels + c) = sum;
      }
    }
    for (ptrdiff_t column = 0; column < w->outputWidth; column++) {
      const ptrdiff_t done = column >= from && column < to ? whole : 0;
      if (done < channels) any_pixel(w, image, weight, bias, out + column * channels, row, column, done);
    }
  }
}

MULTIVERSION void dp_depthwise_weights(const dp_windows *w, const float *x, const float *gy, float *gradient,
                                       ptrdiff_t first, ptrdiff_t last) {
  const ptrdiff_t channels = w->channels, whole = channels / LANES * LANES;
  for (ptrdiff_t line = first; line < last; line++) {
    const ptrdiff_t row = line % w->outputHeight;
    const float *image = x + line / w->outputHeight * w->height * w->width * w->pixelStride;
    const float *g = gy + line * w->outputWidth * channels;
    ptrdiff_t from, to;
    inner_columns(w, row, &from, &to);
    for (ptrdiff_t c = 0; c < whole && from < to; c += LANES) {
      lanes sum[9];
      for (int k = 0; k < 9; k++) sum[k] = *(loose_lanes *)(gradient + k * channels + c);
      const ptrdiff_t stride = w->pixelStride, down = w->width * stride;
      const float *in = image + ((row - w->paddingY) * w->width + from - w->paddingX) * stride + c;
      for (ptrdiff_t column = from; column < to; column++, in += stride) {
        const lanes gradients = *(const loose_lanes *)(g + column * channels + c);
#pragma clang loop unroll(full)
        for (int k = 0; k < 9; k++)
          sum[k] += gradients * *(const loose_lanes *)(in + k / 3 * down + k % 3 * stride);
      }
      for (int k = 0; k < 9; k++) *(loose_lanes *)(gradient + k * channels + c) = sum[k];
    }
    for (ptrdiff_t column = 0; column < w->outputWidth; column++) {
      const ptrdiff_t done = column >= from && column < to ? whole : 0;
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
