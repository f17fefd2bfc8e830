#pragma once

#include <stddef.h>
#include <stdint.h>

/// index[r] = position of the first largest number of row r of x [rows, width].
void dp_indices_of_maxima(const float *restrict x, ptrdiff_t rows, ptrdiff_t width, int32_t *restrict index);

// In all that follow NaN counts as the largest number, and the first of equals is taken.

/// value[r] = largest number of row r of x [rows, width], index[r] = where it is. A row has a number at least.
void dp_largest_of_rows(float *restrict value, int32_t *restrict index, const float *restrict x, ptrdiff_t rows,
                        ptrdiff_t width);

/// value[i] = largest of x[r stride + i] over the rows, index[i] = its r, for `width` columns.
void dp_largest_of_columns(float *restrict value, int32_t *restrict index, const float *restrict x,
                           ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t width);

/// gx[index[i], i] = g[i]; the rest of gx [rows, width] stays.
void dp_scatter_columns(float *restrict gx, const float *restrict g, const int32_t *restrict index,
                        ptrdiff_t width);

/// y = 1 where a == b, else 0
void dp_mark_equal(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t count);
