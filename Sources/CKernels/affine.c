#include "affine.h"

#include <math.h>

#include "multiversion.h"

// A product and a sum are rounded each: the numbers are those of any processor.
#pragma STDC FP_CONTRACT OFF

INLINE int64_t within(int64_t i, int64_t count) { return i < 0 ? 0 : i >= count ? count - 1 : i; }

INLINE double cubic(double v1, double v2, double v3, double v4, double d) {
  const double linear = -v1 + v3;
  const double square = 2 * (v1 - v2) + v3 - v4;
  const double cube = -v1 + v2 - v3 + v4;
  return v2 + d * (linear + d * (square + d * cube));
}

// One row of the neighbourhood; without a fraction the pixel itself is the exact value.
INLINE void cubic_row(const uint8_t *row, const int64_t *columns, double d, double *values) {
  if (d == 0) {
    for (int c = 0; c < 3; ++c) values[c] = row[columns[1] + c];
    return;
  }
  for (int c = 0; c < 3; ++c) {
    values[c] = cubic(row[columns[0] + c], row[columns[1] + c], row[columns[2] + c], row[columns[3] + c], d);
  }
}

INLINE void bicubic(
    const uint8_t *source, int64_t height, int64_t width, double x, double y, uint8_t *target) {
  const double left = floor(x), top = floor(y);
  const double dx = x - left, dy = y - top;
  int64_t columns[4];
  for (int i = 0; i < 4; ++i) columns[i] = 3 * within((int64_t)left + i - 1, width);
  double rows[4][3], values[3];
  if (dy == 0) {
    cubic_row(source + within((int64_t)top, height) * width * 3, columns, dx, values);
  } else {
    for (int i = 0; i < 4; ++i) {
      cubic_row(source + within((int64_t)top + i - 1, height) * width * 3, columns, dx, rows[i]);
    }
    for (int c = 0; c < 3; ++c) values[c] = cubic(rows[0][c], rows[1][c], rows[2][c], rows[3][c], dy);
  }
  for (int c = 0; c < 3; ++c) {
    target[c] = values[c] <= 0 ? 0 : values[c] >= 255 ? 255 : (uint8_t)values[c];
  }
}

INLINE void bilinear(
    const uint8_t *source, int64_t height, int64_t width, double x, double y, uint8_t *target) {
  const double left = floor(x), top = floor(y);
  const double dx = x - left, dy = y - top;
  const int64_t one = 3 * within((int64_t)left, width), other = 3 * within((int64_t)left + 1, width);
  const uint8_t *upper = source + within((int64_t)top, height) * width * 3;
  const uint8_t *lower = source + within((int64_t)top + 1, height) * width * 3;
  for (int c = 0; c < 3; ++c) {
    const double above = upper[one + c] + (upper[other + c] - upper[one + c]) * dx;
    const double below = lower[one + c] + (lower[other + c] - lower[one + c]) * dx;
    target[c] = (uint8_t)(above + (below - above) * dy);
  }
}

// Pillow's places of the nearest pixel, in units of 2^-16: a shift alone is exact without them.
INLINE int64_t fixed(double value) { return (int64_t)floor(value * 65536.0 + 0.5); }

static void nearest(
    const uint8_t *source, int64_t height, int64_t width, const double *m, const uint8_t *fill, uint8_t *target) {
  const int64_t xx = fixed(m[0]), xy = fixed(m[1]), yx = fixed(m[3]), yy = fixed(m[4]);
  const int64_t x0 = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), y0 = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
  const int is_shift = m[1] == 0 && m[3] == 0;
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column, target += 3) {
      const double u = m[0] * ((double)column + 0.5) + m[2], v = m[4] * ((double)row + 0.5) + m[5];
      const int64_t x = is_shift ? (int64_t)floor(u) : (x0 + column * xx + row * xy) >> 16;
      const int64_t y = is_shift ? (int64_t)floor(v) : (y0 + column * yx + row * yy) >> 16;
      const int is_within = x >= 0 && x < width && y >= 0 && y < height;
      const uint8_t *from = is_within ? source + (y * width + x) * 3 : fill;
      for (int c = 0; c < 3; ++c) target[c] = from[c];
    }
  }
}

MULTIVERSION void dp_affine(
    const uint8_t *source, int64_t height, int64_t width, const double *m, const uint8_t *fill, int32_t filter,
    uint8_t *target) {
  if (filter == DP_AFFINE_NEAREST) {
    nearest(source, height, width, m, fill, target);
    return;
  }
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column, target += 3) {
      const double u = (double)column + 0.5, v = (double)row + 0.5;
      const double x = m[0] * u + m[1] * v + m[2], y = m[3] * u + m[4] * v + m[5];
      if (!(x >= 0 && x < (double)width && y >= 0 && y < (double)height)) {
        for (int c = 0; c < 3; ++c) target[c] = fill[c];
      } else if (filter == DP_AFFINE_BICUBIC) {
        bicubic(source, height, width, x - 0.5, y - 0.5, target);
      } else {
        bilinear(source, height, width, x - 0.5, y - 0.5, target);
      }
    }
  }
}
