#pragma once

#include <stddef.h>

/// Sampling of an image [height, width, channels] at positions of a grid (x, y) in -1 ... 1: x is the pixel
/// x scaleX + offsetX, likewise y.
typedef struct {
  ptrdiff_t height, width, channels;
  float scaleX, offsetX, scaleY, offsetY;
} dp_grid_sample;

/// y [count, channels] at the positions grid [count, 2]: bilinear, zeros outside of the image.
void dp_grid_sample_forward(const dp_grid_sample *s, const float *image, const float *grid, ptrdiff_t count,
                            float *y);

/// gx [height, width, channels] += the derivative by the image, channels firstChannel ..< lastChannel.
void dp_grid_sample_backward(const dp_grid_sample *s, const float *gy, const float *grid, ptrdiff_t count,
                             ptrdiff_t firstChannel, ptrdiff_t lastChannel, float *gx);

/// ggrid [count, 2]: the derivative by the positions.
void dp_grid_sample_positions_backward(const dp_grid_sample *s, const float *image, const float *gy,
                                       const float *grid, ptrdiff_t count, float *ggrid);
