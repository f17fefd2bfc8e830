#include "CKernels.h"
#include "lanes.h"
#include "polynomials.h"

MULTIVERSION void dp_softmax(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, y += width) {
    const float most = dp_lane_max(x, width);
    float sum;
    DP_LANE_SUM(sum, width, (y[i] = dp_exp(x[i] - most)));
    const float scale = 1.f / sum;
    for (ptrdiff_t i = 0; i < width; i++) y[i] *= scale;
  }
}

MULTIVERSION void dp_softmax_backward(float *restrict gx, const float *restrict g, const float *restrict y,
                                      ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, gx += width, g += width, y += width) {
    float dot;
    DP_LANE_SUM(dot, width, g[i] * y[i]);
    for (ptrdiff_t i = 0; i < width; i++) gx[i] = y[i] * (g[i] - dot);
  }
}

INLINE void row_statistics(const float *x, ptrdiff_t width, float *most, float *log_sum) {
  const float m = dp_lane_max(x, width);
  float sum;
  DP_LANE_SUM(sum, width, dp_exp(x[i] - m));
  *most = m;
  *log_sum = dp_log(sum);
}

MULTIVERSION void dp_log_softmax(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, y += width) {
    float most, log_sum;
    row_statistics(x, width, &most, &log_sum);
    for (ptrdiff_t i = 0; i < width; i++) y[i] = (x[i] - most) - log_sum;
  }
}

MULTIVERSION void dp_log_softmax_backward(float *restrict gx, const float *restrict g, const float *restrict y,
                                          ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, gx += width, g += width, y += width) {
    float sum;
    DP_LANE_SUM(sum, width, g[i]);
    for (ptrdiff_t i = 0; i < width; i++) gx[i] = g[i] - dp_exp(y[i]) * sum;
  }
}

MULTIVERSION void dp_cross_entropy(float *restrict loss, float *restrict statistics, const float *restrict x,
                                   const int32_t *restrict label, const float *restrict weight, ptrdiff_t rows,
                                   ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width) {
    const int32_t own = label[r];
    loss[r] = 0;
    if (own < 0 || own >= width) continue;
    float most, log_sum;
    row_statistics(x, width, &most, &log_sum);
    statistics[2 * r] = most;
    statistics[2 * r + 1] = log_sum;
    loss[r] = (log_sum - (x[own] - most)) * (weight ? weight[own] : 1.f);
  }
}

MULTIVERSION void dp_cross_entropy_backward(float *restrict gx, const float *restrict g,
                                            const float *restrict statistics, const float *restrict x,
                                            const int32_t *restrict label, const float *restrict weight,
                                            ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, gx += width) {
    const int32_t own = label[r];
    if (own < 0 || own >= width) {
      for (ptrdiff_t i = 0; i < width; i++) gx[i] = 0;
      continue;
    }
    const float most = statistics[2 * r], log_sum = statistics[2 * r + 1];
    const float scale = g[r] * (weight ? weight[own] : 1.f);
    for (ptrdiff_t i = 0; i < width; i++) gx[i] = scale * dp_exp((x[i] - most) - log_sum);
    gx[own] -= scale;
  }
}
