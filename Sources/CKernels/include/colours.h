// Changes of colour, exact in 8 bits. Pixels are blue, green, red.
#pragma once

#include <stdint.h>

// How often each byte occurs in each channel. image: [pixels, 3]; counts: [3, 256], set to 0 before.
void dp_channel_counts(const uint8_t *image, int64_t pixels, int64_t *counts);

// The sum of all gray values, each (19595 R + 38470 G + 7471 B + 32768) >> 16. image: [pixels, 3].
int64_t dp_gray_sum(const uint8_t *image, int64_t pixels);

// Both: b + factor (v - b) in float32, clipped and cut. image, target: [pixels, 3] or [height, width, 3].
// b is the pixel's gray value.
void dp_saturate(const uint8_t *image, int64_t pixels, float factor, uint8_t *target);
// b is the smoothed picture: ones in 3 x 3, 5 in the middle, over 13, rounded; the border stays as it is.
void dp_sharpen(const uint8_t *image, int64_t height, int64_t width, float factor, uint8_t *target);
