#include "half_tools.h"
#include "vectors.h"

#if HAS_HALF

#define SET(x) _mm512_set1_ps(x)

INLINE ptrdiff_t vectors(ptrdiff_t count) { return (count + LANES - 1) / LANES * LANES; }

// Rows whose logits are made at once: they stay in the first level of cache, where there are not too many columns.
INLINE ptrdiff_t rows_at_once(ptrdiff_t count) {
  const ptrdiff_t most = 6144 / vectors(count) / 14 * 14;
  return most < 14 ? 14 : most > 112 ? 112 : most;
}

ptrdiff_t dp_half_attention_packed(ptrdiff_t count, ptrdiff_t width) {
  return dp_half_panel_count(count, width) + dp_half_panel_count(width, count);
}

ptrdiff_t dp_half_attention_halves(ptrdiff_t count, ptrdiff_t width) {
  return rows_at_once(count) * (dp_half_stride(width) + dp_half_stride(count));
}

ptrdiff_t dp_half_attention_floats(ptrdiff_t count, ptrdiff_t width) {
  return rows_at_once(count) * (vectors(count) + vectors(width) + 1);
}

INLINE const float *row_of(const float *x, const dp_half_attention_head *h, ptrdiff_t i) {
  return x + (h->tokens ? h->tokens[i] : i) * h->stride;
}

// k as weights: tokens are outputs.
HALF static void pack_keys(const dp_half_attention_head *h, uint16_t *panels) {
  const ptrdiff_t pairs = (h->width + 1) / 2;
  for (ptrdiff_t first = 0; first < h->count; first += LANES, panels += pairs * 2 * LANES)
    for (ptrdiff_t at = 0; at < pairs; at += LANES) {
      const ptrdiff_t left = h->width - 2 * at, taken = pairs - at < LANES ? pairs - at : LANES;
      const __mmask16 low = first_lanes(left), high = first_lanes(left - LANES);
      __m512i x[LANES];
      UNROLL for (int o = 0; o < LANES; o++) {
        const float *row = row_of(h->k, h, first + o < h->count ? first + o : h->count - 1) + 2 * at;
        x[o] = (__m512i)_mm512_cvtne2ps_pbh(
            high ? _mm512_maskz_loadu_ps(high, row + LANES) : _mm512_setzero_ps(), _mm512_maskz_loadu_ps(low, row));
      }
      turn((Vector *)x);
      for (ptrdiff_t i = 0; i < taken; i++) _mm512_storeu_si512(panels + (at + i) * 2 * LANES, x[i]);
    }
}

// v as weights: channels are outputs, tokens inputs.
HALF static void pack_values(const dp_half_attention_head *h, uint16_t *panels) {
  const ptrdiff_t pairs = (h->count + 1) / 2, panel = pairs * 2 * LANES;
  uint16_t places[2 * LANES];
  for (int i = 0; i < LANES; i++) {
    places[2 * i] = (uint16_t)i;
    places[2 * i + 1] = (uint16_t)(LANES + i);
  }
  const __m512i woven = _mm512_loadu_si512(places);
  for (ptrdiff_t i = 0; i < pairs; i++) {
    const int isLast = 2 * i + 1 == h->count;
    const float *a = row_of(h->v, h, 2 * i), *b = isLast ? a : row_of(h->v, h, 2 * i + 1);
    for (ptrdiff_t at = 0; at < h->width; at += LANES) {
      const __mmask16 mask = first_lanes(h->width - at);
      const __m512 low = _mm512_maskz_loadu_ps(mask, a + at),
                   high = isLast ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, b + at);
      _mm512_storeu_si512(panels + at / LANES * panel + i * 2 * LANES,
                          _mm512_permutexvar_epi16(woven, (__m512i)_mm512_cvtne2ps_pbh(high, low)));
    }
  }
}

