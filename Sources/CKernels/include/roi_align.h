#pragma once

#include <stddef.h>

/// Regions cut out of channels-last features and brought to one size, by the mean of bilinear samples.
typedef struct {
  ptrdiff_t height, width, channels;    // of an image's features
  ptrdiff_t outputHeight, outputWidth;  // of a region
  ptrdiff_t samplingRatio;              // samples in a bin along an axis; 0: one a feature, rounded up
  float spatialScale;                   // features a pixel
  int aligned;                          // whether a feature's number is its centre
} dp_roi_align;

/// Weights of an axis: out[i] = sum of weights[i * size + j] in[j] over first[i] <= j < last[i], which is the mean
/// of the bin's samples at coordinates from `low` to `high` (pixels).
void dp_roi_align_axis(float low, float high, float spatialScale, int aligned, ptrdiff_t size, ptrdiff_t outputs,
                       ptrdiff_t samplingRatio, float *weights, ptrdiff_t *first, ptrdiff_t *last);

/// Floats and indices that the weights of both axes need.
static inline ptrdiff_t dp_roi_align_weights(const dp_roi_align *r) {
  return r->outputHeight * r->height + r->outputWidth * r->width;
}
static inline ptrdiff_t dp_roi_align_ranges(const dp_roi_align *r) {
  return 2 * (r->outputHeight + r->outputWidth);
}

/// y [outputHeight, outputWidth, channels] of one box (x1, y1, x2, y2).
void dp_roi_align_forward(const dp_roi_align *r, const float *features, const float *box, float *weights,
                          ptrdiff_t *ranges, float *y);

/// gx += the derivative by the features, channels firstChannel ..< lastChannel.
void dp_roi_align_backward(const dp_roi_align *r, const float *gy, const float *box, float *weights,
                           ptrdiff_t *ranges, ptrdiff_t firstChannel, ptrdiff_t lastChannel, float *gx);
