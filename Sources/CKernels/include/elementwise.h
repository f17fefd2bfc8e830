#pragma once

#include <stddef.h>

/// sum[i] += x[i]
void dp_accumulate(float *restrict sum, const float *restrict x, ptrdiff_t count);
