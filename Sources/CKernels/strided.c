#include <string.h>

#include "CKernels.h"

// Where the loops over the outer axes stand, and the two offsets that go with it.
typedef struct {
  ptrdiff_t index[DP_MAXIMUM_AXES];
  ptrdiff_t to, from;
} Position;

INLINE Position position_at(ptrdiff_t run, ptrdiff_t axes, const ptrdiff_t *sizes, const ptrdiff_t *to,
                            const ptrdiff_t *from) {
  Position p = {{0}, 0, 0};
  for (ptrdiff_t k = axes - 1; k >= 0; k--) {
    p.index[k] = run % sizes[k];
    run /= sizes[k];
    p.to += p.index[k] * to[k];
    p.from += p.index[k] * from[k];
  }
  return p;
}

INLINE void advance(Position *p, ptrdiff_t axes, const ptrdiff_t *sizes, const ptrdiff_t *to,
                    const ptrdiff_t *from) {
  for (ptrdiff_t k = axes - 1; k >= 0; k--) {
    p->to += to[k];
    p->from += from[k];
    if (++p->index[k] < sizes[k]) return;
    p->index[k] = 0;
    p->to -= sizes[k] * to[k];
    p->from -= sizes[k] * from[k];
  }
}

MULTIVERSION void dp_copy_strided(float *restrict y, const float *restrict x, ptrdiff_t axes,
                                  const ptrdiff_t *restrict sizes, const ptrdiff_t *restrict to,
                                  const ptrdiff_t *restrict from, ptrdiff_t first, ptrdiff_t last) {
  const ptrdiff_t outer = axes - 1, n = sizes[outer], ty = to[outer], fx = from[outer];
  Position p = position_at(first, outer, sizes, to, from);
  for (ptrdiff_t run = first; run < last; run++, advance(&p, outer, sizes, to, from)) {
    float *restrict out = y + p.to;
    const float *restrict in = x + p.from;
    if (ty == 1 && fx == 1) {
      memcpy(out, in, (size_t)n * sizeof *out);
    } else if (ty == 1 && fx == 0) {
      const float number = in[0];
      for (ptrdiff_t i = 0; i < n; i++) out[i] = number;
    } else {
      for (ptrdiff_t i = 0; i < n; i++) out[i * ty] = in[i * fx];
    }
  }
}

MULTIVERSION void dp_copy_transposed(float *restrict y, const float *restrict x, ptrdiff_t axes,
                                     const ptrdiff_t *restrict sizes, const ptrdiff_t *restrict to,
                                     const ptrdiff_t *restrict from, ptrdiff_t first, ptrdiff_t last) {
  enum { TILE = 16 };
  const ptrdiff_t outer = axes - 2, rows = sizes[outer], columns = sizes[outer + 1];
  const ptrdiff_t ty = to[outer], fx = from[outer + 1];
  Position p = position_at(first, outer, sizes, to, from);
  for (ptrdiff_t run = first; run < last; run++, advance(&p, outer, sizes, to, from)) {
    for (ptrdiff_t r0 = 0; r0 < rows; r0 += TILE) {
      const ptrdiff_t r1 = r0 + TILE < rows ? r0 + TILE : rows;
      for (ptrdiff_t c0 = 0; c0 < columns; c0 += TILE) {
        const ptrdiff_t c1 = c0 + TILE < columns ? c0 + TILE : columns;
        for (ptrdiff_t r = r0; r < r1; r++)
          for (ptrdiff_t c = c0; c < c1; c++) y[p.to + r * ty + c] = x[p.from + r + c * fx];
      }
    }
  }
}

MULTIVERSION void dp_gather(float *restrict y, const float *restrict x, const int32_t *restrict index,
                            ptrdiff_t step, ptrdiff_t axes, const ptrdiff_t *restrict sizes,
                            const ptrdiff_t *restrict from) {
  const ptrdiff_t outer = axes - 1, n = sizes[outer];
  ptrdiff_t runs = 1;
  for (ptrdiff_t k = 0; k < outer; k++) runs *= sizes[k];
  Position p = position_at(0, outer, sizes, from, from);
  for (ptrdiff_t run = 0; run < runs; run++, advance(&p, outer, sizes, from, from))
    for (ptrdiff_t i = 0; i < n; i++)
      y[run * n + i] = x[p.from + i * from[outer] + index[run * n + i] * step];
}

MULTIVERSION void dp_gather_backward(float *restrict gx, const float *restrict g, const int32_t *restrict index,
                                     ptrdiff_t step, ptrdiff_t axes, const ptrdiff_t *restrict sizes,
                                     const ptrdiff_t *restrict from) {
  const ptrdiff_t outer = axes - 1, n = sizes[outer];
  ptrdiff_t runs = 1;
  for (ptrdiff_t k = 0; k < outer; k++) runs *= sizes[k];
  Position p = position_at(0, outer, sizes, from, from);
  for (ptrdiff_t run = 0; run < runs; run++, advance(&p, outer, sizes, from, from))
    for (ptrdiff_t i = 0; i < n; i++)
      gx[p.from + i * from[outer] + index[run * n + i] * step] += g[run * n + i];
}

MULTIVERSION void dp_gather_items(float *restrict y, const float *restrict x, const int32_t *restrict index,
                                  ptrdiff_t count, ptrdiff_t width) {
  for (ptrdiff_t j = 0; j < count; j++) {
    const float *item = x + index[j] * width;
    for (ptrdiff_t i = 0; i < width; i++) y[j * width + i] = item[i];
  }
}

MULTIVERSION void dp_scatter_items(float *restrict gx, const float *restrict g, const int32_t *restrict index,
                                   ptrdiff_t count, ptrdiff_t width) {
  for (ptrdiff_t j = 0; j < count; j++) {
    float *item = gx + index[j] * width;
    for (ptrdiff_t i = 0; i < width; i++) item[i] += g[j * width + i];
  }
}
