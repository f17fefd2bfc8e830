#include "CKernels.h"
#include "polynomials.h"

MULTIVERSION void dp_binary_cross_entropy(float *restrict loss, const float *restrict x,
                                          const float *restrict target, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float positive = x[i] < 0.f ? 0.f : x[i];
    loss[i] = (positive - x[i] * target[i]) + dp_log1p(dp_exp(-__builtin_fabsf(x[i])));
  }
}

MULTIVERSION void dp_binary_cross_entropy_backward(float *restrict gx, const float *restrict g,
                                                   const float *restrict x, const float *restrict target,
                                                   ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) gx[i] = g[i] * (dp_sigmoid(x[i]) - target[i]);
}

MULTIVERSION void dp_l1(float *restrict loss, const float *restrict x, const float *restrict target,
                        ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) loss[i] = __builtin_fabsf(x[i] - target[i]);
}

MULTIVERSION void dp_l1_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                                 const float *restrict target, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float sign = x[i] > target[i] ? 1.f : x[i] < target[i] ? -1.f : 0.f;
    gx[i] = g[i] * sign;
  }
}
