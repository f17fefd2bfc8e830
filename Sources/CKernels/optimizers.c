#include "CKernels.h"
#include "lanes.h"

MULTIVERSION double dp_sum_of_squares(const float *restrict x, ptrdiff_t count) {
  double lane[LANES] = {0};
  ptrdiff_t start = 0;
  for (; start + LANES <= count; start += LANES)
    for (int l = 0; l < LANES; l++) {
      const double value = x[start + l];
      lane[l] += value * value;
    }
  for (ptrdiff_t i = start; i < count; i++) lane[i - start] += (double)x[i] * x[i];
  double sum = 0;
  for (int l = 0; l < LANES; l++) sum += lane[l];
  return sum;
}

MULTIVERSION void dp_scale(float *restrict x, float factor, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) x[i] *= factor;
}

MULTIVERSION void dp_adamw(float *restrict x, float *restrict m, float *restrict v, const float *restrict g,
                           ptrdiff_t count, const dp_adamw_step *restrict step) {
  const float keep = step->keep, new1 = step->new1, beta2 = step->beta2, new2 = step->new2;
  const float length = step->length, correction = step->correction, epsilon = step->epsilon;
  for (ptrdiff_t i = 0; i < count; i++) {
    m[i] += new1 * (g[i] - m[i]);
    v[i] = beta2 * v[i] + new2 * (g[i] * g[i]);
    const float deviation = __builtin_elementwise_sqrt(v[i]) / correction + epsilon;
    x[i] = keep * x[i] - length * (m[i] / deviation);
  }
}

MULTIVERSION void dp_sgd(float *restrict x, float *restrict v, const float *restrict g, ptrdiff_t count,
                         const dp_sgd_step *restrict step) {
  const float rate = step->rate, decay = step->decay, momentum = step->momentum, fresh = step->fresh;
  if (step->nesterov)
    for (ptrdiff_t i = 0; i < count; i++) {
      const float slope = g[i] + decay * x[i];
      v[i] = momentum * v[i] + fresh * slope;
      x[i] -= rate * (slope + momentum * v[i]);
    }
  else
    for (ptrdiff_t i = 0; i < count; i++) {
      v[i] = momentum * v[i] + fresh * (g[i] + decay * x[i]);
      x[i] -= rate * v[i];
    }
}

MULTIVERSION void dp_sgd_plain(float *restrict x, const float *restrict g, ptrdiff_t count,
                               const dp_sgd_step *restrict step) {
  const float rate = step->rate, decay = step->decay;
  for (ptrdiff_t i = 0; i < count; i++) x[i] -= rate * (g[i] + decay * x[i]);
}

MULTIVERSION void dp_add_scaled(float *restrict y, const float *restrict x, float factor, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) y[i] += factor * x[i];
}

MULTIVERSION void dp_move_towards(float *restrict y, const float *restrict x, float weight, ptrdiff_t count) {
  const float rest = 1 - weight;
  if (weight < 0.5f)
    for (ptrdiff_t i = 0; i < count; i++) y[i] += weight * (x[i] - y[i]);
  else
    for (ptrdiff_t i = 0; i < count; i++) y[i] = x[i] - rest * (x[i] - y[i]);
}

MULTIVERSION void dp_limit(float *restrict x, float bound, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) x[i] = x[i] > bound ? bound : x[i] < -bound ? -bound : x[i];
}
