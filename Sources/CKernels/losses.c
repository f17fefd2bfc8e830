#include "CKernels.h"
#include "lanes.h"
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

MULTIVERSION void dp_smooth_l1(float *restrict loss, const float *restrict x, const float *restrict target,
                               float beta, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float d = __builtin_fabsf(x[i] - target[i]);
    const float square = 0.5f * d * d / beta, line = d - 0.5f * beta;
    loss[i] = d < beta ? square : line;
  }
}

MULTIVERSION void dp_smooth_l1_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                                        const float *restrict target, float beta, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float d = x[i] - target[i];
    const float sign = d > 0.f ? 1.f : d < 0.f ? -1.f : 0.f, slope = d / beta;
    gx[i] = g[i] * (__builtin_fabsf(d) < beta ? slope : sign);
  }
}

MULTIVERSION void dp_dice_sums(double *restrict sums, const float *restrict p, const int32_t *restrict label,
                               const float *restrict weight, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t skipped,
                               int squares) {
  for (ptrdiff_t r = 0; r < rows; r++, p += width) {
    const float w = weight ? weight[r] : 1.f;
    float all;
    if (squares)
      DP_LANE_SUM(all, width, p[i] * p[i]);
    else
      DP_LANE_SUM(all, width, p[i]);
    if (skipped >= 0 && skipped < width) all -= squares ? p[skipped] * p[skipped] : p[skipped];
    sums[1] += (double)(w * all);
    const int32_t own = label[r];
    if (own < 0 || own >= width || own == skipped) continue;
    sums[0] += (double)(w * p[own]);
    sums[2] += (double)w;
  }
}

MULTIVERSION void dp_dice_sums_backward(float *restrict gp, float own, float all, const float *restrict p,
                                        const int32_t *restrict label, const float *restrict weight,
                                        ptrdiff_t rows, ptrdiff_t width, ptrdiff_t skipped, int squares) {
  for (ptrdiff_t r = 0; r < rows; r++, p += width, gp += width) {
    const float w = weight ? weight[r] : 1.f;
    if (squares)
      for (ptrdiff_t i = 0; i < width; i++) gp[i] = 2.f * w * all * p[i];
    else
      for (ptrdiff_t i = 0; i < width; i++) gp[i] = w * all;
    if (label[r] >= 0 && label[r] < width) gp[label[r]] += w * own;
    if (skipped >= 0 && skipped < width) gp[skipped] = 0;
  }
}
