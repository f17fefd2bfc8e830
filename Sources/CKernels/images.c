#include "images.h"

#include "multiversion.h"

INLINE void fill(float *target, int64_t count, float value) {
  for (int64_t i = 0; i < count; ++i) target[i] = value;
}

MULTIVERSION void dp_image_normalize(
    const uint8_t *image, int64_t height, int64_t width, const float *table, const int32_t *order, float padding,
    float *target, int64_t target_height, int64_t target_width) {
  const float *first = table, *second = table + 256, *third = table + 512;
  const int32_t a = order[0], b = order[1], c = order[2];
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t *from = image + y * width * 3;
    float *restrict to = target + y * target_width * 3;
    for (int64_t x = 0; x < width; ++x) {
      to[3 * x] = first[from[3 * x + a]];
      to[3 * x + 1] = second[from[3 * x + b]];
      to[3 * x + 2] = third[from[3 * x + c]];
    }
    fill(to + 3 * width, 3 * (target_width - width), padding);
  }
  fill(target + height * target_width * 3, (target_height - height) * target_width * 3, padding);
}

void dp_labels_count(
    const int32_t *labels, int64_t width, int64_t top, int64_t left, int64_t window_height, int64_t window_width,
    int32_t *counts, int32_t bins) {
  for (int64_t y = top; y < top + window_height; ++y) {
    const int32_t *row = labels + y * width;
    for (int64_t x = left; x < left + window_width; ++x) {
      if ((uint32_t)row[x] < (uint32_t)bins) ++counts[row[x]];
    }
  }
}

void dp_pixels_map(const uint8_t *image, int64_t pixels, const uint8_t *tables, uint8_t *target) {
  const uint8_t *first = tables, *second = tables + 256, *third = tables + 512;
  for (int64_t i = 0; i < 3 * pixels; i += 3) {
    target[i] = first[image[i]];
    target[i + 1] = second[image[i + 1]];
    target[i + 2] = third[image[i + 2]];
  }
}
