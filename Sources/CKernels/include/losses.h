#pragma once

#include <stddef.h>
#include <stdint.h>

/// loss = max(x, 0) - x t + log(1 + exp(-|x|)): -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)).
void dp_binary_cross_entropy(float *restrict loss, const float *restrict x, const float *restrict target,
                             ptrdiff_t count);
/// gx = g (sigmoid(x) - t)
void dp_binary_cross_entropy_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                                      const float *restrict target, ptrdiff_t count);

/// loss = |x - t|
void dp_l1(float *restrict loss, const float *restrict x, const float *restrict target, ptrdiff_t count);
/// gx = g sign(x - t), with sign(0) = 0
void dp_l1_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                    const float *restrict target, ptrdiff_t count);

/// loss = d^2 / (2 beta) where d = |x - t| is below beta, else d - beta / 2. beta may be 0.
void dp_smooth_l1(float *restrict loss, const float *restrict x, const float *restrict target, float beta,
                  ptrdiff_t count);
/// gx = g (x - t) / beta where |x - t| is below beta, else g sign(x - t)
void dp_smooth_l1_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                           const float *restrict target, float beta, ptrdiff_t count);

/// Sums over rows of numbers p in 0 ... 1 and the class of each, with factors w[r] (1 where null):
/// sums[0] += w p[label], sums[1] += w p^2, or w p unless `squares`, over all classes, sums[2] += w, over rows with a label.
/// The class `skipped` counts nowhere; a label outside 0 ..< width is none.
void dp_dice_sums(double *restrict sums, const float *restrict p, const int32_t *restrict label,
                  const float *restrict weight, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t skipped, int squares);
/// gp of sums[0] and sums[1], whose gradients are `own` and `all`.
void dp_dice_sums_backward(float *restrict gp, float own, float all, const float *restrict p,
                           const int32_t *restrict label, const float *restrict weight, ptrdiff_t rows,
                           ptrdiff_t width, ptrdiff_t skipped, int squares);
