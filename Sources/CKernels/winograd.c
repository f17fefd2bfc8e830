#include "CKernels.h"
#include "lanes.h"
#include "winograd_tile.h"

#include <string.h>

// Along one dimension, for the points 0, 1, -1, 2, -2 and infinity.
typedef struct {
  float v0, v1, v2, v3, v4, v5;
} points;

// Bᵀ d
INLINE points input_points(float d0, float d1, float d2, float d3, float d4, float d5) {
  const float a = d4 - 4 * d2, b = d3 - 4 * d1, c = d4 - d2, d = 2 * (d3 - d1);
  return (points){4 * d0 - 5 * d2 + d4, a + b, a - b, c + d, c - d, 4 * d1 - 5 * d3 + d5};
}

// Aᵀ m
INLINE points output_points(float m0, float m1, float m2, float m3, float m4, float m5) {
  const float a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4;
  return (points){m0 + a + c, b + 2 * d, a + 4 * c, b + 8 * d + m5, 0, 0};
}

// G g
INLINE points weight_points(float g0, float g1, float g2) {
  const float a = (g0 + g2) * (-1 / 6.f), b = g1 * (1 / 6.f), c = g0 * (1 / 24.f) + g2 * (1 / 6.f),
              d = g1 * (1 / 12.f);
  return (points){g0 * (1 / 4.f), a - b, a + b, c + d, c - d, g2};
}

// A g: what gathers a tile's outputs, the other way round.
INLINE points gradient_points(float g0, float g1, float g2, float g3) {
  const float a = g0 + g2, b = g1 + g3, c = g0 + 4 * g2, d = 2 * g1 + 8 * g3;
  return (points){g0, a + b, a - b, c + d, c - d, g3};
}

// Gᵀ u
INLINE points tap_points(float u0, float u1, float u2, float u3, float u4, float u5) {
  const float a = (u1 + u2) * (-1 / 6.f), b = (u2 - u1) * (1 / 6.f), c = u3 + u4, d = u3 - u4;
  return (points){u0 * (1 / 4.f) + a + c * (1 / 24.f), b + d * (1 / 12.f), a + c * (1 / 6.f) + u5, 0, 0, 0};
}

// Runs `block(offset, lanes)` over all channels. The last block of LANES may overlap the one before: it writes
// the same numbers again. Fewer channels than LANES are a block of their own.
#define FOR_BLOCKS(channels, block)                                                                          \
  do {                                                                                                       \
    ptrdiff_t at = 0;                                                                                        \
    for (; at + LANES <= (channels); at += LANES) block(at, LANES);                                          \
    if (at < (channels)) {                                                                                   \
      if (at > 0)                                                                                            \
        block((channels)-LANES, LANES);                                                                      \
      else                                                                                                   \
        block(0, (channels));                                                                                \
    }                                                                                                        \
  } while (0)

INLINE void store(float *out, const float *lanes, ptrdiff_t n) { memcpy(out, lanes, (size_t)n * sizeof *out); }

// One tile, n channels. A pixel outside the image is a block of zeros that does not move with the channels.
INLINE void input_block(const float *const *pixel, const ptrdiff_t *moves, ptrdiff_t at, ptrdiff_t n, float *out,
                        ptrdiff_t plane) {
  float m[POINTS][LANES], v[IN][LANES];
  const float *p[IN];
  for (int j = 0; j < IN; j++) {
    for (int i = 0; i < IN; i++) p[i] = pixel[i * IN + j] + (at & moves[i * IN + j]);
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = input_points(p[0][c], p[1][c], p[2][c], p[3][c], p[4][c], p[5][c]);
      m[j][c] = t.v0, m[IN + j][c] = t.v1, m[2 * IN + j][c] = t.v2;
      m[3 * IN + j][c] = t.v3, m[4 * IN + j][c] = t.v4, m[5 * IN + j][c] = t.v5;
    }
  }
  for (int i = 0; i < IN; i++) {
    float(*const row)[LANES] = m + i * IN;
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = input_points(row[0][c], row[1][c], row[2][c], row[3][c], row[4][c], row[5][c]);
      v[0][c] = t.v0, v[1][c] = t.v1, v[2][c] = t.v2, v[3][c] = t.v3, v[4][c] = t.v4, v[5][c] = t.v5;
    }
    for (int j = 0; j < IN; j++) store(out + (i * IN + j) * plane + at, v[j], n);
  }
}

MULTIVERSION void dp_winograd_input(const dp_windows *w, const float *x, ptrdiff_t first, ptrdiff_t last,
                                    float *transformed, ptrdiff_t plane) {
  const float zeros[LANES] = {0};
  const ptrdiff_t channels = w->channels;
  for (ptrdiff_t tile = first; tile < last; tile++) {
    const float *pixel[POINTS];
    ptrdiff_t moves[POINTS];
    tile_pixels(w, x, tile, zeros, pixel, moves);
    float *out = transformed + (tile - first) * channels;
#define BLOCK(at, n) input_block(pixel, moves, at, n, out, plane)
    FOR_BLOCKS(channels, BLOCK);
#undef BLOCK
  }
}

