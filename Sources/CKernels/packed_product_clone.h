// The product of small matrices for one set of instructions: NAME(x) names its functions, TARGET is what they are compiled for,
// ROWS (3, 4 or 6) and VECTORS (1 or 2) how many rows and vectors of sums fit its registers. All are undefined behind it.

// rows x vectors numbers of c, held in registers; both are constants where it is called.
INLINE TARGET void NAME(product_tile)(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t rowA,
                                      ptrdiff_t stepA, const float *restrict b, ptrdiff_t ldb, ptrdiff_t k,
                                      float factor, const int rows, const int vectors) {
  Vector sum[ROWS][VECTORS] = {{{0}}};
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

// All rows of the columns of one tile, in tiles of as equal heights as there are.
INLINE TARGET void NAME(product_columns)(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t rowA,
                                         ptrdiff_t stepA, const float *restrict b, ptrdiff_t ldb, ptrdiff_t m,
                                         ptrdiff_t k, float factor, const int vectors) {
  const ptrdiff_t tiles = (m + ROWS - 1) / ROWS;
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t from = m * t / tiles;
    float *const out = c + from * ldc;
    const float *const left = a + from * rowA;
#define DP_TILE(count)                                                                          \
  case count:                                                                                   \
    NAME(product_tile)(out, ldc, left, rowA, stepA, b, ldb, k, factor, count, vectors); \
    break;
    switch (m * (t + 1) / tiles - from) {
      DP_TILE(1)
      DP_TILE(2)
      DP_TILE(3)
#if ROWS > 3
      DP_TILE(4)
#endif
#if ROWS > 4
      DP_TILE(5)
      DP_TILE(6)
#endif
    }
#undef DP_TILE
  }
}

TARGET static void NAME(packed_product)(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t rowA,
                                        ptrdiff_t stepA, const float *restrict b, ptrdiff_t ldb, ptrdiff_t m,
                                        ptrdiff_t n, ptrdiff_t k, float factor) {
  for (ptrdiff_t j = 0; j < n; j += VECTORS * LANES)
    if (VECTORS == 2 && n - j > LANES)
      NAME(product_columns)(c + j, ldc, a, rowA, stepA, b + j, ldb, m, k, factor, VECTORS);
    else
      NAME(product_columns)(c + j, ldc, a, rowA, stepA, b + j, ldb, m, k, factor, 1);
}

#undef NAME
#undef TARGET
#undef ROWS
#undef VECTORS
