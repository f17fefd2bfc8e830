#include "half_tools.h"

#include <string.h>

#if HAS_HALF

// A tile of the product lies in registers: rows and vectors of 16 outputs. 28 sums, two vectors of weights, one of
// the left operand's pairs.
enum { ROWS = 14, LANES = HALF_LANES, VECTORS = 2 };
// Pairs of inputs that are taken at once: a panel of so many lies in the second level of cache, beside the rows.
enum { PAIRS = DP_HALF_INPUTS_AT_ONCE / 2 };

int dp_half_is_available(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512bf16");
}

ptrdiff_t dp_half_panel_count(ptrdiff_t outputs, ptrdiff_t inputs) {
  return (outputs + LANES - 1) / LANES * LANES * ((inputs + 1) / 2 * 2);
}

ptrdiff_t dp_half_stride(ptrdiff_t count) { return ((count + 31) / 32 | 1) * 32; }

HALF void dp_half_round(const float *in, ptrdiff_t inStride, ptrdiff_t rows, ptrdiff_t width, uint16_t *out,
                        ptrdiff_t outStride) {
  for (ptrdiff_t r = 0; r < rows; r++) round_row(in + r * inStride, width, out + r * outStride);
}

HALF void dp_half_pack(const float *weight, ptrdiff_t stride, ptrdiff_t outputs, ptrdiff_t inputs,
                       uint16_t *panels) {
  const ptrdiff_t width = (inputs + 1) / 2 * 2;
  uint16_t pairs[2 * LANES];
  for (ptrdiff_t first = 0; first < outputs; first += LANES, panels += LANES * width)
    for (ptrdiff_t o = 0; o < LANES; o++)
      for (ptrdiff_t i = 0; i < width; i += 2 * LANES) {
        const ptrdiff_t left = width - i < 2 * LANES ? width - i : 2 * LANES;
        if (first + o < outputs)
          round_row(weight + (first + o) * stride + i, inputs - i < left ? inputs - i : left, pairs);
        else
          memset(pairs, 0, sizeof pairs);
        for (ptrdiff_t k = 0; k < left; k += 2)
          memcpy(panels + (i + k) * LANES + 2 * o, pairs + k, 2 * sizeof *pairs);
      }
}

// What a tile begins from, and what becomes of it.
typedef struct {
  float *y;
  const float *bias, *residual;
  ptrdiff_t yStride, residualStride;
  dp_half_activation activation;
  __mmask16 mask[VECTORS];
  int isFirst, isLast;
} target;

// `rows` and `vectors` are constants where it is inlined, so that the sums are registers.
HALF INLINE void tile(const int rows, const int vectors, const char *a, ptrdiff_t step, const uint16_t *b0,
                      const uint16_t *b1, ptrdiff_t pairs, const target *to) {
  __m512 sum[ROWS][VECTORS];
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++)
      sum[r][v] = to->isFirst ? _mm512_setzero_ps()
                              : _mm512_maskz_loadu_ps(to->mask[v], to->y + r * to->yStride + v * LANES);
  for (ptrdiff_t k = 0; k < pairs; k++, a += 4, b0 += 2 * LANES, b1 += 2 * LANES) {
    const __m512bh w0 = (__m512bh)_mm512_loadu_si512(b0);
    const __m512bh w1 = vectors > 1 ? (__m512bh)_mm512_loadu_si512(b1) : w0;
    UNROLL for (int r = 0; r < rows; r++) {
      int pair;
      memcpy(&pair, a + r * step, sizeof pair);
      const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
      sum[r][0] = _mm512_dpbf16_ps(sum[r][0], x, w0);
      if (vectors > 1) sum[r][1] = _mm512_dpbf16_ps(sum[r][1], x, w1);
    }
  }
  if (to->isLast) {
    if (to->bias)
      UNROLL for (int v = 0; v < vectors; v++) {
        const __m512 bias = _mm512_maskz_loadu_ps(to->mask[v], to->bias + v * LANES);
        UNROLL for (int r = 0; r < rows; r++) sum[r][v] = _mm512_add_ps(sum[r][v], bias);
      }
    if (to->residual)
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
          sum[r][v] = _mm512_add_ps(sum[r][v], _mm512_maskz_loadu_ps(
                                                   to->mask[v], to->residual + r * to->residualStride + v * LANES));
    if (to->activation == dp_half_relu) {
      const __m512 zero = _mm512_setzero_ps();
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_max_ps(zero, sum[r][v]);  // NaN stays
    }
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++)
      _mm512_mask_storeu_ps(to->y + r * to->yStride + v * LANES, to->mask[v], sum[r][v]);
}

