// The scan's way back over a few states of one or two blocks of 16 channels: their numbers stay in registers. All
// states of a chunk are a few such runs.
#pragma once

#include "scan_lanes.h"

#pragma clang fp contract(fast)

// The most of a run; what is read and added to for two blocks is read and added to once.
enum { STATES_AT_ONCE = 4, BLOCKS_AT_ONCE = 2, RUN = STATES_AT_ONCE * BLOCKS_AT_ONCE };

/// Some states of some blocks. All but the first states and channels are constants where it counts.
typedef struct {
  ptrdiff_t channel, state;  // the first ones
  int blocks, states;
  ptrdiff_t width;   // channels of a block
  int isFirstBlock;  // whether there is no block before
} scan_run;

/// What the runs of all states read of a step and block, and what they add up.
typedef struct {
  lanes input, gy, byInput, byRate;
} scan_row;

/// What the way back needs of a state and step.
typedef struct {
  lanes decay, before;
} scan_step;

#define UNROLLED _Pragma("clang loop unroll(full)")
#define EACH_STATE(n) UNROLLED for (int n = 0; n < r.states; n++)
#define EACH_BLOCK(j) UNROLLED for (int j = 0; j < r.blocks; j++)
// A vector of the state n and block j, in a buffer with rows of `stride` channels, and in a run's own.
#define LANES_AT(buffer, n, j) (*(lanes *)((buffer) + (n) * stride + (j) * DP_SCAN_LANES))
#define CONST_LANES_AT(buffer, n, j) (*(const lanes *)((buffer) + (n) * stride + (j) * DP_SCAN_LANES))
#define PLACE(n, j) ((n) * r.blocks + (j))

/// Makes `rows` [steps, blocks] ready.
INLINE void begin_rows(const dp_scan_chunk *k, const scan_run r, const dp_scan_gradients *o, scan_row *rows) {
  const ptrdiff_t stride = k->stride;
  const float *const us = k->u + r.channel, *const gys = o->gy + r.channel, *const deltas = k->delta + r.channel;
  for (ptrdiff_t t = 0; t < k->steps; t++)
    EACH_BLOCK(j) {
      const ptrdiff_t at = k->places[t] * k->pixelStride + j * DP_SCAN_LANES;
      scan_row *const row = rows + t * r.blocks + j;
      lanes u;
      load_lanes(&u, us + at, r.width);
      row->input = CONST_LANES_AT(deltas, t, j) * u;
      load_lanes(&row->gy, gys + at, r.width);
      row->byInput = row->byRate = 0.f;
    }
}

/// Fetches what the blocks after the run's will need at the step t, or the first ones in the next chunk.
INLINE void fetch_ahead(const dp_scan_chunk *k, const scan_run r, const dp_scan_gradients *o, const ptrdiff_t t) {
  ptrdiff_t channel = r.channel + r.blocks * DP_SCAN_LANES;
  const ptrdiff_t *then = k->places + t;
  if (channel >= k->channels) {
    channel = 0;
    then = place_ahead(k, t, k->steps);
  }
  if (!then) return;
  const ptrdiff_t at = *then * k->pixelStride + channel;
  EACH_BLOCK(j) {
    __builtin_prefetch(k->u + at + j * DP_SCAN_LANES);
    __builtin_prefetch(o->gy + at + j * DP_SCAN_LANES);
    __builtin_prefetch(o->gu + at + j * DP_SCAN_LANES, 1);
  }
}

/// The run's way forth again: `made` [steps, states, blocks]. Adds to its `sumC` [steps, states].
INLINE void remake_run(const dp_scan_chunk *k, const scan_run r, const float *state, const dp_scan_gradients *o,
                       const scan_row *rows, scan_step *made, lanes *sumC) {
  const ptrdiff_t stride = k->stride, first = r.state * stride + r.channel;
  const float *const rates = k->rates + first, *const deltas = k->delta + r.channel;
  const float *b = k->b + r.state;
  lanes h[RUN];
  state += first;
  EACH_STATE(n) EACH_BLOCK(j) h[PLACE(n, j)] = CONST_LANES_AT(state, n, j);
  for (ptrdiff_t t = 0; t < k->steps; t++, b += k->rowStride, sumC += r.states, rows += r.blocks) {
    scan_step *const step = made + t * r.states * r.blocks;
    if (r.state == 0) fetch_ahead(k, r, o, t);
    EACH_STATE(n) {
      lanes sum = 0.f;
      if (!r.isFirstBlock) sum = sumC[n];
      EACH_BLOCK(j) {
        const int i = PLACE(n, j);
        lanes decay = CONST_LANES_AT(deltas, t, j) * CONST_LANES_AT(rates, n, j);
        decay_lanes(&decay);
        step[i].decay = decay;
        step[i].before = h[i];
        h[i] = h[i] * decay + rows[j].input * b[n];
        sum += rows[j].gy * h[i];
      }
      sumC[n] = sum;
    }
  }
}

