// Photographs and label maps on their way into a batch.
#pragma once

#include <stdint.h>

// Writes one image into its place of a batch: target channel c of a pixel is table[c][image channel order[c]].
//   image: [height, width, 3] bytes; table: [3, 256]; target: [target_height, target_width, 3].
// What lies right of and below the image becomes `padding`.
void dp_image_normalize(
    const uint8_t *image, int64_t height, int64_t width, const float *table, const int32_t *order, float padding,
    float *target, int64_t target_height, int64_t target_width);

// How often each label 0 ..< bins occurs in a window; others are left out. counts: [bins], set to 0 before.
void dp_labels_count(
    const int32_t *labels, int64_t width, int64_t top, int64_t left, int64_t window_height, int64_t window_width,
    int32_t *counts, int32_t bins);

// Every byte replaced by what the table of its channel says.
//   image, target: [pixels, 3], may be the same; tables: [3, 256].
void dp_pixels_map(const uint8_t *image, int64_t pixels, const uint8_t *tables, uint8_t *target);
