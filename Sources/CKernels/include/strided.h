#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DP_MAXIMUM_AXES = 12 };

/// y[sum i_k to[k]] = x[sum i_k from[k]] over all indices of `sizes`, for the runs first ..< last.
///
/// A run is the last axis; runs are counted over the other axes in row-major order. A `from` of 0 repeats.
void dp_copy_strided(float *restrict y, const float *restrict x, ptrdiff_t axes, const ptrdiff_t *restrict sizes,
                     const ptrdiff_t *restrict to, const ptrdiff_t *restrict from, ptrdiff_t first,
                     ptrdiff_t last);

/// The same where the last two axes are a transposition: the one before the last has from = 1, the last to = 1.
/// They are copied in tiles; `first ..< last` counts over the axes before them.
void dp_copy_transposed(float *restrict y, const float *restrict x, ptrdiff_t axes,
                        const ptrdiff_t *restrict sizes, const ptrdiff_t *restrict to,
                        const ptrdiff_t *restrict from, ptrdiff_t first, ptrdiff_t last);

/// y[i] = x[offset(i) + index[i] step] for a dense y of `sizes`; offset(i) = sum i_k from[k].
void dp_gather(float *restrict y, const float *restrict x, const int32_t *restrict index, ptrdiff_t step,
               ptrdiff_t axes, const ptrdiff_t *restrict sizes, const ptrdiff_t *restrict from);
/// gx[offset(i) + index[i] step] += g[i], in the order of i.
void dp_gather_backward(float *restrict gx, const float *restrict g, const int32_t *restrict index,
                        ptrdiff_t step, ptrdiff_t axes, const ptrdiff_t *restrict sizes,
                        const ptrdiff_t *restrict from);

/// y[i] = x[index[i]], each an item of `width` numbers.
void dp_gather_items(float *restrict y, const float *restrict x, const int32_t *restrict index, ptrdiff_t count,
                     ptrdiff_t width);
/// gx[index[i]] += g[i], in the order of i.
void dp_scatter_items(float *restrict gx, const float *restrict g, const int32_t *restrict index,
                      ptrdiff_t count, ptrdiff_t width);
