// The selective scan of one state for one set of instructions: NAME(x) names its functions, TARGET is what they are compiled
// for, FUNCTION(x) names the softplus and powers it takes; FORTH and BACK say how many steps are made together. All are undefined
// behind it.

/// delta, e^-|z + bias| and the decay of `count` steps of a block, from the first one's z on.
INLINE TARGET void NAME(make_steps)(const float *z, const ptrdiff_t stride, const lanes *shift, const lanes *rate,
                                    lanes *x, lanes *delta, lanes *e, lanes *decay, const int count) {
  EACH(i) delta[i] = x[i] = *(const lanes *)(z + i * stride) + *shift;
  FUNCTION(deltas_of_lanes)(delta, e, count);
  EACH(i) decay[i] = delta[i] * *rate;
  FUNCTION(decays_of_lanes)(decay, count);
}

// `count` steps of a block of `width` channels, from the step t on.
INLINE TARGET void NAME(forward_steps)(const dp_scan_chunk *k, const step_places *all, const ptrdiff_t d, const ptrdiff_t t,
                                       const ptrdiff_t width, const lanes *shift, const lanes *rate,
                                       const lanes *skip, lanes *h, float *y, const int adds, const int skips,
                                       const int count) {
  const ptrdiff_t *const places = all->at + t;
  const float *const b = k->b + t * k->rowStride, *const c = k->c + t * k->rowStride;
  lanes x[TOGETHER], delta[TOGETHER], e[TOGETHER], decay[TOGETHER];
  NAME(make_steps)(k->delta + t * k->stride + d, k->stride, shift, rate, x, delta, e, decay, count);
  EACH(i) {
    const ptrdiff_t at = places[i] + d, then = places[i + AHEAD] + d;
    lanes u, sum, old;
    __builtin_prefetch(k->u + then);
    __builtin_prefetch(y + then, 1);
    load_lanes(&u, k->u + at, width);
    *h = *h * decay[i] + delta[i] * u * b[i * k->rowStride];
    if (skips) {
      sum = *skip * u;
      sum += *h * c[i * k->rowStride];
    } else {
      sum = *h * c[i * k->rowStride];
    }
    if (adds) {  // as if it were summed up apart and added then: the same bits
#pragma clang fp contract(off)
      load_lanes(&old, y + at, width);
      sum = sum + old;
    }
    store_lanes(y + at, &sum, width);
  }
}

INLINE TARGET void NAME(forward_block)(const dp_scan_chunk *k, const step_places *all, const ptrdiff_t d,
                                       const ptrdiff_t width, const float *bias, float *state, float *y, const int adds,
                                       const int skips) {
  const lanes shift = *(const lanes *)(bias + d), rate = *(const lanes *)(k->rates + d);
  lanes h = *(const lanes *)(state + d), skip = 0.f;
  if (skips) skip = *(const lanes *)(k->skip + d);
  ptrdiff_t t = 0;
  for (; t + FORTH <= k->steps; t += FORTH)
    NAME(forward_steps)(k, all, d, t, width, &shift, &rate, &skip, &h, y, adds, skips, FORTH);
  for (; t < k->steps; t++) NAME(forward_steps)(k, all, d, t, width, &shift, &rate, &skip, &h, y, adds, skips, 1);
  *(lanes *)(state + d) = h;
}

TARGET static void NAME(dp_single_scan_forward)(const dp_scan_chunk *k, const float *bias, float *state, float *y,
                                                int adds) {
  const int skips = k->skip != 0;
  step_places places;
  find_places(k, &places);
  ptrdiff_t d = 0;
  for (; d + DP_SCAN_LANES <= k->channels; d += DP_SCAN_LANES)
    if (adds && !skips) NAME(forward_block)(k, &places, d, DP_SCAN_LANES, bias, state, y, 1, 0);
    else if (skips && !adds) NAME(forward_block)(k, &places, d, DP_SCAN_LANES, bias, state, y, 0, 1);
    else NAME(forward_block)(k, &places, d, DP_SCAN_LANES, bias, state, y, adds, skips);
  if (d < k->channels) NAME(forward_block)(k, &places, d, k->channels - d, bias, state, y, adds, skips);
}

// What `count` steps of a block have made, from the step t on; the state goes on.
INLINE TARGET void NAME(remake_steps)(const dp_scan_chunk *k, const step_places *all, const ptrdiff_t d, const ptrdiff_t t,
                                      const ptrdiff_t width, const lanes *shift, const lanes *rate,
                                      const dp_scan_gradients *o, lanes *h, single_step *made, const int count) {
  const ptrdiff_t *const places = all->at + t;
  const float *const b = k->b + t * k->rowStride;
  lanes x[TOGETHER], delta[TOGETHER], e[TOGETHER], decay[TOGETHER];
  NAME(make_steps)(k->delta + t * k->stride + d, k->stride, shift, rate, x, delta, e, decay, count);
  EACH(i) FUNCTION(slope_of_lanes)(&x[i], &e[i], &made[i].slope);
  EACH(i) {
    const ptrdiff_t then = places[i + AHEAD] + d;
    lanes u;
    __builtin_prefetch(k->u + then);
    __builtin_prefetch(o->gy + then);
    __builtin_prefetch(o->gu + then, 1);
    load_lanes(&u, k->u + d + places[i], width);
    made[i].decay = decay[i];
    made[i].delta = delta[i];
    made[i].before = *h;
    *h = *h * decay[i] + delta[i] * u * b[i * k->rowStride];
  }
}

