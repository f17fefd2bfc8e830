#pragma once

#include <stddef.h>

/// Whether no number is NaN or infinite.
int dp_is_finite(const float *x, ptrdiff_t count);

/// sum[i] += x[i]
void dp_accumulate(float *restrict sum, const float *restrict x, ptrdiff_t count);

/// sum[j] += x[i, j] for x [rows, width]
void dp_accumulate_rows(float *restrict sum, const float *restrict x, ptrdiff_t rows, ptrdiff_t width);

/// y = x + factor branch, both rounded
void dp_add_branch(float *restrict y, const float *restrict x, const float *restrict branch, float factor,
                   ptrdiff_t count);

// Each operation thrice: both sides [count]; the right one a row [width] against [rows, width]; the left one a row.
// A row of width 1 is one number.

/// y = a + b
void dp_add(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t count);
void dp_add_right(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t rows,
                  ptrdiff_t width);
void dp_add_left(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t rows,
                 ptrdiff_t width);

/// y = a - b
void dp_subtract(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t count);
void dp_subtract_right(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t rows,
                       ptrdiff_t width);
void dp_subtract_left(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t rows,
                      ptrdiff_t width);

/// y = a b
void dp_multiply(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t count);
void dp_multiply_right(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t rows,
                       ptrdiff_t width);
void dp_multiply_left(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t rows,
                      ptrdiff_t width);

/// y = a / b
void dp_divide(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t count);
void dp_divide_right(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t rows,
                     ptrdiff_t width);
void dp_divide_left(float *restrict y, const float *restrict a, const float *restrict b, ptrdiff_t rows,
                    ptrdiff_t width);
