#pragma once

#include <stddef.h>
#include <stdint.h>

/// One row of a bilinear resizing of channels-last maps: y [width, channels] from the rows `upper` and `lower`.
///
/// Column j mixes the columns left[j] and right[j] with the weights 1 - fraction[j] and fraction[j]; the rows are
/// mixed with 1 - down and down.
void dp_bilinear_row(float *restrict y, const float *restrict upper, const float *restrict lower, float down,
                     const int32_t *restrict left, const int32_t *restrict right,
                     const float *restrict fraction, ptrdiff_t width, ptrdiff_t channels);
/// Adds to an input row's gradient what one output row with gradient g gives back; `weight` is the row's.
void dp_bilinear_row_backward(float *restrict gx, const float *restrict g, float weight,
                              const int32_t *restrict left, const int32_t *restrict right,
                              const float *restrict fraction, ptrdiff_t width, ptrdiff_t channels);
