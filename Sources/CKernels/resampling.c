#include "resampling.h"

#include <string.h>

#include "multiversion.h"

enum { PRECISION = 22, HALF = 1 << (PRECISION - 1), CHUNK = 128 };

typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int32_t ints4 __attribute__((vector_size(16)));

INLINE uint8_t rounded(int32_t sum) {
  const int32_t value = sum >> PRECISION;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// One row, any number of channels.
INLINE void plain_row(
    const uint8_t *source, int64_t channels, const int32_t *starts, const int32_t *counts, const int32_t *weights,
    int64_t taps, int64_t target_width, uint8_t *target) {
  for (int64_t x = 0; x < target_width; ++x) {
    const uint8_t *from = source + starts[x] * channels;
    const int32_t *w = weights + x * taps;
    for (int64_t c = 0; c < channels; ++c) {
      int32_t sum = HALF;
      for (int32_t k = 0; k < counts[x]; ++k) sum += from[k * channels + c] * w[k];
      target[x * channels + c] = rounded(sum);
    }
  }
}

MULTIVERSION void dp_resample_rows(
    const uint8_t *source, int64_t height, int64_t width, int64_t channels, const int32_t *starts,
    const int32_t *counts, const int32_t *weights, int64_t taps, int64_t target_width, uint8_t *target) {
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t *row = source + y * width * channels;
    uint8_t *to = target + y * target_width * channels;
    // A pixel is read as four bytes, of which the last row has none behind it.
    if (channels != 3 || y == height - 1) {
      plain_row(row, channels, starts, counts, weights, taps, target_width, to);
      continue;
    }
    for (int64_t x = 0; x < target_width; ++x) {
      const uint8_t *from = row + starts[x] * 3;
      const int32_t *w = weights + x * taps;
      ints4 sum = {HALF, HALF, HALF, HALF};
      for (int32_t k = 0; k < counts[x]; ++k) {
        bytes4 pixel;
        memcpy(&pixel, from + 3 * k, 4);
        sum += __builtin_convertvector(pixel, ints4) * w[k];
      }
      for (int c = 0; c < 3; ++c) to[3 * x + c] = rounded(sum[c]);
    }
  }
}

MULTIVERSION void dp_resample_columns(
    const uint8_t *source, int64_t row_length, const int32_t *starts, const int32_t *counts,
    const int32_t *weights, int64_t taps, int64_t target_height, uint8_t *target) {
  for (int64_t y = 0; y < target_height; ++y) {
    const int32_t *w = weights + y * taps;
    for (int64_t start = 0; start < row_length; start += CHUNK) {
      const int64_t length = row_length - start < CHUNK ? row_length - start : CHUNK;
      int32_t sums[CHUNK];
      for (int64_t i = 0; i < length; ++i) sums[i] = HALF;
      for (int32_t k = 0; k < counts[y]; ++k) {
        const uint8_t *row = source + (starts[y] + k) * row_length + start;
        const int32_t weight = w[k];
        for (int64_t i = 0; i < length; ++i) sums[i] += row[i] * weight;
      }
      uint8_t *to = target + y * row_length + start;
      for (int64_t i = 0; i < length; ++i) to[i] = rounded(sums[i]);
    }
  }
}
