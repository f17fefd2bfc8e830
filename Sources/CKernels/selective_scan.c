#include "CKernels.h"

#include "dispatch.h"
#include "polynomials.h"
#include "scan_backward.h"
#include "scan_lanes.h"

#pragma clang fp contract(fast)

#define STATES 4
#define CAPACITY 4
#define NAMED(x) x##_4
#define UNROLL _Pragma("clang loop unroll(full)")
#define TURN(n) (n % 4)
#include "scan_block.h"

#define STATES 8
#define CAPACITY 8
#define NAMED(x) x##_8
#define UNROLL _Pragma("clang loop unroll(full)")
#define TURN(n) (n % 4)
#include "scan_block.h"

#define STATES 16
#define CAPACITY 16
#define NAMED(x) x##_16
#define UNROLL _Pragma("clang loop unroll(full)")
#define TURN(n) (n % 4)
#include "scan_block.h"

#define STATES k->states
#define CAPACITY DP_SCAN_STATES
#define NAMED(x) x##_any
#define UNROLL
#define TURN(n) 0
#include "scan_block.h"

// Whole blocks with a constant width, then the block that is not full.
#define FORWARD_BLOCKS(name)                                                              \
  for (ptrdiff_t d = 0; d < whole; d += DP_SCAN_LANES)                                    \
    if (adds) name(chunk, d, DP_SCAN_LANES, state, y, 1);                                 \
    else name(chunk, d, DP_SCAN_LANES, state, y, 0);                                      \
  if (whole < chunk->channels) name(chunk, whole, chunk->channels - whole, state, y, adds)

MULTIVERSION void dp_scan_forward(const dp_scan_chunk *chunk, float *state, float *y, int adds) {
  const ptrdiff_t whole = chunk->channels / DP_SCAN_LANES * DP_SCAN_LANES;
  switch (chunk->states) {
    case 4: FORWARD_BLOCKS(scan_forward_4); break;
    case 8: FORWARD_BLOCKS(scan_forward_8); break;
    case 16: FORWARD_BLOCKS(scan_forward_16); break;
    default: FORWARD_BLOCKS(scan_forward_any); break;
  }
}

/// Where the backward pass keeps what it makes.
typedef struct {
  lanes *sumB, *sumC;  // [steps, states of a run] of each run: sums over the blocks
  scan_row *rows;      // [steps, BLOCKS_AT_ONCE]
  scan_step *made;     // [steps, RUN]
} scan_scratch;

INLINE void backward_states(const dp_scan_chunk *k, const scan_run r, const float *state, const dp_scan_gradients *o,
                            const scan_scratch *s) {
  remake_run(k, r, state, o, s->rows, s->made, s->sumC + r.state * k->steps);
  backward_run(k, r, o, s->made, s->rows, s->sumB + r.state * k->steps);
}

INLINE void backward_blocks(const dp_scan_chunk *k, const scan_run blocks, const float *state,
                            const dp_scan_gradients *o, const scan_scratch *s) {
  scan_run r = blocks;
  begin_rows(k, r, o, s->rows);
  for (r.states = STATES_AT_ONCE; r.state + STATES_AT_ONCE <= k->states; r.state += STATES_AT_ONCE)
    backward_states(k, r, state, o, s);
  for (r.states = 1; r.state < k->states; r.state++) backward_states(k, r, state, o, s);
  finish_rows(k, r, o, s->rows);
}

/// rows [steps, all states] = the sums over the lanes of x, which is overwritten.
INLINE void write_runs(lanes *x, const ptrdiff_t steps, const ptrdiff_t states, float *rows, ptrdiff_t rowStride) {
  ptrdiff_t n = 0;
  for (; n + STATES_AT_ONCE <= states; n += STATES_AT_ONCE)
    write_sums(x + n * steps, steps, STATES_AT_ONCE, rows + n, rowStride);
  for (; n < states; n++) write_sums(x + n * steps, steps, 1, rows + n, rowStride);
}

MULTIVERSION void dp_scan_backward(const dp_scan_chunk *k, const float *state, const dp_scan_gradients *gradients) {
  const ptrdiff_t count = k->steps * k->states;
  // Apart by odd numbers of lines: streams a multiple of 4096 bytes apart hinder each other.
  lanes *const sumB = (lanes *)gradients->scratch, *const sumC = sumB + count + 5;
  scan_row *const rows = (scan_row *)(sumC + count + 9);
  scan_step *const made = (scan_step *)((lanes *)(rows + k->steps * BLOCKS_AT_ONCE) + 7);
  const scan_scratch scratch = {sumB, sumC, rows, made};
  // Where registers are narrower, one block's states fill more than all of them.
  const ptrdiff_t pairs = dp_has_wide_vectors() ? k->channels / (BLOCKS_AT_ONCE * DP_SCAN_LANES) : 0;
  ptrdiff_t d = 0;
  for (ptrdiff_t i = 0; i < pairs; i++, d += BLOCKS_AT_ONCE * DP_SCAN_LANES)
    if (d == 0)
      backward_blocks(k, (scan_run){0, 0, BLOCKS_AT_ONCE, 0, DP_SCAN_LANES, 1}, state, gradients, &scratch);
    else
      backward_blocks(k, (scan_run){d, 0, BLOCKS_AT_ONCE, 0, DP_SCAN_LANES, 0}, state, gradients, &scratch);
  for (; d + DP_SCAN_LANES <= k->channels; d += DP_SCAN_LANES)
    if (d == 0)
      backward_blocks(k, (scan_run){0, 0, 1, 0, DP_SCAN_LANES, 1}, state, gradients, &scratch);
    else
      backward_blocks(k, (scan_run){d, 0, 1, 0, DP_SCAN_LANES, 0}, state, gradients, &scratch);
  if (d < k->channels)
    backward_blocks(k, (scan_run){d, 0, 1, 0, k->channels - d, d == 0}, state, gradients, &scratch);
  write_runs(sumB, k->steps, k->states, gradients->gb, gradients->gradientRowStride);
  write_runs(sumC, k->steps, k->states, gradients->gc, gradients->gradientRowStride);
}

