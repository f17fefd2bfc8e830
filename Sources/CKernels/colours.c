#include "colours.h"

#include <string.h>

#include "multiversion.h"

// A product and a sum are rounded each: the numbers are those of any processor.
#pragma STDC FP_CONTRACT OFF

INLINE int32_t gray(const uint8_t *pixel) {
  return (19595 * pixel[2] + 38470 * pixel[1] + 7471 * pixel[0] + 32768) >> 16;
}

INLINE uint8_t mixed(int32_t base, int32_t value, float factor) {
  const float result = (float)base + factor * (float)(value - base);
  return result <= 0 ? 0 : result >= 255 ? 255 : (uint8_t)result;
}

void dp_channel_counts(const uint8_t *image, int64_t pixels, int64_t *counts) {
  for (int64_t i = 0; i < 3 * pixels; i += 3) {
    ++counts[image[i]];
    ++counts[256 + image[i + 1]];
    ++counts[512 + image[i + 2]];
  }
}

MULTIVERSION int64_t dp_gray_sum(const uint8_t *image, int64_t pixels) {
  int64_t sum = 0;
  for (int64_t i = 0; i < pixels; ++i) sum += gray(image + 3 * i);
  return sum;
}

MULTIVERSION void dp_saturate(const uint8_t *image, int64_t pixels, float factor, uint8_t *target) {
  for (int64_t i = 0; i < pixels; ++i) {
    const int32_t base = gray(image + 3 * i);
    for (int c = 0; c < 3; ++c) target[3 * i + c] = mixed(base, image[3 * i + c], factor);
  }
}

MULTIVERSION void dp_sharpen(
    const uint8_t *image, int64_t height, int64_t width, float factor, uint8_t *target) {
  memcpy(target, image, (size_t)(height * width * 3));
  const int64_t row = 3 * width;
  for (int64_t y = 1; y < height - 1; ++y) {
    const uint8_t *restrict from = image + y * row;
    uint8_t *restrict to = target + y * row;
    for (int64_t i = 3; i < row - 3; ++i) {
      const int32_t sum = from[i - row - 3] + from[i - row] + from[i - row + 3] + from[i - 3] + 5 * from[i] +
                          from[i + 3] + from[i + row - 3] + from[i + row] + from[i + row + 3];
      to[i] = mixed((2 * sum + 13) / 26, from[i], factor);
    }
  }
}
