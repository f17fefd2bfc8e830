// The product of rows for one set of instructions: NAME(x) names its functions, TARGET is what they are compiled for,
// ROWS and VECTORS (1 or 2) how many rows and vectors of sums fit its registers beside what they are made of. All are undefined
// behind it.

// The columns that lie side by side in a panel: those of a tile, so that it reads its factor from end to end.
INLINE TARGET ptrdiff_t NAME(strip)(ptrdiff_t width) { return VECTORS == 2 && width > LANES ? PANEL : LANES; }

// rows x vectors numbers of c, held in registers; both are constants where it is called.
INLINE TARGET void NAME(tile)(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t lda,
                              const float *restrict b, ptrdiff_t ldb, ptrdiff_t k, ptrdiff_t width,
                              const float *restrict bias, int isAdding, const int rows, const int vectors) {
  Vector sum[ROWS][VECTORS] = {{{0}}};
  for (ptrdiff_t i = 0; i < k; i++, a++, b += ldb) {
    const Vector *right = (const Vector *)b;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sum[r][v] += a[r * lda] * right[v];
  }
  if (width == vectors * LANES) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) {
        Unaligned *const out = (Unaligned *)(c + r * ldc) + v;
        if (isAdding)
          *out += sum[r][v];
        else if (bias)
          *out = ((const Unaligned *)bias)[v] + sum[r][v];
        else
          *out = sum[r][v];
      }
  } else {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      float row[VECTORS * LANES] __attribute__((aligned(64)));
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) ((Vector *)row)[v] = sum[r][v];
      // A loop each: in one for all, emulators read what is masked out, too, and there may be no bias.
      float *const out = c + r * ldc;
      if (isAdding)
        for (ptrdiff_t j = 0; j < width; j++) out[j] += row[j];
      else if (bias)
        for (ptrdiff_t j = 0; j < width; j++) out[j] = bias[j] + row[j];
      else
        for (ptrdiff_t j = 0; j < width; j++) out[j] = row[j];
    }
  }
}

TARGET static void NAME(tiles)(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t lda,
                               const float *restrict b, ptrdiff_t ldb, ptrdiff_t k, ptrdiff_t width,
                               const float *restrict bias, int isAdding, int rows) {
#define DP_TILE(count)                                                                     \
  case count:                                                                              \
    if (VECTORS == 2 && width > LANES)                                                     \
      NAME(tile)(c, ldc, a, lda, b, ldb, k, width, bias, isAdding, count, VECTORS); \
    else                                                                                   \
      NAME(tile)(c, ldc, a, lda, b, ldb, k, width, bias, isAdding, count, 1);       \
    break;
  switch (rows) {
    DP_TILE(1)
#if ROWS > 1
    DP_TILE(2)
    DP_TILE(3)
#endif
#if ROWS > 3
    DP_TILE(4)
    DP_TILE(5)
    DP_TILE(6)
#endif
#if ROWS > 6
    DP_TILE(7)
    DP_TILE(8)
    DP_TILE(9)
    DP_TILE(10)
    DP_TILE(11)
    DP_TILE(12)
#endif
  }
#undef DP_TILE
}

TARGET static void NAME(product)(float *restrict c, ptrdiff_t ldc, const float *restrict x, ptrdiff_t ldx,
                                 ptrdiff_t rows, const float *restrict packed, ptrdiff_t firstPanel,
                                 ptrdiff_t lastPanel, ptrdiff_t n, ptrdiff_t k, const float *restrict bias,
                                 float *restrict scratch) {
  const ptrdiff_t wide = dp_packed_width(n), blocks = (k + DEPTH - 1) / DEPTH, parts = (rows + HEIGHT - 1) / HEIGHT;
  for (ptrdiff_t part = 0; part < parts; part++) {
    const ptrdiff_t top = rows * part / parts, height = rows * (part + 1) / parts - top,
                    tiles = (height + ROWS - 1) / ROWS;
    for (ptrdiff_t block = 0; block < blocks; block++) {
      const ptrdiff_t start = k * block / blocks, depth = k * (block + 1) / blocks - start;
      const float *left = x + top * ldx + start;
      ptrdiff_t lda = ldx;
      // A tile's rows would compete for the eight ways of the same lines of the first cache.
      if (ROWS > 8 && ldx % 1024 == 0) {
        for (ptrdiff_t r = 0; r < height; r++)
          memcpy(scratch + r * ROW_STRIDE, left + r * ldx, (size_t)depth * sizeof *left);
        left = scratch;
        lda = ROW_STRIDE;
      }
      for (ptrdiff_t panel = firstPanel; panel < lastPanel; panel++) {
        const ptrdiff_t j = panel * PANEL, width = n - j < PANEL ? n - j : PANEL, stride = NAME(strip)(width);
        const float *const right = packed + start * wide + j * depth;
        for (ptrdiff_t t = 0; t < tiles; t++) {
          const ptrdiff_t from = height * t / tiles, to = height * (t + 1) / tiles;
          for (ptrdiff_t v = 0; v < width; v += VECTORS * LANES)
            NAME(tiles)
            (c + (top + from) * ldc + j + v, ldc, left + from * lda, lda, right + v * depth, stride, depth,
             width - v < VECTORS * LANES ? width - v : VECTORS * LANES, bias ? bias + j + v : bias, block > 0,
             (int)(to - from));
        }
      }
    }
  }
}

TARGET static void NAME(pack)(float *restrict packed, ptrdiff_t firstPanel, ptrdiff_t lastPanel, const float *restrict w,
                              ptrdiff_t ldw, int isTransposed, ptrdiff_t n, ptrdiff_t k) {
  const ptrdiff_t wide = dp_packed_width(n), blocks = (k + DEPTH - 1) / DEPTH;
  for (ptrdiff_t panel = firstPanel; panel < lastPanel; panel++) {
    const ptrdiff_t j = panel * PANEL, width = n - j < PANEL ? n - j : PANEL, stride = NAME(strip)(width);
    for (ptrdiff_t block = 0; block < blocks; block++) {
      const ptrdiff_t start = k * block / blocks, depth = k * (block + 1) / blocks - start;
      const float *const source = isTransposed ? w + j * ldw + start : w + start * ldw + j;
      for (ptrdiff_t v = 0; v < width; v += stride) {
        float *const out = packed + start * wide + j * depth + v * depth;
        const ptrdiff_t columns = width - v < stride ? width - v : stride;
        if (columns < stride) memset(out, 0, (size_t)(depth * stride) * sizeof *out);
        if (isTransposed)
          for (ptrdiff_t c = 0; c < columns; c += LANES)
            pack_columns(out + c, stride, source + (v + c) * ldw, ldw, columns - c < LANES ? columns - c : LANES, depth);
        else
          for (ptrdiff_t i = 0; i < depth; i++) copy_row(out + i * stride, source + v + i * ldw, columns);
      }
    }
  }
}

#undef NAME
#undef TARGET
#undef ROWS
#undef VECTORS
