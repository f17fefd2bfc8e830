#pragma once

#include <stddef.h>
#include <stdint.h>

/// y = x scale where the random number of the element is not below `probability`, else 0, for the elements
/// first ..< first + count of a sample; x and y point to the first of these.
///
/// Element i gets word i % 4 of the Philox4x32-10 block of `counter` + i / 4 under `key`, as 24 bits in [0, 1).
/// `first` is a multiple of 64.
void dp_dropout(float *restrict y, const float *restrict x, const uint32_t *restrict key,
                const uint32_t *restrict counter, ptrdiff_t first, ptrdiff_t count, float probability, float scale);