// The exponentials of a row of logits, rounded, with zeros behind them; their sum.
HALF static float exponentials(const dp_half_attention_head *h, ptrdiff_t row, float *s, uint16_t *p) {
  const ptrdiff_t count = h->count, width = vectors(count);
  const float *bias = h->bias ? h->bias + row * h->biasStride : 0;
  const __m512 infinite = SET(-__builtin_inff()), scale = SET(h->scale);
  const __m512i own = _mm512_set1_epi32(h->region ? h->region[row] : 0);
  __m512 most = infinite;
  for (ptrdiff_t i = 0; i < width; i += LANES) {
    const __mmask16 mask = first_lanes(count - i);
    __m512 x = _mm512_mul_ps(_mm512_loadu_ps(s + i), scale);
    if (bias) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask, bias + i));
    if (h->region) {
      const __m512i region = _mm512_maskz_loadu_epi32(mask, h->region + i);
      x = _mm512_mask_sub_ps(x, _mm512_cmpneq_epi32_mask(own, region), x, SET(100));
    }
    x = _mm512_mask_mov_ps(infinite, mask, x);
    _mm512_storeu_ps(s + i, x);
    most = _mm512_max_ps(most, x);
  }
  const __m512 top = SET(_mm512_reduce_max_ps(most));
  __m512 sum = _mm512_setzero_ps();
  for (ptrdiff_t i = 0; i < width; i += LANES) {
    const __m512 x = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(s + i), top), SET(1.44269504f));
    const __m512 e = _mm512_maskz_mov_ps(first_lanes(count - i), power(x));
    sum = _mm512_add_ps(sum, e);
    _mm256_storeu_si256((__m256i *)(p + i), (__m256i)_mm512_cvtneps_pbh(e));
  }
  return _mm512_reduce_add_ps(sum);
}

HALF void dp_half_attention_pack(const dp_half_attention_head *h) {
  if (h->count <= 0 || h->width <= 0) return;
  pack_keys(h, h->packed);
  pack_values(h, h->packed + dp_half_panel_count(h->count, h->width));
}

HALF void dp_half_attention(const dp_half_attention_head *h) {
  if (h->count <= 0 || h->width <= 0) return;
  const ptrdiff_t most = rows_at_once(h->count), wide = vectors(h->count), broad = vectors(h->width);
  const uint16_t *const keys = h->packed, *const values = keys + dp_half_panel_count(h->count, h->width);
  uint16_t *const q = h->halves, *const p = q + most * dp_half_stride(h->width);
  float *const logits = h->floats, *const sums = logits + most * wide, *const y = sums + most;
  const ptrdiff_t all = h->end - h->first, bands = (all + most - 1) / most;
  for (ptrdiff_t band = 0; band < bands; band++) {
    const ptrdiff_t first = h->first + all * band / bands, rows = h->first + all * (band + 1) / bands - first;
    for (ptrdiff_t r = 0; r < rows; r++) round_row(row_of(h->q, h, first + r), h->width, q + r * dp_half_stride(h->width));
    dp_half_multiply(&(dp_half_product){.a = q,
                                        .panels = keys,
                                        .aStride = dp_half_stride(h->width),
                                        .rows = rows,
                                        .outputs = wide,
                                        .inputs = h->width,
                                        .y = logits,
                                        .yStride = wide});
    for (ptrdiff_t r = 0; r < rows; r++)
      sums[r] = exponentials(h, first + r, logits + r * wide, p + r * dp_half_stride(h->count));
    dp_half_multiply(&(dp_half_product){.a = p,
                                        .panels = values,
                                        .aStride = dp_half_stride(h->count),
                                        .rows = rows,
                                        .outputs = broad,
                                        .inputs = h->count,
                                        .y = y,
                                        .yStride = broad});
    for (ptrdiff_t r = 0; r < rows; r++) {
      float *out = h->y + (h->tokens ? h->tokens[first + r] : first + r) * h->yStride;
      const __m512 share = SET(1.f / sums[r]);
      for (ptrdiff_t i = 0; i < h->width; i += LANES)
        _mm512_mask_storeu_ps(out + i, first_lanes(h->width - i), _mm512_mul_ps(share, _mm512_loadu_ps(y + r * broad + i)));
    }
  }
}

#else

ptrdiff_t dp_half_attention_packed(ptrdiff_t count, ptrdiff_t width) { return (void)count, (void)width, 0; }
ptrdiff_t dp_half_attention_halves(ptrdiff_t count, ptrdiff_t width) { return (void)count, (void)width, 0; }
ptrdiff_t dp_half_attention_floats(ptrdiff_t count, ptrdiff_t width) { return (void)count, (void)width, 0; }
void dp_half_attention_pack(const dp_half_attention_head *head) { (void)head; }
void dp_half_attention(const dp_half_attention_head *head) { (void)head; }

#endif
