#include "CKernels.h"
#include "lanes.h"
#include "polynomials.h"
#include "vectors.h"

// Matrices of a window are tiny (49 x 49 x 32): a product of BLAS spends half its time on packing and on the call.

// rows x vectors numbers of c, held in registers; both are constants where it is called.
INLINE void product_tile(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t rowA,
                         ptrdiff_t stepA, const float *restrict b, ptrdiff_t ldb, ptrdiff_t k, float factor,
                         const int rows, const int vectors) {
  Vector sum[4][2] = {{{0}}};
  for (ptrdiff_t i = 0; i < k; i++, a += stepA, b += ldb) {
    const Vector *right = (const Vector *)b;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sum[r][v] += a[r * rowA] * right[v];
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) ((Vector *)(c + r * ldc))[v] = sum[r][v] * factor;
}

MULTIVERSION void dp_packed_product(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t rowA,
                                    ptrdiff_t stepA, const float *restrict b, ptrdiff_t ldb, ptrdiff_t m,
                                    ptrdiff_t n, ptrdiff_t k, float factor) {
  ptrdiff_t j = 0;
  for (; j + LANES < n; j += 2 * LANES) {
    ptrdiff_t i = 0;
    for (; i + 4 <= m; i += 4)
      product_tile(c + i * ldc + j, ldc, a + i * rowA, rowA, stepA, b + j, ldb, k, factor, 4, 2);
    for (; i < m; i++)
      product_tile(c + i * ldc + j, ldc, a + i * rowA, rowA, stepA, b + j, ldb, k, factor, 1, 2);
  }
  if (j < n) {
    ptrdiff_t i = 0;
    for (; i + 4 <= m; i += 4)
      product_tile(c + i * ldc + j, ldc, a + i * rowA, rowA, stepA, b + j, ldb, k, factor, 4, 1);
    for (; i < m; i++)
      product_tile(c + i * ldc + j, ldc, a + i * rowA, rowA, stepA, b + j, ldb, k, factor, 1, 1);
  }
}

MULTIVERSION void dp_pack_rows(float *restrict packed, ptrdiff_t ld, const float *restrict x, ptrdiff_t stride,
                               const int32_t *restrict tokens, ptrdiff_t count, ptrdiff_t width) {
  for (ptrdiff_t t = 0; t < count; t++) {
    const float *row = x + tokens[t] * stride;
    for (ptrdiff_t i = 0; i < width; i++) packed[t * ld + i] = row[i];
    for (ptrdiff_t i = width; i < ld; i++) packed[t * ld + i] = 0;
  }
}

MULTIVERSION void dp_pack_columns(float *restrict packed, ptrdiff_t ld, const float *restrict x, ptrdiff_t stride,
                                  const int32_t *restrict tokens, ptrdiff_t count, ptrdiff_t width) {
  const Vector none = {0};
  for (ptrdiff_t first = 0; first < ld; first += LANES) {
    ptrdiff_t i = 0;
    for (; i + LANES <= width; i += LANES) {
      Vector block[LANES];
      for (int t = 0; t < LANES; t++) {
        const ptrdiff_t token = first + t < count ? first + t : count - 1;
        block[t] = *(const Unaligned *)(x + tokens[token] * stride + i);
        if (token != first + t) block[t] = none;
      }
      turn(block);
      for (int c = 0; c < LANES; c++) *(Vector *)(packed + (i + c) * ld + first) = block[c];
    }
    for (; i < width; i++)
      for (ptrdiff_t t = 0; t < LANES; t++)
        packed[i * ld + first + t] = first + t < count ? x[tokens[first + t] * stride + i] : 0;
  }
}

MULTIVERSION void dp_unpack_rows(float *restrict x, ptrdiff_t stride, const float *restrict packed, ptrdiff_t ld,
                                 const int32_t *restrict tokens, ptrdiff_t count, ptrdiff_t width) {
  for (ptrdiff_t t = 0; t < count; t++) {
    float *row = x + tokens[t] * stride;
    for (ptrdiff_t i = 0; i < width; i++) row[i] = packed[t * ld + i];
  }
}

MULTIVERSION void dp_attention_softmax(float *restrict s, const float *restrict bias,
                                       const int32_t *restrict region, ptrdiff_t rows, ptrdiff_t width,
                                       float scale) {
  for (ptrdiff_t r = 0; r < rows; r++, s += width) {
    if (bias)
      for (ptrdiff_t i = 0; i < width; i++) s[i] = s[i] * scale + bias[r * width + i];
    else
      for (ptrdiff_t i = 0; i < width; i++) s[i] *= scale;
    if (region)
      for (ptrdiff_t i = 0; i < width; i++) s[i] -= region[i] == region[r] ? 0.f : 100.f;
    const float most = dp_lane_max(s, width);
    float sum;
    DP_LANE_SUM(sum, width, (s[i] = dp_exp(s[i] - most)));
    const float share = 1.f / sum;
    for (ptrdiff_t i = 0; i < width; i++) s[i] *= share;
  }
}

MULTIVERSION void dp_attention_softmax_backward(float *restrict gs, const float *restrict p, ptrdiff_t rows,
                                                ptrdiff_t width, float factor) {
  for (ptrdiff_t r = 0; r < rows; r++, gs += width, p += width) {
    float dot;
    DP_LANE_SUM(dot, width, gs[i] * p[i]);
    for (ptrdiff_t i = 0; i < width; i++) gs[i] = factor * (p[i] * (gs[i] - dot));
  }
}
