#pragma once

#include <stddef.h>
#include <stdint.h>

// All over the rows of [rows, width].

/// y = exp(x) / sum exp(x)
void dp_softmax(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width);
/// gx = y (g - sum g y)
void dp_softmax_backward(float *restrict gx, const float *restrict g, const float *restrict y, ptrdiff_t rows,
                         ptrdiff_t width);

/// y = x - log sum exp(x)
void dp_log_softmax(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width);
/// gx = g - exp(y) sum g
void dp_log_softmax_backward(float *restrict gx, const float *restrict g, const float *restrict y,
                             ptrdiff_t rows, ptrdiff_t width);

/// loss[r] = -log softmax(x[r])[label[r]] * weight[label[r]], 0 where the label is outside 0 ..< width.
///
/// `statistics` [rows, 2] gets each row's maximum and log sum exp(x - maximum). `weight` [width] may be null.
void dp_cross_entropy(float *restrict loss, float *restrict statistics, const float *restrict x,
                      const int32_t *restrict label, const float *restrict weight, ptrdiff_t rows,
                      ptrdiff_t width);
/// How many rows have their label where their largest number is, the first among equals: with the `statistics` of
/// `dp_cross_entropy`. Rows whose label is outside 0 ..< width are not counted.
ptrdiff_t dp_count_right(const float *restrict statistics, const float *restrict x,
                         const int32_t *restrict label, ptrdiff_t rows, ptrdiff_t width);
/// gx = g[r] weight[label] (softmax(x) - [i == label])
void dp_cross_entropy_backward(float *restrict gx, const float *restrict g, const float *restrict statistics,
                               const float *restrict x, const int32_t *restrict label,
                               const float *restrict weight, ptrdiff_t rows, ptrdiff_t width);

/// The same with label smoothing e: (1 - e) weight[label] (-log p[label]) + e / width sum weight[i] (-log p[i]).
void dp_smoothed_cross_entropy(float *restrict loss, float *restrict statistics, const float *restrict x,
                               const int32_t *restrict label, const float *restrict weight, float smoothing,
                               ptrdiff_t rows, ptrdiff_t width);
/// gx of it
void dp_smoothed_cross_entropy_backward(float *restrict gx, const float *restrict g,
                                        const float *restrict statistics, const float *restrict x,
                                        const int32_t *restrict label, const float *restrict weight,
                                        float smoothing, ptrdiff_t rows, ptrdiff_t width);