// made [steps] of this block is made anew; sumB, sumC [steps] are added to unless it is the first.
INLINE TARGET void NAME(backward_block)(const dp_scan_chunk *k, const step_places *all, const ptrdiff_t d,
                                        const ptrdiff_t width, const float *bias, const float *state,
                                        const dp_scan_gradients *o, float *gbias, single_step *made, lanes *sumB, lanes *sumC,
                                        const int isFirst, const int skips) {
  const ptrdiff_t stride = k->stride, steps = k->steps;
  const float *const us = k->u + d, *const gys = o->gy + d;
  float *const gus = o->gu + d, *const gzs = o->gdelta + d;
  const lanes rate = *(const lanes *)(k->rates + d), shift = *(const lanes *)(bias + d);
  lanes h = *(const lanes *)(state + d);
  ptrdiff_t t = 0;
  for (; t + BACK <= steps; t += BACK)
    NAME(remake_steps)(k, all, d, t, width, &shift, &rate, o, &h, made + t, BACK);
  for (; t < steps; t++) NAME(remake_steps)(k, all, d, t, width, &shift, &rate, o, &h, made + t, 1);
  lanes carry = *(const lanes *)(o->carry + d), byA = *(const lanes *)(o->grates + d),
        gskip = *(const lanes *)(o->gskip + d), byBias = *(const lanes *)(gbias + d), skip = 0.f;
  const lanes exponent = rate * 0.693147181f;
  if (skips) skip = *(const lanes *)(k->skip + d);
  for (t = steps - 1; t >= 0; t--) {
    const ptrdiff_t at = all->at[t];
    const lanes delta = made[t].delta, before = made[t].before;
    lanes u, gy, gu;
    load_lanes(&u, us + at, width);
    load_lanes(&gy, gys + at, width);
    const lanes gh = carry + gy * k->c[t * k->rowStride];
    carry = gh * made[t].decay;
    const lanes kept = carry * before, byInput = gh * k->b[t * k->rowStride];
    if (isFirst) {
      sumC[t] = gy * h;
      sumB[t] = gh * (delta * u);
    } else {
      sumC[t] += gy * h;
      sumB[t] += gh * (delta * u);
    }
    h = before;
    byA += kept * delta;
    if (skips) {
      gskip += gy * u;
      gu = skip * gy + byInput * delta;
    } else {
      gu = byInput * delta;
    }
    if (o->adds) {
#pragma clang fp contract(off)
      lanes old;
      load_lanes(&old, gus + at, width);
      gu = gu + old;
    }
    store_lanes(gus + at, &gu, width);
    const lanes gz = (kept * exponent + byInput * u) * made[t].slope;
    byBias += gz;
    *(lanes *)(gzs + t * stride) = gz;
  }
  *(lanes *)(o->carry + d) = carry;
  *(lanes *)(o->grates + d) = byA;
  *(lanes *)(o->gskip + d) = gskip;
  *(lanes *)(gbias + d) = byBias;
}

TARGET static void NAME(dp_single_scan_backward)(const dp_scan_chunk *k, const float *bias, const float *state,
                                                 const dp_scan_gradients *o, float *gbias) {
  // Apart by odd numbers of lines: streams a multiple of 4096 bytes apart hinder each other.
  lanes *sumB = (lanes *)o->scratch, *sumC = sumB + k->steps + 5;
  single_step *made = (single_step *)(sumC + k->steps + 9);
  const int skips = k->skip != 0;
  step_places places;
  find_places(k, &places);
  ptrdiff_t d = 0;
  for (; d + DP_SCAN_LANES <= k->channels; d += DP_SCAN_LANES)
    if (d == 0)
      NAME(backward_block)(k, &places, d, DP_SCAN_LANES, bias, state, o, gbias, made, sumB, sumC, 1, skips);
    else if (skips)
      NAME(backward_block)(k, &places, d, DP_SCAN_LANES, bias, state, o, gbias, made, sumB, sumC, 0, 1);
    else
      NAME(backward_block)(k, &places, d, DP_SCAN_LANES, bias, state, o, gbias, made, sumB, sumC, 0, 0);
  if (d < k->channels)
    NAME(backward_block)(k, &places, d, k->channels - d, bias, state, o, gbias, made, sumB, sumC, d == 0, skips);
  write_sums(sumB, k->steps, 1, o->gb, o->gradientRowStride);
  write_sums(sumC, k->steps, 1, o->gc, o->gradientRowStride);
}

#undef NAME
#undef TARGET
#undef FUNCTION
#undef FORTH
#undef BACK
