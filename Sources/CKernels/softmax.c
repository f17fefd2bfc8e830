#include "CKernels.h"
#include "lanes.h"
#include "polynomials.h"

// Rows shorter than this would leave most lanes empty: they are computed LANES rows at a time, a row to a lane.
enum { NARROW = 32 };

typedef struct {
  float x[NARROW][LANES];  // transposed; lanes without a row hold 0
  float most[LANES], log_sum[LANES], sum[LANES];
} Tile;

INLINE void load_tile(Tile *tile, const float *x, ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t i = 0; i < width; i++)
    for (int l = 0; l < LANES; l++) tile->x[i][l] = l < rows ? x[l * width + i] : 0.f;
}

// Leaves exp(x - most) in the tile when `keeps` is 1.
INLINE void tile_statistics(Tile *tile, ptrdiff_t width, int keeps) {
  float most[LANES], sum[LANES] = {0};
  for (int l = 0; l < LANES; l++) most[l] = -__builtin_inff();
  for (ptrdiff_t i = 0; i < width; i++)
    for (int l = 0; l < LANES; l++) most[l] = tile->x[i][l] > most[l] ? tile->x[i][l] : most[l];
  for (ptrdiff_t i = 0; i < width; i++)
    for (int l = 0; l < LANES; l++) {
      const float e = dp_exp(tile->x[i][l] - most[l]);
      sum[l] += e;
      if (keeps) tile->x[i][l] = e;
    }
  for (int l = 0; l < LANES; l++) {
    tile->most[l] = most[l];
    tile->sum[l] = sum[l];
  }
}

INLINE ptrdiff_t rows_from(ptrdiff_t first, ptrdiff_t rows) {
  return rows - first < LANES ? rows - first : LANES;
}

INLINE void softmax_narrow(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width) {
  Tile tile;
  for (ptrdiff_t first = 0; first < rows; first += LANES) {
    const ptrdiff_t n = rows_from(first, rows);
    load_tile(&tile, x + first * width, n, width);
    tile_statistics(&tile, width, 1);
    for (int l = 0; l < LANES; l++) tile.sum[l] = 1.f / tile.sum[l];
    for (ptrdiff_t i = 0; i < width; i++)
      for (int l = 0; l < LANES; l++) tile.x[i][l] *= tile.sum[l];
    for (ptrdiff_t r = 0; r < n; r++)
      for (ptrdiff_t i = 0; i < width; i++) y[(first + r) * width + i] = tile.x[i][r];
  }
}

MULTIVERSION void dp_softmax(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width) {
  if (width <= NARROW) {
    softmax_narrow(y, x, rows, width);
    return;
  }
  for (ptrdiff_t r = 0; r < rows; r++, x += width, y += width) {
    const float most = dp_lane_max(x, width);
    float sum;
    DP_LANE_SUM(sum, width, (y[i] = dp_exp(x[i] - most)));
    const float scale = 1.f / sum;
    for (ptrdiff_t i = 0; i < width; i++) y[i] *= scale;
  }
}

MULTIVERSION void dp_softmax_backward(float *restrict gx, const float *restrict g, const float *restrict y,
                                      ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, gx += width, g += width, y += width) {
    float dot;
    DP_LANE_SUM(dot, width, g[i] * y[i]);
    for (ptrdiff_t i = 0; i < width; i++) gx[i] = y[i] * (g[i] - dot);
  }
}

INLINE void row_statistics(const float *x, ptrdiff_t width, float *most, float *log_sum) {
  const float m = dp_lane_max(x, width);
  float sum;
  DP_LANE_SUM(sum, width, dp_exp(x[i] - m));
  *most = m;
  *log_sum = dp_log(sum);
}

MULTIVERSION void dp_log_softmax(float *restrict y, const float *restrict x, ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, y += width) {
    float most, log_sum;
    row_statistics(x, width, &most, &log_sum);
    for (ptrdiff_t i = 0; i < width; i++) y[i] = (x[i] - most) - log_sum;
  }
}

MULTIVERSION void dp_log_softmax_backward(float *restrict gx, const float *restrict g, const float *restrict y,
                                          ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, gx += width, g += width, y += width) {
    float sum;
    DP_LANE_SUM(sum, width, g[i]);
    for (ptrdiff_t i = 0; i < width; i++) gx[i] = g[i] - dp_exp(y[i]) * sum;
  }
}

