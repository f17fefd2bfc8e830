#pragma once

#include <stddef.h>
#include <stdint.h>

/// index[r] = position of the first largest number of row r of x [rows, width].
void dp_indices_of_maxima(const float *restrict x, ptrdiff_t rows, ptrdiff_t width, int32_t *restrict index);
