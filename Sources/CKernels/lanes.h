// Sums and maxima in explicit lanes: they vectorise, and their order is the same on every clone.
#pragma once

#include <stddef.h>

#include "include/multiversion.h"

enum { LANES = 16 };

INLINE float dp_fold_sum(const float *lane) {
  float s[LANES / 2];
  for (int l = 0; l < LANES / 2; l++) s[l] = lane[l] + lane[l + LANES / 2];
  for (int l = 0; l < LANES / 4; l++) s[l] += s[l + LANES / 4];
  return (s[0] + s[2]) + (s[1] + s[3]);
}

// Sum over i of value(i), where `value` is an expression in i.
#define DP_LANE_SUM(result, count, value)                                                                    \
  do {                                                                                                       \
    float lane[LANES] = {0};                                                                                 \
    ptrdiff_t start = 0;                                                                                     \
    for (; start + LANES <= (count); start += LANES)                                                         \
      for (int l = 0; l < LANES; l++) {                                                                      \
        const ptrdiff_t i = start + l;                                                                       \
        lane[l] += value;                                                                                    \
      }                                                                                                      \
    for (ptrdiff_t i = start; i < (count); i++) lane[i - start] += value;                                    \
    result = dp_fold_sum(lane);                                                                              \
  } while (0)

INLINE float dp_lane_max(const float *x, ptrdiff_t count) {
  float lane[LANES];
  for (int l = 0; l < LANES; l++) lane[l] = -__builtin_inff();
  ptrdiff_t start = 0;
  for (; start + LANES <= count; start += LANES)
    for (int l = 0; l < LANES; l++) lane[l] = x[start + l] > lane[l] ? x[start + l] : lane[l];
  for (ptrdiff_t i = start; i < count; i++) lane[i - start] = x[i] > lane[i - start] ? x[i] : lane[i - start];
  float most = lane[0];
  for (int l = 1; l < LANES; l++) most = lane[l] > most ? lane[l] : most;
  return most;
}
