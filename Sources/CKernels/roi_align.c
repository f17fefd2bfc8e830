#include "CKernels.h"

#include <string.h>

#pragma clang fp contract(fast)

// A bilinear sample is a product of one along each axis, so a bin's mean is a weighted sum over rows and columns:
// the weights are added up first, and every feature is read once a bin.
void dp_roi_align_axis(float low, float high, float spatialScale, int aligned, ptrdiff_t size, ptrdiff_t outputs,
                       ptrdiff_t samplingRatio, float *weights, ptrdiff_t *first, ptrdiff_t *last) {
  const float centre = aligned ? 0.5f : 0.f;
  const float start = low * spatialScale - centre, given = (high * spatialScale - centre) - start;
  const float side = aligned || given > 1.f ? given : 1.f;
  const float bin = side / (float)outputs;
  const float most = 4096;  // of a box beyond all images; keeps the loop finite
  const ptrdiff_t whole = bin > 0 ? (ptrdiff_t)(bin < most ? bin : most) : 0;
  const ptrdiff_t adaptive = whole + ((float)whole < bin && bin < most);
  const ptrdiff_t samples = size == 0 ? 0 : samplingRatio > 0 ? samplingRatio : adaptive;
  for (ptrdiff_t i = 0; i < outputs; i++, weights += size) {
    memset(weights, 0, (size_t)size * sizeof *weights);
    first[i] = size;
    last[i] = 0;
    for (ptrdiff_t s = 0; s < samples; s++) {
      float at = start + (float)i * bin + ((float)s + 0.5f) * bin / (float)samples;
      if (!(at >= -1.f && at <= (float)size)) continue;
      if (at < 0.f) at = 0.f;
      ptrdiff_t below = (ptrdiff_t)at, above = below + 1;
      if (below >= size - 1) {
        below = above = size - 1;
        at = (float)below;
      }
      const float part = at - (float)below;
      weights[below] += 1.f - part;
      weights[above] += part;
      if (below < first[i]) first[i] = below;
      if (above + 1 > last[i]) last[i] = above + 1;
    }
    for (ptrdiff_t j = first[i]; j < last[i]; j++) weights[j] /= (float)samples;
  }
}

typedef struct {
  const float *weightsY, *weightsX;
  const ptrdiff_t *firstY, *lastY, *firstX, *lastX;
} axes;

INLINE axes find_axes(const dp_roi_align *r, const float *box, float *weights, ptrdiff_t *ranges) {
  float *const weightsX = weights + r->outputHeight * r->height;
  ptrdiff_t *const lastY = ranges + r->outputHeight, *const firstX = lastY + r->outputHeight;
  ptrdiff_t *const lastX = firstX + r->outputWidth;
  dp_roi_align_axis(box[1], box[3], r->spatialScale, r->aligned, r->height, r->outputHeight, r->samplingRatio,
                    weights, ranges, lastY);
  dp_roi_align_axis(box[0], box[2], r->spatialScale, r->aligned, r->width, r->outputWidth, r->samplingRatio,
                    weightsX, firstX, lastX);
  return (axes){weights, weightsX, ranges, lastY, firstX, lastX};
}

MULTIVERSION void dp_roi_align_forward(const dp_roi_align *r, const float *features, const float *box,
                                       float *weights, ptrdiff_t *ranges, float *y) {
  const axes a = find_axes(r, box, weights, ranges);
  const ptrdiff_t channels = r->channels;
  for (ptrdiff_t i = 0; i < r->outputHeight; i++)
    for (ptrdiff_t j = 0; j < r->outputWidth; j++, y += channels) {
      memset(y, 0, (size_t)channels * sizeof *y);
      for (ptrdiff_t row = a.firstY[i]; row < a.lastY[i]; row++)
        for (ptrdiff_t column = a.firstX[j]; column < a.lastX[j]; column++) {
          const float weight = a.weightsY[i * r->height + row] * a.weightsX[j * r->width + column];
          const float *in = features + (row * r->width + column) * channels;
          for (ptrdiff_t c = 0; c < channels; c++) y[c] += weight * in[c];
        }
    }
}

MULTIVERSION void dp_roi_align_backward(const dp_roi_align *r, const float *gy, const float *box, float *weights,
                                        ptrdiff_t *ranges, ptrdiff_t firstChannel, ptrdiff_t lastChannel,
                                        float *gx) {
  const axes a = find_axes(r, box, weights, ranges);
  const ptrdiff_t channels = r->channels;
  for (ptrdiff_t i = 0; i < r->outputHeight; i++)
    for (ptrdiff_t j = 0; j < r->outputWidth; j++, gy += channels)
      for (ptrdiff_t row = a.firstY[i]; row < a.lastY[i]; row++)
        for (ptrdiff_t column = a.firstX[j]; column < a.lastX[j]; column++) {
          const float weight = a.weightsY[i * r->height + row] * a.weightsX[j * r->width + column];
          float *out = gx + (row * r->width + column) * channels;
          for (ptrdiff_t c = firstChannel; c < lastChannel; c++) out[c] += weight * gy[c];
        }
}
