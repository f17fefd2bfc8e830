#include "CKernels.h"
#include "half_tools.h"
#include "winograd_tile.h"

#if HAS_HALF

// The points are 0, a, -a, b, -b and infinity with a = sqrt(1/2), b = 2a: rounding to bfloat16 costs half as much there
// as at 0, 1, -1, 2, -2 (measured), and the squares are exact.
static const float A = 0.70710678f, B = 1.41421356f;

#define SET(x) _mm512_set1_ps(x)
#define ADD(x, y) _mm512_add_ps(x, y)
#define SUB(x, y) _mm512_sub_ps(x, y)
#define MUL(x, y) _mm512_mul_ps(x, y)
#define FMA(x, y, z) _mm512_fmadd_ps(x, y, z)   // x y + z
#define FNMA(x, y, z) _mm512_fnmadd_ps(x, y, z)  // z - x y

// Bᵀ d
HALF INLINE void input_points(const __m512 d[IN], __m512 t[IN]) {
  const __m512 u = FNMA(SET(2), d[2], d[4]), v = MUL(SET(A), FNMA(SET(2), d[1], d[3])),
               p = FNMA(SET(0.5f), d[2], d[4]), q = MUL(SET(B), FNMA(SET(0.5f), d[1], d[3]));
  t[0] = ADD(FNMA(SET(2.5f), d[2], d[4]), d[0]);
  t[1] = ADD(u, v), t[2] = SUB(u, v), t[3] = ADD(p, q), t[4] = SUB(p, q);
  t[5] = ADD(FNMA(SET(2.5f), d[3], d[5]), d[1]);
}

// Aᵀ m
HALF INLINE void output_points(const __m512 m[IN], __m512 y[OUT]) {
  const __m512 s = ADD(m[1], m[2]), e = MUL(SET(A), SUB(m[1], m[2])), t = ADD(m[3], m[4]),
               f = MUL(SET(B), SUB(m[3], m[4]));
  y[0] = ADD(ADD(m[0], s), t);
  y[1] = ADD(e, f);
  y[2] = FMA(SET(0.5f), s, ADD(t, t));
  y[3] = ADD(FMA(SET(0.5f), e, ADD(f, f)), m[5]);
}

// G g
HALF INLINE void weight_points(const __m512 g[3], __m512 u[IN]) {
  const __m512 p = MUL(SET(-1 / 1.5f), FMA(SET(0.5f), g[2], g[0])), q = MUL(SET(-A / 1.5f), g[1]),
               r = MUL(SET(1 / 6.f), FMA(SET(2), g[2], g[0])), s = MUL(SET(B / 6.f), g[1]);
  u[0] = g[0], u[1] = ADD(p, q), u[2] = SUB(p, q), u[3] = ADD(r, s), u[4] = SUB(r, s), u[5] = g[2];
}

// One tile, up to 16 channels. A pixel outside the image is a block of zeros that does not move with the channels.
HALF INLINE void input_block(const float *const *pixel, const ptrdiff_t *moves, ptrdiff_t at, ptrdiff_t channels,
                             uint16_t *out, ptrdiff_t plane) {
  const __mmask16 read = first_lanes(channels - at), written = first_lanes((channels - at + 1) / 2 * 2);
  __m512 m[IN][IN], t[IN];
  UNROLL for (int j = 0; j < IN; j++) {
    __m512 d[IN];
    UNROLL for (int i = 0; i < IN; i++)
      d[i] = _mm512_maskz_loadu_ps(read, pixel[i * IN + j] + (at & moves[i * IN + j]));
    input_points(d, t);
    UNROLL for (int i = 0; i < IN; i++) m[i][j] = t[i];
  }
  UNROLL for (int i = 0; i < IN; i++) {
    input_points(m[i], t);
    UNROLL for (int j = 0; j < IN; j++)
      _mm256_mask_storeu_epi16(out + (i * IN + j) * plane + at, written, (__m256i)_mm512_cvtneps_pbh(t[j]));
  }
}

HALF void dp_half_winograd_input(const dp_windows *w, const float *x, ptrdiff_t first, ptrdiff_t last,
                                 uint16_t *transformed, ptrdiff_t stride, ptrdiff_t plane) {
  const float zeros[HALF_LANES] = {0};
  for (ptrdiff_t tile = first; tile < last; tile++) {
    const float *pixel[POINTS];
    ptrdiff_t moves[POINTS];
    tile_pixels(w, x, tile, zeros, pixel, moves);
    uint16_t *out = transformed + (tile - first) * stride;
    for (ptrdiff_t at = 0; at < w->channels; at += HALF_LANES)
      input_block(pixel, moves, at, w->channels, out, plane);
  }
}

