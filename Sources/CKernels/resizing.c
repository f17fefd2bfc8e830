#include "CKernels.h"

#pragma clang fp contract(fast)

MULTIVERSION void dp_bilinear_row(float *restrict y, const float *restrict upper, const float *restrict lower,
                                  float down, const int32_t *restrict left, const int32_t *restrict right,
                                  const float *restrict fraction, ptrdiff_t width, ptrdiff_t channels) {
  for (ptrdiff_t j = 0; j < width; j++, y += channels) {
    const float *a = upper + left[j] * channels, *b = upper + right[j] * channels;
    const float *c = lower + left[j] * channels, *d = lower + right[j] * channels;
    const float far = fraction[j], near = 1.f - far;
    for (ptrdiff_t i = 0; i < channels; i++)
      y[i] = (1.f - down) * (near * a[i] + far * b[i]) + down * (near * c[i] + far * d[i]);
  }
}

MULTIVERSION void dp_bilinear_row_backward(float *restrict gx, const float *restrict g, float weight,
                                           const int32_t *restrict left, const int32_t *restrict right,
                                           const float *restrict fraction, ptrdiff_t width,
                                           ptrdiff_t channels) {
  for (ptrdiff_t j = 0; j < width; j++, g += channels) {
    const float far = weight * fraction[j], near = weight - far;
    float *a = gx + left[j] * channels, *b = gx + right[j] * channels;
    for (ptrdiff_t i = 0; i < channels; i++) a[i] += near * g[i];
    for (ptrdiff_t i = 0; i < channels; i++) b[i] += far * g[i];
  }
}