INLINE void cross_entropy_narrow(float *restrict loss, float *restrict statistics, const float *restrict x,
                                 const int32_t *restrict label, const float *restrict weight, ptrdiff_t rows,
                                 ptrdiff_t width) {
  Tile tile;
  for (ptrdiff_t first = 0; first < rows; first += LANES) {
    const ptrdiff_t n = rows_from(first, rows);
    load_tile(&tile, x + first * width, n, width);
    tile_statistics(&tile, width, 0);
    for (int l = 0; l < LANES; l++) tile.log_sum[l] = dp_log(tile.sum[l]);
    for (ptrdiff_t l = 0; l < n; l++) {
      const int32_t own = label[first + l];
      const int known = own >= 0 && own < width;
      statistics[2 * (first + l)] = tile.most[l];
      statistics[2 * (first + l) + 1] = tile.log_sum[l];
      loss[first + l] =
          known ? (tile.log_sum[l] - (tile.x[own][l] - tile.most[l])) * (weight ? weight[own] : 1.f) : 0.f;
    }
  }
}

INLINE void cross_entropy_narrow_backward(float *restrict gx, const float *restrict g,
                                          const float *restrict statistics, const float *restrict x,
                                          const int32_t *restrict label, const float *restrict weight,
                                          ptrdiff_t rows, ptrdiff_t width) {
  Tile tile;
  for (ptrdiff_t first = 0; first < rows; first += LANES) {
    const ptrdiff_t n = rows_from(first, rows);
    load_tile(&tile, x + first * width, n, width);
    float most[LANES] = {0}, log_sum[LANES] = {0}, scale[LANES] = {0};
    for (ptrdiff_t l = 0; l < n; l++) {
      const int32_t own = label[first + l];
      if (own < 0 || own >= width) continue;
      most[l] = statistics[2 * (first + l)];
      log_sum[l] = statistics[2 * (first + l) + 1];
      scale[l] = g[first + l] * (weight ? weight[own] : 1.f);
    }
    for (ptrdiff_t i = 0; i < width; i++)
      for (int l = 0; l < LANES; l++)
        tile.x[i][l] = scale[l] * dp_exp((tile.x[i][l] - most[l]) - log_sum[l]);
    for (ptrdiff_t l = 0; l < n; l++) {
      const int32_t own = label[first + l];
      const int known = own >= 0 && own < width;
      if (known) tile.x[own][l] -= scale[l];
      // An ignored row gives nothing, whatever its logits are.
      for (ptrdiff_t i = 0; i < width; i++) gx[(first + l) * width + i] = known ? tile.x[i][l] : 0.f;
    }
  }
}

MULTIVERSION void dp_cross_entropy(float *restrict loss, float *restrict statistics, const float *restrict x,
                                   const int32_t *restrict label, const float *restrict weight, ptrdiff_t rows,
                                   ptrdiff_t width) {
  if (width <= NARROW) {
    cross_entropy_narrow(loss, statistics, x, label, weight, rows, width);
    return;
  }
  for (ptrdiff_t r = 0; r < rows; r++, x += width) {
    const int32_t own = label[r];
    loss[r] = 0;
    if (own < 0 || own >= width) continue;
    float most, log_sum;
    row_statistics(x, width, &most, &log_sum);
    statistics[2 * r] = most;
    statistics[2 * r + 1] = log_sum;
    loss[r] = (log_sum - (x[own] - most)) * (weight ? weight[own] : 1.f);
  }
}

MULTIVERSION ptrdiff_t dp_count_right(const float *restrict statistics, const float *restrict x,
                                      const int32_t *restrict label, ptrdiff_t rows, ptrdiff_t width) {
  ptrdiff_t right = 0;
  for (ptrdiff_t r = 0; r < rows; r++, x += width) {
    const int32_t own = label[r];
    if (own < 0 || own >= width || x[own] != statistics[2 * r]) continue;
    int earlier = 0;
    for (ptrdiff_t i = 0; i < own; i++) earlier |= x[i] == x[own];
    right += !earlier;
  }
  return right;
}

MULTIVERSION void dp_cross_entropy_backward(float *restrict gx, const float *restrict g,
                                            const float *restrict statistics, const float *restrict x,
                                            const int32_t *restrict label, const float *restrict weight,
                                            ptrdiff_t rows, ptrdiff_t width) {
  if (width <= NARROW) {
    cross_entropy_narrow_backward(gx, g, statistics, x, label, weight, rows, width);
    return;
  }
  for (ptrdiff_t r = 0; r < rows; r++, x += width, gx += width) {
    const int32_t own = label[r];
    if (own < 0 || own >= width) {
      for (ptrdiff_t i = 0; i < width; i++) gx[i] = 0;
      continue;
    }
    const float most = statistics[2 * r], log_sum = statistics[2 * r + 1];
    const float scale = g[r] * (weight ? weight[own] : 1.f);
    for (ptrdiff_t i = 0; i < width; i++) gx[i] = scale * dp_exp((x[i] - most) - log_sum);
    gx[own] -= scale;
  }
}