void dp_scan_places(ptrdiff_t direction, ptrdiff_t height, ptrdiff_t width, ptrdiff_t begin, ptrdiff_t count,
                    ptrdiff_t *places) {
  const ptrdiff_t first = direction >= 2 ? height * width - 1 - begin : begin, sign = direction >= 2 ? -1 : 1;
  if (count <= 0) return;
  if (direction % 2 == 0) {
    for (ptrdiff_t i = 0; i < count; i++) places[i] = first + sign * i;
    return;
  }
  ptrdiff_t row = first % height, column = first / height;
  for (ptrdiff_t i = 0; i < count; i++) {
    places[i] = row * width + column;
    row += sign;
    if (row == height || row < 0) {
      row = row < 0 ? height - 1 : 0;
      column += sign;
    }
  }
}

// Rows ahead of the one that is copied: the processor does not foresee the pixels of a column.
enum { ROWS_AHEAD = 16 };

// In parts of constant sizes: rows are short.
INLINE void copy_row(float *restrict to, const float *restrict from, const ptrdiff_t width) {
  ptrdiff_t i = 0;
  for (; i + 16 <= width; i += 16) memcpy(to + i, from + i, 16 * sizeof *to);
#define COPY(count)                                  \
  if (width & count) {                               \
    memcpy(to + i, from + i, count * sizeof *to);    \
    i += count;                                      \
  }
  COPY(8) COPY(4) COPY(2) COPY(1)
#undef COPY
}

MULTIVERSION void dp_scan_gather(const float *from, ptrdiff_t fromStride, const ptrdiff_t *places, ptrdiff_t count,
                                 ptrdiff_t width, float *rows, ptrdiff_t rowStride) {
  for (ptrdiff_t t = 0; t < count; t++) {
    if (t + ROWS_AHEAD < count)
      for (ptrdiff_t i = 0; i < width; i += DP_SCAN_LANES)
        __builtin_prefetch(from + places[t + ROWS_AHEAD] * fromStride + i);
    copy_row(rows + t * rowStride, from + places[t] * fromStride, width);
  }
}

MULTIVERSION void dp_scan_scatter(const float *rows, ptrdiff_t rowStride, const ptrdiff_t *places,
                                  ptrdiff_t count, ptrdiff_t width, float *to, ptrdiff_t toStride, int adds) {
  for (ptrdiff_t t = 0; t < count; t++) {
    float *restrict out = to + places[t] * toStride;
    const float *restrict row = rows + t * rowStride;
    if (t + ROWS_AHEAD < count)
      for (ptrdiff_t i = 0; i < width; i += DP_SCAN_LANES)
        __builtin_prefetch(to + places[t + ROWS_AHEAD] * toStride + i, 1);
    if (adds)
      for (ptrdiff_t i = 0; i < width; i++) out[i] += row[i];
    else
      copy_row(out, row, width);
  }
}

MULTIVERSION void dp_scan_softplus(const float *z, const float *bias, ptrdiff_t steps, ptrdiff_t stride,
                                   float *delta, float *slope) {
  const lanes zero = 0.f;
  for (ptrdiff_t t = 0; t < steps; t++)
    for (ptrdiff_t d = 0; d < stride; d += DP_SCAN_LANES) {
      const ptrdiff_t at = t * stride + d;
      const lanes x = *(const lanes *)(z + at) + *(const lanes *)(bias + d);
      lanes e = x;
      exp_of_negative_lanes(&e);
      if (slope) {
        const lanes r = 1.f / (1.f + e);
        *(lanes *)(slope + at) = x < zero ? e * r : r;
      }
      log1p_lanes(&e);
      *(lanes *)(delta + at) = (x < zero ? zero : x) + e;
    }
}

MULTIVERSION void dp_scan_softplus_backward(float *gdelta, const float *slope, ptrdiff_t steps, ptrdiff_t stride,
                                            float *gbias) {
  for (ptrdiff_t t = 0; t < steps; t++)
    for (ptrdiff_t d = 0; d < stride; d++) {
      const float g = gdelta[t * stride + d] * slope[t * stride + d];
      gdelta[t * stride + d] = g;
      gbias[d] += g;
    }
}

MULTIVERSION void dp_scan_rates(const float *a, int isLogarithm, ptrdiff_t channels, ptrdiff_t states,
                                ptrdiff_t stride, float *rates) {
  for (ptrdiff_t n = 0; n < states; n++) {
    float *const row = rates + n * stride;
    for (ptrdiff_t d = 0; d < channels; d++) row[d] = a[d * states + n];
    for (ptrdiff_t d = channels; d < stride; d++) row[d] = 0;
    if (isLogarithm)
      for (ptrdiff_t d = 0; d < channels; d++) row[d] = -dp_exp(row[d]);
    for (ptrdiff_t d = 0; d < channels; d++) row[d] *= 1.44269504f;
  }
}

void dp_scan_rates_backward(const float *grates, const float *rates, int isLogarithm, ptrdiff_t channels,
                            ptrdiff_t states, ptrdiff_t stride, float *ga) {
  for (ptrdiff_t d = 0; d < channels; d++)
    for (ptrdiff_t n = 0; n < states; n++)
      ga[d * states + n] =
          grates[n * stride + d] * (isLogarithm ? rates[n * stride + d] * 0.693147181f : 1);
}
