#include "boxes.h"

#include "multiversion.h"

// The same bits on every clone: a fused multiply-add would round otherwise, and decisions hang on equality.
#pragma STDC FP_CONTRACT OFF

INLINE float smaller(float a, float b) { return a < b ? a : b; }
INLINE float larger(float a, float b) { return a > b ? a : b; }

MULTIVERSION void dp_box_overlaps(
    const float *a, int64_t rows, const float *b, int64_t columns, int of_first, float *overlaps) {
  for (int64_t i = 0; i < rows; ++i) {
    const float x1 = a[4 * i], y1 = a[4 * i + 1], x2 = a[4 * i + 2], y2 = a[4 * i + 3];
    const float area = (x2 - x1) * (y2 - y1);
    const float own = of_first ? 0.f : 1.f;
    float *restrict row = overlaps + i * columns;
    for (int64_t j = 0; j < columns; ++j) {
      const float bx1 = b[4 * j], by1 = b[4 * j + 1], bx2 = b[4 * j + 2], by2 = b[4 * j + 3];
      const float width = larger(smaller(x2, bx2) - larger(x1, bx1), 0.f);
      const float height = larger(smaller(y2, by2) - larger(y1, by1), 0.f);
      const float shared = width * height;
      const float both = area + (bx2 - bx1) * (by2 - by1) - shared;
      row[j] = shared / larger(own != 0.f ? both : area, 1e-6f);
    }
  }
}

MULTIVERSION void dp_box_suppress(
    const float *box, const float *boxes, const float *areas, int64_t count, float threshold,
    uint8_t *restrict dropped) {
  const float x1 = box[0], y1 = box[1], x2 = box[2], y2 = box[3];
  const float area = (x2 - x1) * (y2 - y1);
  for (int64_t j = 0; j < count; ++j) {
    const float width = larger(smaller(x2, boxes[4 * j + 2]) - larger(x1, boxes[4 * j]), 0.f);
    const float height = larger(smaller(y2, boxes[4 * j + 3]) - larger(y1, boxes[4 * j + 1]), 0.f);
    const float shared = width * height;
    dropped[j] |= shared / (area + areas[j] - shared) > threshold;
  }
}

#define LANES 16

MULTIVERSION float dp_overlap_update(
    const float *row, int64_t count, int32_t truth, float *restrict best, int32_t *restrict which) {
  float largest[LANES];
  for (int lane = 0; lane < LANES; ++lane) largest[lane] = -__builtin_inff();
  const int64_t whole = count / LANES * LANES;
  for (int64_t j = 0; j < whole; j += LANES) {
    for (int lane = 0; lane < LANES; ++lane) largest[lane] = larger(row[j + lane], largest[lane]);
  }
  for (int64_t j = whole; j < count; ++j) largest[0] = larger(row[j], largest[0]);
  for (int64_t j = 0; j < count; ++j) {
    const int is_better = row[j] > best[j];
    best[j] = is_better ? row[j] : best[j];
    which[j] = is_better ? truth : which[j];
  }
  float result = largest[0];
  for (int lane = 1; lane < LANES; ++lane) result = larger(largest[lane], result);
  return result;
}

MULTIVERSION void dp_overlap_mark(
    const float *row, int64_t count, float value, int32_t truth, int32_t *restrict which) {
  for (int64_t j = 0; j < count; ++j) which[j] = row[j] == value ? truth : which[j];
}

MULTIVERSION void dp_overlap_hide(const uint8_t *hidden, int64_t count, float *restrict row) {
  for (int64_t j = 0; j < count; ++j) row[j] = hidden[j] ? -1.f : row[j];
}
