#pragma once

#include <stddef.h>

// Forward: y from x. Backward: gx from the gradient g of y and from x or y, as the parameter's name says.

void dp_exponential(float *restrict y, const float *restrict x, ptrdiff_t count);

void dp_logarithm(float *restrict y, const float *restrict x, ptrdiff_t count);

void dp_square_root(float *restrict y, const float *restrict x, ptrdiff_t count);
void dp_square_root_backward(float *restrict gx, const float *restrict g, const float *restrict y,
                             ptrdiff_t count);

/// |x|, with slope 0 at 0.
void dp_absolute(float *restrict y, const float *restrict x, ptrdiff_t count);
void dp_absolute_backward(float *restrict gx, const float *restrict g, const float *restrict x, ptrdiff_t count);

void dp_hyperbolic_tangent(float *restrict y, const float *restrict x, ptrdiff_t count);
void dp_hyperbolic_tangent_backward(float *restrict gx, const float *restrict g, const float *restrict y,
                                    ptrdiff_t count);

/// min(max(x, low), high), NaN kept; the slope is 1 from low to high, both included.
void dp_clamp(float *restrict y, const float *restrict x, float low, float high, ptrdiff_t count);
void dp_clamp_backward(float *restrict gx, const float *restrict g, const float *restrict x, float low,
                       float high, ptrdiff_t count);

void dp_logistic(float *restrict y, const float *restrict x, ptrdiff_t count);
void dp_logistic_backward(float *restrict gx, const float *restrict g, const float *restrict y, ptrdiff_t count);

void dp_relu(float *restrict y, const float *restrict x, ptrdiff_t count);
void dp_relu_backward(float *restrict gx, const float *restrict g, const float *restrict y, ptrdiff_t count);

void dp_gelu(float *restrict y, const float *restrict x, ptrdiff_t count);
void dp_gelu_backward(float *restrict gx, const float *restrict g, const float *restrict x, ptrdiff_t count);

void dp_silu(float *restrict y, const float *restrict x, ptrdiff_t count);
void dp_silu_backward(float *restrict gx, const float *restrict g, const float *restrict x, ptrdiff_t count);
/// out = y silu(z)
void dp_silu_gate(float *restrict out, const float *restrict y, const float *restrict z, ptrdiff_t count);
/// The gradients of y and z from that of y silu(z).
void dp_silu_gate_backward(float *restrict gy, float *restrict gz, const float *restrict g, const float *restrict y,
                           const float *restrict z, ptrdiff_t count);

void dp_soft_plus(float *restrict y, const float *restrict x, ptrdiff_t count);
void dp_soft_plus_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                           ptrdiff_t count);
