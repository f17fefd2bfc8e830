// Resizing of photographs with antialiasing, by weights in fixed point.
#pragma once

#include <stdint.h>

// Weights are multiples of 2^-22; a sum is rounded and clipped to a byte.
//   starts, counts: [target length], the first input of an output and how many; weights: [target length, taps].

// Along rows. source: [height, width, channels]; target: [height, target_width, channels]; channels: 1 or 3.
void dp_resample_rows(
    const uint8_t *source, int64_t height, int64_t width, int64_t channels, const int32_t *starts,
    const int32_t *counts, const int32_t *weights, int64_t taps, int64_t target_width, uint8_t *target);

// Along columns. source: [height, row_length]; target: [target_height, row_length].
void dp_resample_columns(
    const uint8_t *source, int64_t row_length, const int32_t *starts, const int32_t *counts,
    const int32_t *weights, int64_t taps, int64_t target_height, uint8_t *target);
