#include "CKernels.h"
#include "lanes.h"
#include "polynomials.h"

INLINE float total_weight(const float *weight, ptrdiff_t width) {
  float total = (float)width;
  if (weight) DP_LANE_SUM(total, width, weight[i]);
  return total;
}

MULTIVERSION void dp_smoothed_cross_entropy(float *restrict loss, float *restrict statistics,
                                            const float *restrict x, const int32_t *restrict label,
                                            const float *restrict weight, float smoothing, ptrdiff_t rows,
                                            ptrdiff_t width) {
  const float total = total_weight(weight, width), share = smoothing / (float)width;
  for (ptrdiff_t r = 0; r < rows; r++, x += width) {
    const int32_t own = label[r];
    loss[r] = 0;
    if (own < 0 || own >= width) continue;
    const float most = dp_lane_max(x, width);
    float sum, distance;  // of all logits from the largest, weighted
    DP_LANE_SUM(sum, width, dp_exp(x[i] - most));
    if (weight)
      DP_LANE_SUM(distance, width, weight[i] * (most - x[i]));
    else
      DP_LANE_SUM(distance, width, most - x[i]);
    const float log_sum = dp_log(sum);
    statistics[2 * r] = most;
    statistics[2 * r + 1] = log_sum;
    const float target = (1.f - smoothing) * (weight ? weight[own] : 1.f);
    loss[r] = target * (log_sum - (x[own] - most)) + share * (total * log_sum + distance);
  }
}

MULTIVERSION void dp_smoothed_cross_entropy_backward(float *restrict gx, const float *restrict g,
                                                     const float *restrict statistics, const float *restrict x,
                                                     const int32_t *restrict label,
                                                     const float *restrict weight, float smoothing,
                                                     ptrdiff_t rows, ptrdiff_t width) {
  const float total = total_weight(weight, width), share = smoothing / (float)width;
  for (ptrdiff_t r = 0; r < rows; r++, x += width, gx += width) {
    const int32_t own = label[r];
    if (own < 0 || own >= width) {
      for (ptrdiff_t i = 0; i < width; i++) gx[i] = 0;
      continue;
    }
    const float most = statistics[2 * r], log_sum = statistics[2 * r + 1];
    const float target = g[r] * (1.f - smoothing) * (weight ? weight[own] : 1.f);
    const float others = g[r] * share, scale = target + others * total;
    if (weight)
      for (ptrdiff_t i = 0; i < width; i++)
        gx[i] = scale * dp_exp((x[i] - most) - log_sum) - others * weight[i];
    else
      for (ptrdiff_t i = 0; i < width; i++) gx[i] = scale * dp_exp((x[i] - most) - log_sum) - others;
    gx[own] -= target;
  }
}
