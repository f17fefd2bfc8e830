#pragma once

#include <stddef.h>

/// A convolution or pooling over channels-last images: which input pixels each output pixel sees.
typedef struct {
  ptrdiff_t height, width;              // input
  ptrdiff_t outputHeight, outputWidth;  // output
  ptrdiff_t kernelHeight, kernelWidth;
  ptrdiff_t strideY, strideX, paddingY, paddingX, dilationY, dilationX;
  ptrdiff_t channels;     // channels that a window takes from a pixel
  ptrdiff_t pixelStride;  // floats from one input pixel to the next
} dp_windows;

/// columns [count, kh, kw, channels]: the windows of the output pixels first ..< first + count, counted through
/// the batch; zeros where a window leaves the image.
void dp_gather_windows(const dp_windows *w, const float *x, ptrdiff_t first, ptrdiff_t count, float *columns);

/// The transpose of gathering, in one image: adds columns of the output rows firstRow ..< lastRow to those of
/// their pixels that lie in the input rows top ..< bottom.
void dp_scatter_windows(const dp_windows *w, const float *columns, ptrdiff_t firstRow, ptrdiff_t lastRow,
                        ptrdiff_t top, ptrdiff_t bottom, float *image);

/// turned [groups, I, kh * kw reversed, O] from weight [groups, O, kh * kw, I]: a convolution with it is the
/// derivative of the convolution with `weight` by its input.
void dp_turn_weights(const float *weight, ptrdiff_t groups, ptrdiff_t outputs, ptrdiff_t taps, ptrdiff_t inputs,
                     float *turned);

/// y of the output rows first ..< last, counted through the batch: bias[c] + sum of weight[tap, c] x[.., c].
/// Streamed: y goes past the caches, which pays where it is larger than they are.
void dp_depthwise(const dp_windows *w, const float *x, const float *weight, const float *bias, float *y,
                  ptrdiff_t first, ptrdiff_t last, int isStreamed);

/// silu of the same, `columns` pixels at a time by way of `sums`, room for so many.
void dp_depthwise_silu(const dp_windows *w, const float *x, const float *weight, const float *bias, float *y,
                       ptrdiff_t first, ptrdiff_t last, ptrdiff_t columns, float *sums, int isStreamed);

/// Floats that the next function needs.
ptrdiff_t dp_depthwise_silu_scratch(ptrdiff_t width, ptrdiff_t channels);

/// The derivative of silu(convolution + bias) in one pass, 3x3 with stride 1 and a border of 1, of the rows
/// first ..< last of one image and of w->channels of its w->pixelStride channels, a multiple of 8: gx, if it is there, and
/// gradient [10, pixelStride], nine taps and the bias. What comes before the activation is made anew from x.
void dp_depthwise_silu_backward(const dp_windows *w, const float *x, const float *g, const float *weight,
                                const float *bias, float *gx, float *gradient, float *scratch, ptrdiff_t first,
                                ptrdiff_t last, int isStreamed);

/// gradient [taps, channels] += gy x over the output rows first ..< last, counted through the batch.
void dp_depthwise_weights(const dp_windows *w, const float *x, const float *gy, float *gradient,
                          ptrdiff_t first, ptrdiff_t last);

/// image += the derivative by the input of one image, channels firstChannel ..< lastChannel.
void dp_depthwise_scatter(const dp_windows *w, const float *gy, const float *weight, float *image,
                          ptrdiff_t firstChannel, ptrdiff_t lastChannel);