INLINE void output_block(const float *in, ptrdiff_t plane, const float *bias, const float *residual, int isRectified,
                         ptrdiff_t n, ptrdiff_t rows, ptrdiff_t columns, float *y, ptrdiff_t rowStride,
                         ptrdiff_t pixelStride) {
  float m[OUT * IN][LANES], v[OUT][LANES], shift[LANES] = {0};
  if (bias) store(shift, bias, n);
  for (int j = 0; j < IN; j++) {
    const float *q = in + j * plane;
    const ptrdiff_t next = IN * plane;
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = output_points(q[c], q[next + c], q[2 * next + c], q[3 * next + c], q[4 * next + c],
                                     q[5 * next + c]);
      m[j][c] = t.v0, m[IN + j][c] = t.v1, m[2 * IN + j][c] = t.v2, m[3 * IN + j][c] = t.v3;
    }
  }
  for (ptrdiff_t i = 0; i < rows; i++) {
    float(*const row)[LANES] = m + i * IN;
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = output_points(row[0][c], row[1][c], row[2][c], row[3][c], row[4][c], row[5][c]);
      v[0][c] = t.v0 + shift[c], v[1][c] = t.v1 + shift[c], v[2][c] = t.v2 + shift[c], v[3][c] = t.v3 + shift[c];
    }
    for (ptrdiff_t j = 0; j < columns; j++) {
      const ptrdiff_t place = i * rowStride + j * pixelStride;
      if (residual)
        for (ptrdiff_t c = 0; c < n; c++) v[j][c] += residual[place + c];
      if (isRectified)
        for (ptrdiff_t c = 0; c < n; c++) v[j][c] = v[j][c] < 0.f ? 0.f : v[j][c];
      store(y + place, v[j], n);
    }
  }
}

MULTIVERSION void dp_winograd_output(const dp_windows *w, const float *products, ptrdiff_t plane, ptrdiff_t first,
                                     ptrdiff_t last, ptrdiff_t outputs, const float *bias, const float *residual,
                                     int isRectified, float *y) {
  const ptrdiff_t down = (w->outputHeight + OUT - 1) / OUT, across = (w->outputWidth + OUT - 1) / OUT,
                  rowStride = w->outputWidth * outputs;
  for (ptrdiff_t tile = first; tile < last; tile++) {
    const ptrdiff_t image = tile / (down * across), place = tile % (down * across), top = place / across * OUT,
                    left = place % across * OUT,
                    rows = w->outputHeight - top < OUT ? w->outputHeight - top : OUT,
                    columns = w->outputWidth - left < OUT ? w->outputWidth - left : OUT;
    const float *in = products + (tile - first) * outputs;
    const ptrdiff_t corner = (image * w->outputHeight + top) * rowStride + left * outputs;
#define BLOCK(at, n)                                                                                         \
  output_block(in + (at), plane, bias ? bias + (at) : bias, residual ? residual + corner + (at) : residual,  \
               isRectified, n, rows, columns, y + corner + (at), rowStride, outputs)
    FOR_BLOCKS(outputs, BLOCK);
#undef BLOCK
  }
}

// One output, n inputs: the taps (ky, kx) lie `step` floats apart.
INLINE void weight_block(const float *weight, ptrdiff_t step, ptrdiff_t n, float *out, ptrdiff_t plane) {
  float m[IN * 3][LANES], v[IN][LANES];
  for (int x = 0; x < 3; x++) {
    const float *g0 = weight + x * step, *g1 = g0 + 3 * step, *g2 = g1 + 3 * step;
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = weight_points(g0[c], g1[c], g2[c]);
      m[x][c] = t.v0, m[3 + x][c] = t.v1, m[6 + x][c] = t.v2;
      m[9 + x][c] = t.v3, m[12 + x][c] = t.v4, m[15 + x][c] = t.v5;
    }
  }
  for (int i = 0; i < IN; i++) {
    float(*const row)[LANES] = m + i * 3;
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = weight_points(row[0][c], row[1][c], row[2][c]);
      v[0][c] = t.v0, v[1][c] = t.v1, v[2][c] = t.v2, v[3][c] = t.v3, v[4][c] = t.v4, v[5][c] = t.v5;
    }
    for (int j = 0; j < IN; j++) store(out + (i * IN + j) * plane, v[j], n);
  }
}

