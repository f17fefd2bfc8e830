#pragma once

#include <stddef.h>

/// The sum, in an order that depends on the count alone.
double dp_sum(const float *restrict x, ptrdiff_t count);

/// y[r] = x[r, 0] + x[r, 1] + ... for x [rows, width]
void dp_sum_rows(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width);
