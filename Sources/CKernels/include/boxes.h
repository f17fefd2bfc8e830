// Loops over boxes: (x1, y1, x2, y2) in float, four values a box.
#pragma once

#include <stdint.h>

// overlaps[i * columns + j] = intersection of a[i] and b[j] / max(union, 1e-6), or / max(area of a[i], 1e-6)
// when `of_first` is not 0.
void dp_box_overlaps(const float *a, int64_t rows, const float *b, int64_t columns, int of_first, float *overlaps);

// dropped[j] |= IoU(box, boxes[j]) > threshold, for count boxes whose areas are at hand.
void dp_box_suppress(
    const float *box, const float *boxes, const float *areas, int64_t count, float threshold, uint8_t *dropped);

// Takes in the overlaps of one truth with all boxes: best[j] and which[j] (the truth) where row[j] is larger than
// anything before. Returns the largest of the row.
float dp_overlap_update(const float *row, int64_t count, int32_t truth, float *best, int32_t *which);

// which[j] = truth where row[j] == value.
void dp_overlap_mark(const float *row, int64_t count, float value, int32_t truth, int32_t *which);

// row[j] = -1 where hidden[j].
void dp_overlap_hide(const uint8_t *hidden, int64_t count, float *row);
