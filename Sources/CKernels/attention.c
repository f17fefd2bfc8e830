#include "CKernels.h"
#include "dispatch.h"
#include "lanes.h"
#include "polynomials.h"
#include "vectors.h"

// Matrices of a window are tiny (49 x 49 x 32): a product of BLAS spends half its time on packing and on the call.

#if HAS_LEVELS
// Sums take 8 of 32 registers, 12 of 16, 12 of 16.
#define NAME(name) JOINED(name, v4)
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define ROWS 4
#define VECTORS 2
#include "packed_product_clone.h"
#define NAME(name) JOINED(name, v3)
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define ROWS 6
#define VECTORS 1
#include "packed_product_clone.h"
#endif

#define NAME(name) JOINED(name, plain)
#define TARGET
#define ROWS 3
#define VECTORS 1
#include "packed_product_clone.h"

void dp_packed_product(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t rowA, ptrdiff_t stepA,
                       const float *restrict b, ptrdiff_t ldb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float factor) {
  DP_DISPATCH(packed_product, c, ldc, a, rowA, stepA, b, ldb, m, n, k, factor);
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

// Each number i of a packed row, whose whole vectors need no loop for a rest.
#define EACH_NUMBER(i)                                     \
  for (ptrdiff_t start = 0; start < ld; start += LANES)    \
    for (ptrdiff_t i = start; i < start + LANES; i++)

MULTIVERSION void dp_attention_softmax(float *restrict s, ptrdiff_t ld, const float *restrict bias,
                                       const int32_t *restrict region, ptrdiff_t rows, ptrdiff_t width,
                                       float scale) {
  if (width <= 0) return;
  const ptrdiff_t last = ld - LANES;
  for (ptrdiff_t r = 0; r < rows; r++, s += ld) {
    if (bias)
      EACH_NUMBER(i) s[i] = s[i] * scale + bias[r * ld + i];
    else
      EACH_NUMBER(i) s[i] *= scale;
    if (region) EACH_NUMBER(i) s[i] -= region[i] == region[r] ? 0.f : 100.f;
    // What is behind the row must not be its maximum, nor slow as exponentials of -inf are.
    for (ptrdiff_t i = last; i < last + LANES; i++) s[i] = i < width ? s[i] : s[0];
    const float most = dp_lane_max(s, ld);
    EACH_NUMBER(i) s[i] = dp_exp(s[i] - most);
    for (ptrdiff_t i = last; i < last + LANES; i++) s[i] = i < width ? s[i] : 0.f;
    float sum;
    DP_LANE_SUM(sum, ld, s[i]);
    const float share = 1.f / sum;
    EACH_NUMBER(i) s[i] *= share;
  }
}

MULTIVERSION void dp_attention_softmax_backward(float *restrict gs, const float *restrict p, ptrdiff_t ld,
                                                ptrdiff_t rows, ptrdiff_t width, float factor) {
  for (ptrdiff_t r = 0; r < rows; r++, gs += ld, p += ld) {
    float dot;
    DP_LANE_SUM(dot, width, gs[i] * p[i]);
    for (ptrdiff_t i = 0; i < width; i++) gs[i] = factor * (p[i] * (gs[i] - dot));
  }
}
