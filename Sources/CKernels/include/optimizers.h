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
