#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DP_STORED_AXES = 64 };

/// y[i] = x[sum i_k strides[k]] for a dense y of `sizes`, at most `DP_STORED_AXES` axes; items of `size` bytes.
void dp_stored_gather(uint8_t *restrict y, const uint8_t *restrict x, ptrdiff_t size, ptrdiff_t axes,
                      const ptrdiff_t *restrict sizes, const ptrdiff_t *restrict strides);

/// Turns the bytes of each of `count` items of `size` bytes round.
void dp_stored_swap(uint8_t *y, ptrdiff_t count, ptrdiff_t size);

/// Half precision, rounded to nearest, ties to even. Returns how many finite numbers became infinite.
ptrdiff_t dp_stored_halve(uint16_t *restrict y, const float *restrict x, ptrdiff_t count);
