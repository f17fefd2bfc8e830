// The scan over one block of 16 channels, for a number of states: included once for each.
//
//   STATES    the number of states; CAPACITY   the most it can be
//   NAMED(x)  the name of x for this number
//   UNROLL    the pragma that keeps the states in registers, or nothing
//   TURN(n)   which of four sums the state n adds to

INLINE void NAMED(scan_forward)(const dp_scan_chunk *k, const ptrdiff_t d, const ptrdiff_t width, float *state,
                                float *y, const int adds) {
  const ptrdiff_t stride = k->stride, states = STATES, steps = k->steps, pixelStride = k->pixelStride;
  const ptrdiff_t ahead = STATES >= 8 ? 4 : 16;
  const ptrdiff_t *const places = k->places;
  const float *const rates = k->rates + d, *const us = k->u + d, *const deltas = k->delta + d;
  const float *b = k->b, *c = k->c;
  const lanes skip = *(const lanes *)(k->skip + d);
  lanes h[CAPACITY];
  y += d;
  UNROLL
  for (ptrdiff_t n = 0; n < states; n++) h[n] = *(const lanes *)(state + n * stride + d);
  for (ptrdiff_t t = 0; t < steps; t++, b += k->rowStride, c += k->rowStride) {
    const ptrdiff_t at = places[t] * pixelStride;
    const lanes delta = *(const lanes *)(deltas + t * stride);
    const ptrdiff_t *const then = place_ahead(k, t, ahead);
    if (then) {
      __builtin_prefetch(us + *then * pixelStride);
      __builtin_prefetch(y + *then * pixelStride, 1);
    }
    lanes u, sum[4] = {0.f, 0.f, 0.f, 0.f};
    load_lanes(&u, us + at, width);
    const lanes input = delta * u;
    sum[0] = skip * u;
    UNROLL
    for (ptrdiff_t n = 0; n < states; n++) {
      lanes decay = delta * *(const lanes *)(rates + n * stride);
      decay_lanes(&decay);
      h[n] = h[n] * decay + input * b[n];
      sum[TURN(n)] += h[n] * c[n];
    }
    sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    if (adds) {  // as if it were summed up apart and added then: the same bits
      load_lanes(&sum[1], y + at, width);
      sum[0] += sum[1];
    }
    store_lanes(y + at, &sum[0], width);
  }
  UNROLL
  for (ptrdiff_t n = 0; n < states; n++) *(lanes *)(state + n * stride + d) = h[n];
}

#undef STATES
#undef CAPACITY
#undef NAMED
#undef UNROLL
#undef TURN