#define TILE(n)                                                                                              \
  HALF static __attribute__((noinline)) void tile_##n(const char *a, ptrdiff_t step, const uint16_t *b0,     \
                                                      const uint16_t *b1, ptrdiff_t pairs, const target *to) { \
    if (b1)                                                                                                  \
      tile(n, 2, a, step, b0, b1, pairs, to);                                                                \
    else                                                                                                     \
      tile(n, 1, a, step, b0, b0, pairs, to);                                                                \
  }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)

typedef void tile_function(const char *, ptrdiff_t, const uint16_t *, const uint16_t *, ptrdiff_t, const target *);
static tile_function *const tiles[ROWS + 1] = {0,      tile_1, tile_2, tile_3,  tile_4,  tile_5,  tile_6, tile_7,
                                               tile_8, tile_9, tile_10, tile_11, tile_12, tile_13, tile_14};

// A tile's rows, rounded, with a zero behind an odd number of outputs.
HALF INLINE void round_tile(const float *y, ptrdiff_t rows, ptrdiff_t outputs, uint16_t *out, ptrdiff_t stride) {
  const __mmask16 low = first_lanes(outputs), high = first_lanes(outputs - LANES);
  const __mmask32 written = outputs >= 2 * LANES ? ~0u : (1u << ((outputs + 1) & ~(ptrdiff_t)1)) - 1;
  for (ptrdiff_t r = 0; r < rows; r++, y += VECTORS * LANES)
    _mm512_mask_storeu_epi16(out + r * stride, written,
                             (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, y + LANES),
                                                          _mm512_maskz_loadu_ps(low, y)));
}

HALF void dp_half_multiply(const dp_half_product *p) {
  const ptrdiff_t all = (p->inputs + 1) / 2, width = VECTORS * LANES;
  const int isRegister = p->activation == dp_half_none || p->activation == dp_half_relu;
  if (p->rows <= 0 || p->outputs <= 0) return;
  // Rows in tiles of nearly one height.
  const ptrdiff_t bands = (p->rows + ROWS - 1) / ROWS;
  const ptrdiff_t panel = all * 2 * LANES;
  // What is rounded at once lies in the first level of cache until then.
  float sums[ROWS * VECTORS * LANES] __attribute__((aligned(64)));
  ptrdiff_t first = 0;
  do {
    const ptrdiff_t pairs = all - first < PAIRS + PAIRS / 2 ? all - first : PAIRS;
    for (ptrdiff_t column = 0; column < p->outputs; column += width) {
      const ptrdiff_t left = p->outputs - column;
      const uint16_t *b0 = p->panels + column / LANES * panel + first * 2 * LANES;
      const uint16_t *b1 = left > LANES ? b0 + panel : 0;
      target to = {.bias = p->bias ? p->bias + column : 0,
                   .yStride = p->halves ? width : p->yStride,
                   .residualStride = p->residualStride,
                   .activation = p->activation,
                   .isFirst = first == 0,
                   .isLast = first + pairs == all};
      for (int v = 0; v < VECTORS; v++) to.mask[v] = first_lanes(left - v * LANES);
      for (ptrdiff_t band = 0; band < bands; band++) {
        const ptrdiff_t row = p->rows * band / bands, rows = p->rows * (band + 1) / bands - row;
        to.y = p->halves ? sums : p->y + row * p->yStride + column;
        to.residual = p->residual ? p->residual + row * p->residualStride + column : 0;
        tiles[rows]((const char *)(p->a + row * p->aStride + 2 * first), 2 * p->aStride, b0, b1, pairs, &to);
        if (to.isLast && !isRegister)
          for (ptrdiff_t r = 0; r < rows; r++)
            activate(to.y + r * to.yStride, left < width ? left : width, p->activation);
        if (p->halves) round_tile(sums, rows, left, p->halves + row * p->halvesStride + column, p->halvesStride);
      }
    }
    first += pairs;
  } while (first < all);
}

#else

int dp_half_is_available(void) { return 0; }
ptrdiff_t dp_half_panel_count(ptrdiff_t outputs, ptrdiff_t inputs) { return (void)outputs, (void)inputs, 0; }
ptrdiff_t dp_half_stride(ptrdiff_t count) { return (void)count, 0; }
void dp_half_pack(const float *weight, ptrdiff_t stride, ptrdiff_t outputs, ptrdiff_t inputs, uint16_t *panels) {
  (void)weight, (void)stride, (void)outputs, (void)inputs, (void)panels;
}
void dp_half_round(const float *in, ptrdiff_t inStride, ptrdiff_t rows, ptrdiff_t width, uint16_t *out,
                   ptrdiff_t outStride) {
  (void)in, (void)inStride, (void)rows, (void)width, (void)out, (void)outStride;
}
void dp_half_multiply(const dp_half_product *p) { (void)p; }

#endif