/// Adds the run's part to `rows` and to its `sumB` [steps, states]; the carry goes on.
INLINE void backward_run(const dp_scan_chunk *k, const scan_run r, const dp_scan_gradients *o,
                         const scan_step *made, scan_row *rows, lanes *sumB) {
  const ptrdiff_t stride = k->stride, first = r.state * stride + r.channel;
  const float *const rates = k->rates + first, *const deltas = k->delta + r.channel;
  float *const grates = o->grates + first, *const carries = o->carry + first;
  lanes carry[RUN], byA[RUN];
  EACH_STATE(n) EACH_BLOCK(j) {
    carry[PLACE(n, j)] = LANES_AT(carries, n, j);
    byA[PLACE(n, j)] = LANES_AT(grates, n, j);
  }
  for (ptrdiff_t t = k->steps - 1; t >= 0; t--) {
    const float *const b = k->b + t * k->rowStride + r.state, *const c = k->c + t * k->rowStride + r.state;
    const scan_step *const step = made + t * r.states * r.blocks;
    lanes *const toB = sumB + t * r.states;
    lanes delta[BLOCKS_AT_ONCE];
    scan_row row[BLOCKS_AT_ONCE];
    EACH_BLOCK(j) delta[j] = CONST_LANES_AT(deltas, t, j);
    EACH_BLOCK(j) row[j] = rows[t * r.blocks + j];
    EACH_STATE(n) {
      lanes sum = 0.f;
      if (!r.isFirstBlock) sum = toB[n];
      EACH_BLOCK(j) {
        const int i = PLACE(n, j);
        const lanes gh = carry[i] + row[j].gy * c[n];
        const lanes passed = gh * step[i].decay, kept = passed * step[i].before;
        sum += gh * row[j].input;
        row[j].byInput += gh * b[n];
        row[j].byRate += kept * CONST_LANES_AT(rates, n, j);
        byA[i] += kept * delta[j];
        carry[i] = passed;
      }
      toB[n] = sum;
    }
    EACH_BLOCK(j) {
      rows[t * r.blocks + j].byInput = row[j].byInput;
      rows[t * r.blocks + j].byRate = row[j].byRate;
    }
  }
  EACH_STATE(n) EACH_BLOCK(j) {
    LANES_AT(carries, n, j) = carry[PLACE(n, j)];
    LANES_AT(grates, n, j) = byA[PLACE(n, j)];
  }
}

/// The gradients by u, delta and the skip, from what all states have added up in `rows`.
INLINE void finish_rows(const dp_scan_chunk *k, const scan_run r, const dp_scan_gradients *o, const scan_row *rows) {
  const ptrdiff_t stride = k->stride;
  const float *const us = k->u + r.channel, *const deltas = k->delta + r.channel;
  float *const gus = o->gu + r.channel, *const gdeltas = o->gdelta + r.channel, *const gskips = o->gskip + r.channel;
  lanes skip[BLOCKS_AT_ONCE], gskip[BLOCKS_AT_ONCE];
  EACH_BLOCK(j) skip[j] = CONST_LANES_AT(k->skip + r.channel, 0, j);
  EACH_BLOCK(j) gskip[j] = LANES_AT(gskips, 0, j);
  for (ptrdiff_t t = k->steps - 1; t >= 0; t--)
    EACH_BLOCK(j) {
      const ptrdiff_t at = k->places[t] * k->pixelStride + j * DP_SCAN_LANES;
      const scan_row row = rows[t * r.blocks + j];
      lanes u, gu;
      load_lanes(&u, us + at, r.width);
      gskip[j] += row.gy * u;
      gu = skip[j] * row.gy + row.byInput * CONST_LANES_AT(deltas, t, j);
      if (o->adds) {
        lanes old;
        load_lanes(&old, gus + at, r.width);
        gu += old;
      }
      store_lanes(gus + at, &gu, r.width);
      LANES_AT(gdeltas, t, j) = row.byRate * 0.693147181f + row.byInput * u;
    }
  EACH_BLOCK(j) LANES_AT(gskips, 0, j) = gskip[j];
}
