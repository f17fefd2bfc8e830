#pragma once

#include <stddef.h>

#include "windows.h"

/// y of the output rows first ..< last, counted through the batch: the largest number in each window, NaN if
/// there is one. A window must reach into the image.
void dp_max_pool(const dp_windows *w, const float *x, float *y, ptrdiff_t first, ptrdiff_t last);

/// gx += gy at the first largest number of each window, in the rows firstRow ..< lastRow of gx and the channels
/// firstChannel ..< lastChannel of one image.
void dp_max_pool_backward(const dp_windows *w, const float *x, const float *gy, float *gx, ptrdiff_t firstRow,
                          ptrdiff_t lastRow, ptrdiff_t firstChannel, ptrdiff_t lastChannel);

/// y of the output rows first ..< last, counted through the batch: the sum of each window over its full size; what
/// lies outside of the image is 0. Dilation is not looked at.
void dp_average_pool(const dp_windows *w, const float *x, float *y, ptrdiff_t first, ptrdiff_t last);

/// gx += the derivative of all windows, in the rows firstRow ..< lastRow of gx and the channels
/// firstChannel ..< lastChannel of one image.
void dp_average_pool_backward(const dp_windows *w, const float *gy, float *gx, ptrdiff_t firstRow,
                              ptrdiff_t lastRow, ptrdiff_t firstChannel, ptrdiff_t lastChannel);

/// y of the cells of one output row [outputWidth, channels]: means over floor(i in / out) ..< ceil((i + 1) in / out).
void dp_adaptive_average_row(const float *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                             ptrdiff_t outputHeight, ptrdiff_t outputWidth, ptrdiff_t row, float *y);

/// gx += the derivative of all cells of one image, channels firstChannel ..< lastChannel.
void dp_adaptive_average_backward(const float *gy, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                                  ptrdiff_t outputHeight, ptrdiff_t outputWidth, ptrdiff_t firstChannel,
                                  ptrdiff_t lastChannel, float *gx);
