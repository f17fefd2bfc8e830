// Masks between images and boxes.
#pragma once

#include <stdint.h>

// Where an output column (or row) reads a mask: at `low` and `high` with two weights that are 0 outside the mask.
struct dp_mask_tap {
  int32_t low, high;
  float low_weight, high_weight;
};

// pixels[y * width + x] = bilinear sample of mask [side, side] at (rows[y], columns[x]). `line` has room for side.
void dp_mask_paste(
    const float *mask, int64_t side, const struct dp_mask_tap *rows, int64_t height,
    const struct dp_mask_tap *columns, int64_t width, float *line, float *pixels);

// to[i] = from[i] >= threshold
void dp_mask_threshold(const float *from, int64_t count, float threshold, uint8_t *to);

// The part of a mask that is held: rows y ..., columns x ...
struct dp_mask_window {
  int64_t x, y, height, width;
};

// RoIAlign of a mask [height, width] over the box (x1, y1, x2, y2): aligned, ceil(bin side) samples an axis, mean;
// targets[i] = mean >= 0.5, `[size, size]`. `pixels` are the window's; outside of it all is 0.
void dp_mask_target(
    const uint8_t *pixels, struct dp_mask_window window, int64_t height, int64_t width, const float *box,
    int64_t size, float *targets);