HALF void dp_half_winograd_weights(const float *weight, ptrdiff_t first, ptrdiff_t last, ptrdiff_t inputs,
                                   float *transformed, ptrdiff_t plane) {
  for (ptrdiff_t o = first; o < last; o++)
    for (ptrdiff_t at = 0; at < inputs; at += HALF_LANES) {
      const __mmask16 mask = first_lanes(inputs - at);
      const float *taps = weight + o * 9 * inputs + at;
      float *out = transformed + (o - first) * inputs + at;
      __m512 m[IN][3], u[IN];
      UNROLL for (int x = 0; x < 3; x++) {
        __m512 g[3];
        UNROLL for (int y = 0; y < 3; y++) g[y] = _mm512_maskz_loadu_ps(mask, taps + (y * 3 + x) * inputs);
        weight_points(g, u);
        UNROLL for (int i = 0; i < IN; i++) m[i][x] = u[i];
      }
      UNROLL for (int i = 0; i < IN; i++) {
        weight_points(m[i], u);
        UNROLL for (int j = 0; j < IN; j++) _mm512_mask_storeu_ps(out + (i * IN + j) * plane, mask, u[j]);
      }
    }
}

HALF void dp_half_winograd_output(const dp_windows *w, const float *products, ptrdiff_t plane, ptrdiff_t first,
                                  ptrdiff_t last, ptrdiff_t outputs, const float *bias, const float *residual,
                                  dp_half_activation activation, float *y) {
  const ptrdiff_t down = (w->outputHeight + OUT - 1) / OUT, across = (w->outputWidth + OUT - 1) / OUT,
                  rowStride = w->outputWidth * outputs;
  const __m512 least = activation == dp_half_relu ? _mm512_setzero_ps() : SET(-__builtin_inff());
  for (ptrdiff_t tile = first; tile < last; tile++) {
    const ptrdiff_t image = tile / (down * across), place = tile % (down * across), top = place / across * OUT,
                    left = place % across * OUT,
                    rows = w->outputHeight - top < OUT ? w->outputHeight - top : OUT,
                    columns = w->outputWidth - left < OUT ? w->outputWidth - left : OUT,
                    corner = (image * w->outputHeight + top) * rowStride + left * outputs;
    const float *in = products + (tile - first) * outputs;
    for (ptrdiff_t at = 0; at < outputs; at += HALF_LANES) {
      const __mmask16 mask = first_lanes(outputs - at);
      const __m512 shift = bias ? _mm512_maskz_loadu_ps(mask, bias + at) : _mm512_setzero_ps();
      __m512 m[OUT][IN], t[OUT];
      UNROLL for (int j = 0; j < IN; j++) {
        __m512 q[IN];
        UNROLL for (int i = 0; i < IN; i++) q[i] = _mm512_maskz_loadu_ps(mask, in + (i * IN + j) * plane + at);
        output_points(q, t);
        UNROLL for (int i = 0; i < OUT; i++) m[i][j] = t[i];
      }
      for (ptrdiff_t i = 0; i < rows; i++) {
        output_points(m[i], t);
        for (ptrdiff_t j = 0; j < columns; j++) {
          const ptrdiff_t place = corner + i * rowStride + j * outputs + at;
          __m512 sum = ADD(t[j], shift);
          if (residual) sum = ADD(sum, _mm512_maskz_loadu_ps(mask, residual + place));
          _mm512_mask_storeu_ps(y + place, mask, _mm512_max_ps(least, sum));  // NaN stays
        }
      }
    }
    if (activation != dp_half_none && activation != dp_half_relu)
      for (ptrdiff_t i = 0; i < rows; i++) activate(y + corner + i * rowStride, columns * outputs, activation);
  }
}

#else

void dp_half_winograd_input(const dp_windows *w, const float *x, ptrdiff_t first, ptrdiff_t last,
                            uint16_t *transformed, ptrdiff_t stride, ptrdiff_t plane) {
  (void)w, (void)x, (void)first, (void)last, (void)transformed, (void)stride, (void)plane;
}
void dp_half_winograd_weights(const float *weight, ptrdiff_t first, ptrdiff_t last, ptrdiff_t inputs,
                              float *transformed, ptrdiff_t plane) {
  (void)weight, (void)first, (void)last, (void)inputs, (void)transformed, (void)plane;
}
void dp_half_winograd_output(const dp_windows *w, const float *products, ptrdiff_t plane, ptrdiff_t first,
                             ptrdiff_t last, ptrdiff_t outputs, const float *bias, const float *residual,
                             dp_half_activation activation, float *y) {
  (void)w, (void)products, (void)plane, (void)first, (void)last, (void)outputs, (void)bias, (void)residual;
  (void)activation, (void)y;
}

#endif
