#include "mask_sampling.h"

#include "multiversion.h"

// Decisions hang on comparisons with a threshold: the same bits on every clone.
#pragma STDC FP_CONTRACT OFF

MULTIVERSION void dp_mask_paste(
    const float *mask, int64_t side, const struct dp_mask_tap *rows, int64_t height,
    const struct dp_mask_tap *columns, int64_t width, float *restrict line, float *restrict pixels) {
  for (int64_t y = 0; y < height; ++y) {
    const struct dp_mask_tap row = rows[y];
    const float *low = mask + row.low * side, *high = mask + row.high * side;
    for (int64_t i = 0; i < side; ++i) line[i] = low[i] * row.low_weight + high[i] * row.high_weight;
    float *restrict out = pixels + y * width;
    for (int64_t x = 0; x < width; ++x) {
      const struct dp_mask_tap column = columns[x];
      out[x] = line[column.low] * column.low_weight + line[column.high] * column.high_weight;
    }
  }
}

MULTIVERSION void dp_mask_threshold(const float *from, int64_t count, float threshold, uint8_t *restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i] >= threshold;
}

// Two neighbours of a place on an axis of `extent` pixels, and their weights.
INLINE int neighbours(float place, int64_t extent, int64_t *low, int64_t *high, float *low_weight, float *high_weight) {
  if (place < -1.f || place > (float)extent) return 0;
  if (place < 0.f) place = 0.f;
  *low = (int64_t)place;
  if (*low >= extent - 1) {
    *low = *high = extent - 1;
    place = (float)*low;
  } else {
    *high = *low + 1;
  }
  *high_weight = place - (float)*low;
  *low_weight = 1.f - *high_weight;
  return 1;
}

// A pixel of a row of a window; outside of it all is background.
INLINE float lit(const uint8_t *row, int64_t column, struct dp_mask_window window) {
  column -= window.x;
  return (float)(row != 0 && column >= 0 && column < window.width && row[column] != 0);
}

INLINE const uint8_t *window_row(const uint8_t *pixels, int64_t row, struct dp_mask_window window) {
  row -= window.y;
  return row >= 0 && row < window.height ? pixels + row * window.width : 0;
}

void dp_mask_target(
    const uint8_t *pixels, struct dp_mask_window window, int64_t height, int64_t width, const float *box,
    int64_t size, float *targets) {
  const float left = box[0] - 0.5f, top = box[1] - 0.5f;
  const float bin_width = ((box[2] - 0.5f) - left) / (float)size, bin_height = ((box[3] - 0.5f) - top) / (float)size;
  const int64_t across = (int64_t)__builtin_ceilf(bin_width), down = (int64_t)__builtin_ceilf(bin_height);
  const float samples = across > 0 && down > 0 ? (float)(across * down) : 1.f;
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      float sum = 0;
      for (int64_t v = 0; v < down; ++v) {
        const float y = top + (float)i * bin_height + ((float)v + 0.5f) * bin_height / (float)down;
        int64_t upper, lower;
        float upper_weight, lower_weight;
        if (!neighbours(y, height, &upper, &lower, &upper_weight, &lower_weight)) continue;
        const uint8_t *above = window_row(pixels, upper, window), *below = window_row(pixels, lower, window);
        for (int64_t u = 0; u < across; ++u) {
          const float x = left + (float)j * bin_width + ((float)u + 0.5f) * bin_width / (float)across;
          int64_t first, second;
          float first_weight, second_weight;
          if (!neighbours(x, width, &first, &second, &first_weight, &second_weight)) continue;
          sum += upper_weight * first_weight * lit(above, first, window) +
                 upper_weight * second_weight * lit(above, second, window) +
                 lower_weight * first_weight * lit(below, first, window) +
                 lower_weight * second_weight * lit(below, second, window);
        }
      }
      targets[i * size + j] = sum / samples >= 0.5f ? 1.f : 0.f;
    }
  }
}
