#pragma once

#include <stddef.h>

/// Sum of squares, added up in double precision in an order that depends on the count alone.
double dp_sum_of_squares(const float *restrict x, ptrdiff_t count);

/// x[i] *= factor
void dp_scale(float *restrict x, float factor, ptrdiff_t count);

/// The numbers of one step of AdamW.
typedef struct {
  float keep;          // 1 - rate * decay
  float new1;          // 1 - beta1
  float beta2, new2;   // new2 = 1 - beta2
  float length;        // rate / (1 - beta1^t)
  float correction;    // sqrt(1 - beta2^t)
  float epsilon;
} dp_adamw_step;

/// One step of AdamW: weights x, mean of gradients m, mean of their squares v, gradients g.
void dp_adamw(float *restrict x, float *restrict m, float *restrict v, const float *restrict g, ptrdiff_t count,
              const dp_adamw_step *restrict step);

/// The numbers of one step of stochastic gradient descent.
typedef struct {
  float rate, decay;
  float momentum;
  float fresh;    // what of a gradient goes into the velocity: 1 at the first step, then 1 - dampening
  int nesterov;   // whether the step looks ahead along the velocity
} dp_sgd_step;

/// One step of gradient descent with momentum: weights x, velocity v, gradients g.
void dp_sgd(float *restrict x, float *restrict v, const float *restrict g, ptrdiff_t count,
            const dp_sgd_step *restrict step);

/// The same without momentum, which needs no velocity.
void dp_sgd_plain(float *restrict x, const float *restrict g, ptrdiff_t count, const dp_sgd_step *restrict step);

/// y[i] += factor * x[i]
void dp_add_scaled(float *restrict y, const float *restrict x, float factor, ptrdiff_t count);

/// Moves y towards x by the share `weight` of what lies between, from the nearer end.
void dp_move_towards(float *restrict y, const float *restrict x, float weight, ptrdiff_t count);

/// x[i] to -bound ... bound
void dp_limit(float *restrict x, float bound, ptrdiff_t count);