MULTIVERSION void dp_winograd_weights(const float *weight, ptrdiff_t first, ptrdiff_t last, ptrdiff_t inputs,
                                      int isReversed, float *transformed, ptrdiff_t plane) {
  for (ptrdiff_t o = first; o < last; o++) {
    const float *taps = weight + (o * 9 + (isReversed ? 8 : 0)) * inputs;
    float *out = transformed + o * inputs;
#define BLOCK(at, n) weight_block(taps + (at), isReversed ? -inputs : inputs, n, out + (at), plane)
    FOR_BLOCKS(inputs, BLOCK);
#undef BLOCK
  }
}

// One tile, n outputs; pixels outside the map are a block of zeros, as in `input_block`.
INLINE void gradient_block(const float *const *pixel, const ptrdiff_t *moves, ptrdiff_t at, ptrdiff_t n, float *out,
                           ptrdiff_t plane) {
  float m[IN * OUT][LANES], v[IN][LANES];
  const float *p[OUT];
  for (int j = 0; j < OUT; j++) {
    for (int i = 0; i < OUT; i++) p[i] = pixel[i * OUT + j] + (at & moves[i * OUT + j]);
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = gradient_points(p[0][c], p[1][c], p[2][c], p[3][c]);
      m[j][c] = t.v0, m[OUT + j][c] = t.v1, m[2 * OUT + j][c] = t.v2;
      m[3 * OUT + j][c] = t.v3, m[4 * OUT + j][c] = t.v4, m[5 * OUT + j][c] = t.v5;
    }
  }
  for (int i = 0; i < IN; i++) {
    float(*const row)[LANES] = m + i * OUT;
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = gradient_points(row[0][c], row[1][c], row[2][c], row[3][c]);
      v[0][c] = t.v0, v[1][c] = t.v1, v[2][c] = t.v2, v[3][c] = t.v3, v[4][c] = t.v4, v[5][c] = t.v5;
    }
    for (int j = 0; j < IN; j++) store(out + (i * IN + j) * plane + at, v[j], n);
  }
}

MULTIVERSION void dp_winograd_gradient(const dp_windows *w, const float *gy, ptrdiff_t first, ptrdiff_t last,
                                       ptrdiff_t outputs, float *transformed, ptrdiff_t plane) {
  const float zeros[LANES] = {0};
  const ptrdiff_t down = (w->outputHeight + OUT - 1) / OUT, across = (w->outputWidth + OUT - 1) / OUT;
  for (ptrdiff_t tile = first; tile < last; tile++) {
    const ptrdiff_t image = tile / (down * across), place = tile % (down * across), top = place / across * OUT,
                    left = place % across * OUT;
    const float *pixel[OUT * OUT];
    ptrdiff_t moves[OUT * OUT];
    for (ptrdiff_t i = 0; i < OUT; i++)
      for (ptrdiff_t j = 0; j < OUT; j++) {
        const ptrdiff_t row = top + i, column = left + j;
        const int inside = row < w->outputHeight && column < w->outputWidth;
        pixel[i * OUT + j] =
            inside ? gy + ((image * w->outputHeight + row) * w->outputWidth + column) * outputs : zeros;
        moves[i * OUT + j] = inside ? -1 : 0;
      }
    float *out = transformed + (tile - first) * outputs;
#define BLOCK(at, n) gradient_block(pixel, moves, at, n, out, plane)
    FOR_BLOCKS(outputs, BLOCK);
#undef BLOCK
  }
}

// One output, n inputs.
INLINE void tap_block(const float *in, ptrdiff_t plane, ptrdiff_t n, float *gw, ptrdiff_t step) {
  float m[3 * IN][LANES];
  for (int j = 0; j < IN; j++) {
    const float *q = in + j * plane;
    const ptrdiff_t next = IN * plane;
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = tap_points(q[c], q[next + c], q[2 * next + c], q[3 * next + c], q[4 * next + c],
                                  q[5 * next + c]);
      m[j][c] = t.v0, m[IN + j][c] = t.v1, m[2 * IN + j][c] = t.v2;
    }
  }
  for (int y = 0; y < 3; y++) {
    float(*const row)[LANES] = m + y * IN;
    float v[3][LANES];
    for (ptrdiff_t c = 0; c < n; c++) {
      const points t = tap_points(row[0][c], row[1][c], row[2][c], row[3][c], row[4][c], row[5][c]);
      v[0][c] = t.v0, v[1][c] = t.v1, v[2][c] = t.v2;
    }
    for (int x = 0; x < 3; x++) store(gw + (y * 3 + x) * step, v[x], n);
  }
}

MULTIVERSION void dp_winograd_taps(const float *products, ptrdiff_t plane, ptrdiff_t first, ptrdiff_t last,
                                   ptrdiff_t inputs, float *gw) {
  for (ptrdiff_t o = first; o < last; o++) {
    const float *in = products + o * inputs;
    float *out = gw + o * 9 * inputs;
#define BLOCK(at, n) tap_block(in + (at), plane, n, out + (at), inputs)
    FOR_BLOCKS(inputs, BLOCK);
#undef BLOCK
  }
}
