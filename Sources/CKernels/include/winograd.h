#pragma once

#include <stddef.h>

#include "windows.h"

/// The transforms around the products of a 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3) (Lavin and
/// Gray, 2015, arXiv:1509.09308). Output pixels are cut into tiles of 4x4, counted by rows through the batch.

/// transformed [36, O, I] = G w Gᵀ of the outputs first ..< last, from weight [O, 3, 3, I]; `plane` floats from one
/// of the 36 to the next. Reversed: of the taps turned round, as the derivative by the input needs them.
void dp_winograd_weights(const float *weight, ptrdiff_t first, ptrdiff_t last, ptrdiff_t inputs, int isReversed,
                         float *transformed, ptrdiff_t plane);

/// transformed [36, last - first, channels] = Bᵀ d B of the 6x6 input pixels d that each tile sees; zeros outside.
void dp_winograd_input(const dp_windows *w, const float *x, ptrdiff_t first, ptrdiff_t last, float *transformed,
                       ptrdiff_t plane);

/// y of the tiles first ..< last = Aᵀ m A + bias + residual, from products [36, last - first, outputs], and zero in
/// place of numbers below it where `isRectified`; bias and residual, which lies as y does, may be null.
void dp_winograd_output(const dp_windows *w, const float *products, ptrdiff_t plane, ptrdiff_t first,
                        ptrdiff_t last, ptrdiff_t outputs, const float *bias, const float *residual, int isRectified,
                        float *y);

/// transformed [36, last - first, O] = A g Aᵀ of the 4x4 pixels of gy [B, H', W', O] that each tile has; zeros outside.
void dp_winograd_gradient(const dp_windows *w, const float *gy, ptrdiff_t first, ptrdiff_t last, ptrdiff_t outputs,
                          float *transformed, ptrdiff_t plane);

/// gw [O, 3, 3, I] of the outputs first ..< last = Gᵀ u G, from products u [36, O, I].
void dp_winograd_taps(const float *products, ptrdiff_t plane, ptrdiff_t first, ptrdiff_t last, ptrdiff_t inputs,
                      float *gw);
