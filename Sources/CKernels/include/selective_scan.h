#pragma once

#include <stddef.h>

// Selective scan of real diagonal systems (Gu & Dao, "Mamba", 2023, arXiv:2312.00752, algorithm 2), in chunks:
//
//   h[t] = exp(delta[t] A) h[t - 1] + delta[t] u[t] B[t]        y[t] = <C[t], h[t]> + skip u[t]
//
// Channels are vector lanes. Buffers of a chunk hold `stride` channels a row, a multiple of DP_SCAN_LANES, the ones
// beyond `channels` with zeros in `rates`, `skip` and the states; they are 64-byte aligned.

enum { DP_SCAN_LANES = 16, DP_SCAN_STATES = 64, DP_SINGLE_SCAN_STEPS = 64 };

/// Some steps of one scan over some channels.
typedef struct {
  ptrdiff_t steps, channels, states;  // states at most DP_SCAN_STATES
  ptrdiff_t stride;                   // channels in a buffer's row
  const ptrdiff_t *places;            // the pixel of each step
  const ptrdiff_t *next;              // those of the chunk that follows, to be fetched ahead
  ptrdiff_t nextSteps;
  ptrdiff_t pixelStride;              // floats from a pixel to the next in u, y and their gradients
  const float *u;                     // first channel of the first pixel
  const float *delta;                 // [steps, stride], > 0
  const float *rates;                 // [states, stride], A log2(e)
  const float *b, *c;                 // [steps, states], rows rowStride apart
  ptrdiff_t rowStride;
  const float *skip;  // [stride]; null, for one state only: there is none
} dp_scan_chunk;

/// y = or += the chunk's outputs; state [states, stride] goes on from step to step.
void dp_scan_forward(const dp_scan_chunk *chunk, float *state, float *y, int adds);

/// What the backward pass of a chunk writes and adds to.
typedef struct {
  const float *gy;
  float *gu;
  int adds;        // whether gu is added to
  float *carry;    // [states, stride]: gradient by the last state of the chunk, then by that before it
  float *gdelta;   // [steps, stride], written
  float *grates;   // [states, stride], added to: gradient by A
  float *gskip;    // [stride], added to
  float *gb, *gc;  // [steps, states], rows gradientRowStride apart, written: sums over the chunk's channels
  ptrdiff_t gradientRowStride;
  float *scratch;  // (steps (2 states + 24) + 24) DP_SCAN_LANES floats
} dp_scan_gradients;

/// The backward pass of a chunk; `state` is the one before it. Chunks go from the last to the first.
void dp_scan_backward(const dp_scan_chunk *chunk, const float *state, const dp_scan_gradients *gradients);

/// `dp_scan_forward` for one state and at most DP_SINGLE_SCAN_STEPS steps, softplus included: chunk->delta holds z, before
/// bias [stride] and softplus.
void dp_single_scan_forward(const dp_scan_chunk *chunk, const float *bias, float *state, float *y, int adds);

/// `dp_scan_backward` for one state, softplus included: chunk->delta holds z; gdelta is the gradient by it, and its
/// sums over the steps are added to gbias [stride]. Scratch: (6 steps + 14) DP_SCAN_LANES floats.
void dp_single_scan_backward(const dp_scan_chunk *chunk, const float *bias, const float *state,
                             const dp_scan_gradients *gradients, float *gbias);

/// The pixels of the steps begin ..< begin + count: direction 0 by rows, 1 by columns, 2 and 3 these reversed.
void dp_scan_places(ptrdiff_t direction, ptrdiff_t height, ptrdiff_t width, ptrdiff_t begin, ptrdiff_t count,
                    ptrdiff_t *places);

/// rows[t] = width floats at from + places[t] * fromStride.
void dp_scan_gather(const float *from, ptrdiff_t fromStride, const ptrdiff_t *places, ptrdiff_t count,
                    ptrdiff_t width, float *rows, ptrdiff_t rowStride);

/// The reverse: to + places[t] * toStride = or += rows[t].
void dp_scan_scatter(const float *rows, ptrdiff_t rowStride, const ptrdiff_t *places, ptrdiff_t count,
                     ptrdiff_t width, float *to, ptrdiff_t toStride, int adds);

/// z [steps, stride] = rows [steps, rank], rowStride apart, times weights [rank, stride].
void dp_scan_project(const float *rows, ptrdiff_t rowStride, ptrdiff_t rank, const float *weights,
                     ptrdiff_t steps, ptrdiff_t stride, float *z);

/// The gradient by rows, [steps, rank], rowStride apart: gz [steps, stride] times weights [rank, stride] transposed.
void dp_scan_project_back(const float *gz, ptrdiff_t steps, ptrdiff_t stride, const float *weights,
                          ptrdiff_t rank, float *rows, ptrdiff_t rowStride);

/// gweights [rank, stride] += rows transposed times gz [steps, stride].
void dp_scan_project_weights(const float *rows, ptrdiff_t rowStride, ptrdiff_t rank, const float *gz,
                             ptrdiff_t steps, ptrdiff_t stride, float *gweights);

/// delta = softplus(z + bias), and its derivative in `slope` unless that is null; [steps, stride].
void dp_scan_softplus(const float *z, const float *bias, ptrdiff_t steps, ptrdiff_t stride, float *delta,
                      float *slope);

/// gdelta *= slope; gbias [stride] += its sums over the steps.
void dp_scan_softplus_backward(float *gdelta, const float *slope, ptrdiff_t steps, ptrdiff_t stride,
                               float *gbias);

/// rates [states, stride] from a [channels, states]: A log2(e), A = a or -exp(a).
void dp_scan_rates(const float *a, int isLogarithm, ptrdiff_t channels, ptrdiff_t states, ptrdiff_t stride,
                   float *rates);

/// ga [channels, states] from the gradient by A, grates [states, stride].
void dp_scan_rates_backward(const float *grates, const float *rates, int isLogarithm, ptrdiff_t channels,
                            ptrdiff_t states, ptrdiff_t stride, float *ga);
