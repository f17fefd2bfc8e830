#pragma once

#include <stddef.h>

// c [rows, n] = x [rows, k] f for a factor f [k, n] that is packed once for all rows. Each number of c is the sum over
// blocks of k, each summed from its first to its last: an order that depends on k alone, so that a row has the same bits
// among any others.
//
// A packed factor [blocks of k][panels of 32 columns][k of the block][32], 64-byte aligned; where a tile has 16 columns alone, a
// panel is [2][k of the block][16]. The last panel has 16 columns where that is enough, and zeros behind its last one. It has
// k * dp_packed_width(n) numbers.

/// Columns of a panel.
enum { DP_PANEL = 32 };

/// n rounded up to what a packed factor has of it.
ptrdiff_t dp_packed_width(ptrdiff_t n);
/// Panels of n columns.
ptrdiff_t dp_packed_panels(ptrdiff_t n);
/// Numbers of `scratch`.
ptrdiff_t dp_row_product_scratch(void);
/// Packs some panels of a factor: w is [n, k] when it is transposed, [k, n] otherwise.
void dp_pack_factor(float *restrict packed, ptrdiff_t firstPanel, ptrdiff_t lastPanel, const float *restrict w,
                    ptrdiff_t ldw, int isTransposed, ptrdiff_t n, ptrdiff_t k);
/// The columns of some panels in some rows; `bias` is added where there is one. k > 0.
void dp_row_product(float *restrict c, ptrdiff_t ldc, const float *restrict x, ptrdiff_t ldx, ptrdiff_t rows,
                    const float *restrict packed, ptrdiff_t firstPanel, ptrdiff_t lastPanel, ptrdiff_t n, ptrdiff_t k,
                    const float *restrict bias, float *restrict scratch);
