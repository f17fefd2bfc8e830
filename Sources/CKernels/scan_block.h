// The scan over one block of 16 channels, for a number of states: included once for each.
//
//   STATES    the number of states; CAPACITY   the most it can be
//   NAMED(x)  the name of x for this number
//   UNROLL    the pragma that keeps the states in registers, or nothing
//   TURN(n)   which of four sums the state n adds to

INLINE void NAMED(scan_forward)(const dp_scan_chunk *k, const ptrdiff_t d, const ptrdiff_t width, float *state,
                                float *y, const int adds) {
  const ptrdiff_t stride = k->stride, states = STATES, steps = k->steps, pixelStride = k->pixelStride;
  const ptrdiff_t ahead = STATES >= 8 ? 4 : 16;  // the processor does not foresee the pixels of a column
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
    if (t + ahead < steps) {
      __builtin_prefetch(us + places[t + ahead] * pixelStride);
      __builtin_prefetch(y + places[t + ahead] * pixelStride, 1);
    }
    lanes u, sum[4] = {0.f, 0.f, 0.f, 0.f};
    load_lanes(&u, us + at, width);
    if (adds) load_lanes(&sum[1], y + at, width);
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
    store_lanes(y + at, &sum[0], width);
  }
  UNROLL
  for (ptrdiff_t n = 0; n < states; n++) *(lanes *)(state + n * stride + d) = h[n];
}

// decays, before [steps(+ 1), states] of this block are made anew; sumB, sumC [steps, states] are added to.
INLINE void NAMED(scan_backward)(const dp_scan_chunk *k, const ptrdiff_t d, const ptrdiff_t width,
                                 const float *state, const dp_scan_gradients *o, lanes *decays, lanes *before,
                                 lanes *sumB, lanes *sumC) {
  const ptrdiff_t stride = k->stride, states = STATES, steps = k->steps, pixelStride = k->pixelStride;
  const ptrdiff_t ahead = STATES >= 8 ? 4 : 16;  // the processor does not foresee the pixels of a column
  const ptrdiff_t rowStride = k->rowStride;
  const ptrdiff_t *const places = k->places;
  const float *const rates = k->rates + d, *const us = k->u + d, *const deltas = k->delta + d;
  const float *const bs = k->b, *const cs = k->c, *const gys = o->gy + d;
  float *const gus = o->gu + d, *const gdeltas = o->gdelta + d, *const grates = o->grates + d;
  const int adds = o->adds;
  const lanes skip = *(const lanes *)(k->skip + d);
  lanes h[CAPACITY];
  UNROLL
  for (ptrdiff_t n = 0; n < states; n++) before[n] = h[n] = *(const lanes *)(state + n * stride + d);
  for (ptrdiff_t t = 0; t < steps; t++) {
    const float *b = bs + t * rowStride;
    const lanes delta = *(const lanes *)(deltas + t * stride);
    if (t + ahead < steps) {
      __builtin_prefetch(us + places[t + ahead] * pixelStride);
      __builtin_prefetch(gys + places[t + ahead] * pixelStride);
      __builtin_prefetch(gus + places[t + ahead] * pixelStride, 1);
    }
    lanes u;
    load_lanes(&u, us + places[t] * pixelStride, width);
    const lanes input = delta * u;
    UNROLL
    for (ptrdiff_t n = 0; n < states; n++) {
      lanes decay = delta * *(const lanes *)(rates + n * stride);
      decay_lanes(&decay);
      h[n] = h[n] * decay + input * b[n];
      decays[t * states + n] = decay;
      before[(t + 1) * states + n] = h[n];
    }
  }
  lanes carry[CAPACITY], byA[CAPACITY], gskip = *(const lanes *)(o->gskip + d);
  UNROLL
  for (ptrdiff_t n = 0; n < states; n++) {
    carry[n] = *(const lanes *)(o->carry + n * stride + d);
    byA[n] = *(const lanes *)(grates + n * stride);
  }
  for (ptrdiff_t t = steps - 1; t >= 0; t--) {
    const ptrdiff_t at = places[t] * pixelStride;
    const float *b = bs + t * rowStride, *c = cs + t * rowStride;
    const lanes delta = *(const lanes *)(deltas + t * stride);
    lanes u, gy, gu, byInput = 0.f, byRate = 0.f;
    load_lanes(&u, us + at, width);
    load_lanes(&gy, gys + at, width);
    const lanes input = delta * u;
    UNROLL
    for (ptrdiff_t n = 0; n < states; n++) {
      const lanes decay = decays[t * states + n];
      const lanes gh = carry[n] + gy * c[n];
      const lanes passed = gh * decay;
      const lanes kept = passed * before[t * states + n];
      sumC[t * states + n] += gy * before[(t + 1) * states + n];
      sumB[t * states + n] += gh * input;
      byInput += gh * b[n];
      byRate += kept * *(const lanes *)(rates + n * stride);
      byA[n] += kept * delta;
      carry[n] = passed;
    }
    gskip += gy * u;
    gu = skip * gy + byInput * delta;
    if (adds) {
      lanes old;
      load_lanes(&old, gus + at, width);
      gu += old;
    }
    store_lanes(gus + at, &gu, width);
    *(lanes *)(gdeltas + t * stride) = byRate * 0.693147181f + byInput * u;
  }
  *(lanes *)(o->gskip + d) = gskip;
  UNROLL
  for (ptrdiff_t n = 0; n < states; n++) {
    *(lanes *)(o->carry + n * stride + d) = carry[n];
    *(lanes *)(grates + n * stride) = byA[n];
  }
}

#undef STATES
#undef CAPACITY
#undef NAMED
#undef UNROLL
#undef TURN
