#pragma once

#include <stddef.h>

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
