// The selective scan of one state: softplus, decay and scan in one pass, nothing stored in between. With so little to
// do a step, what counts is how many products the three functions take: they are polynomials of as few terms as give a
// relative error of 2e-7, no more than the rounding of z does.
#include "CKernels.h"

#include "scan_lanes.h"

#pragma clang fp contract(fast)

// Vectors of 512 bits where there are any: half as many instructions, and room for the polynomials' coefficients.
#if defined(__x86_64__)
#define WIDE __attribute__((min_vector_width(512)))
#else
#define WIDE
#endif

// Blocks of 16 channels that go through the steps together: their chains of dependent operations overlap.
enum { TOGETHER = 2 };

/// x = delta: log(1 + e^x), and in `e` e^-|x|.
INLINE void delta_lanes(lanes *x, lanes *e) {
  int_lanes bits;
  memcpy(&bits, x, sizeof bits);
  bits |= (int)0x80000000;
  lanes t;
  memcpy(&t, &bits, sizeof t);
  t *= 1.44269504f;
  decay_lanes(&t);
  lanes p = t * -0.008540204f + 0.044093404f;
  p = p * t - 0.10768744f;
  p = p * t + 0.17745684f;
  p = p * t - 0.24495648f;
  p = p * t + 0.33275520f;
  p = p * t - 0.49997410f;
  p = p * t + 0.99999982f;
  const lanes zero = 0.f;
  *x = (*x < zero ? zero : *x) + t * p;
  *e = t;
}

// `count` blocks of channels from `d` on, each of `width` channels.
INLINE void forward_blocks(const dp_scan_chunk *k, const ptrdiff_t d, const int count, const ptrdiff_t width,
                           const float *bias, float *state, float *y, const int adds) {
  const ptrdiff_t stride = k->stride, steps = k->steps, pixelStride = k->pixelStride, ahead = 16;
  const ptrdiff_t *const places = k->places;
  const float *const us = k->u + d, *const zs = k->delta + d, *b = k->b, *c = k->c;
  lanes h[TOGETHER], x[TOGETHER], decay[TOGETHER], e;
  for (int i = 0; i < count; i++) h[i] = *(const lanes *)(state + d + i * DP_SCAN_LANES);
  y += d;
  for (ptrdiff_t t = 0; t < steps; t++, b += k->rowStride, c += k->rowStride) {
    const ptrdiff_t at = places[t] * pixelStride;
    if (t + ahead < steps) {  // the processor does not foresee the pixels of a column
      const ptrdiff_t then = places[t + ahead] * pixelStride;
      for (int i = 0; i < count; i++) {
        __builtin_prefetch(us + then + i * DP_SCAN_LANES);
        __builtin_prefetch(y + then + i * DP_SCAN_LANES, 1);
      }
    }
    for (int i = 0; i < count; i++) {
      const ptrdiff_t lane = i * DP_SCAN_LANES;
      x[i] = *(const lanes *)(zs + t * stride + lane) + *(const lanes *)(bias + d + lane);
      delta_lanes(&x[i], &e);
    }
    for (int i = 0; i < count; i++) {
      decay[i] = x[i] * *(const lanes *)(k->rates + d + i * DP_SCAN_LANES);
      decay_lanes(&decay[i]);
    }
    for (int i = 0; i < count; i++) {
      const ptrdiff_t lane = i * DP_SCAN_LANES;
      lanes u, sum, old;
      load_lanes(&u, us + at + lane, width);
      h[i] = h[i] * decay[i] + x[i] * u * *b;
      sum = *(const lanes *)(k->skip + d + lane) * u;
      sum += h[i] * *c;
      if (adds) {  // as if it were summed up apart and added then: the same bits
        load_lanes(&old, y + at + lane, width);
        sum += old;
      }
      store_lanes(y + at + lane, &sum, width);
    }
  }
  for (int i = 0; i < count; i++) *(lanes *)(state + d + i * DP_SCAN_LANES) = h[i];
}

MULTIVERSION WIDE void dp_single_scan_forward(const dp_scan_chunk *k, const float *bias, float *state, float *y,
                                              int adds) {
  ptrdiff_t d = 0;
  for (; d + TOGETHER * DP_SCAN_LANES <= k->channels; d += TOGETHER * DP_SCAN_LANES)
    if (adds) forward_blocks(k, d, TOGETHER, DP_SCAN_LANES, bias, state, y, 1);
    else forward_blocks(k, d, TOGETHER, DP_SCAN_LANES, bias, state, y, 0);
  for (; d + DP_SCAN_LANES <= k->channels; d += DP_SCAN_LANES)
    forward_blocks(k, d, 1, DP_SCAN_LANES, bias, state, y, adds);
  if (d < k->channels) forward_blocks(k, d, 1, k->channels - d, bias, state, y, adds);
}

// decays, deltas, slopes, before [steps] of this block are made anew; sumB, sumC [steps] are added to.
INLINE void backward_block(const dp_scan_chunk *k, const ptrdiff_t d, const ptrdiff_t width, const float *bias,
                           const float *state, const dp_scan_gradients *o, float *gbias, lanes *made, lanes *sumB,
                           lanes *sumC) {
  const ptrdiff_t stride = k->stride, steps = k->steps, pixelStride = k->pixelStride, ahead = 16;
  const ptrdiff_t *const places = k->places;
  const float *const us = k->u + d, *const zs = k->delta + d, *const gys = o->gy + d;
  float *const gus = o->gu + d, *const gzs = o->gdelta + d;
  const lanes rate = *(const lanes *)(k->rates + d), shift = *(const lanes *)(bias + d), one = 1.f, zero = 0.f;
  lanes h = *(const lanes *)(state + d);
  for (ptrdiff_t t = 0; t < steps; t++) {
    if (t + ahead < steps) {
      const ptrdiff_t then = places[t + ahead] * pixelStride;
      __builtin_prefetch(us + then);
      __builtin_prefetch(gys + then);
      __builtin_prefetch(gus + then, 1);
    }
    const lanes x = *(const lanes *)(zs + t * stride) + shift;
    lanes delta = x, e, decay, u;
    delta_lanes(&delta, &e);
    decay = delta * rate;
    decay_lanes(&decay);
    load_lanes(&u, us + places[t] * pixelStride, width);
    made[4 * t] = decay;
    made[4 * t + 1] = delta;
    made[4 * t + 2] = (x < zero ? e : one) / (e + one);
    made[4 * t + 3] = h;
    h = h * decay + delta * u * k->b[t * k->rowStride];
  }
  lanes carry = *(const lanes *)(o->carry + d), byA = *(const lanes *)(o->grates + d),
        gskip = *(const lanes *)(o->gskip + d), byBias = *(const lanes *)(gbias + d);
  const lanes skip = *(const lanes *)(k->skip + d), exponent = rate * 0.693147181f;
  for (ptrdiff_t t = steps - 1; t >= 0; t--) {
    const ptrdiff_t at = places[t] * pixelStride;
    const lanes decay = made[4 * t], delta = made[4 * t + 1];
    lanes u, gy, gu;
    load_lanes(&u, us + at, width);
    load_lanes(&gy, gys + at, width);
    const lanes gh = carry + gy * k->c[t * k->rowStride];
    carry = gh * decay;
    const lanes kept = carry * made[4 * t + 3], byInput = gh * k->b[t * k->rowStride];
    sumC[t] += gy * h;
    sumB[t] += gh * (delta * u);
    h = made[4 * t + 3];
    byA += kept * delta;
    gskip += gy * u;
    gu = skip * gy + byInput * delta;
    if (o->adds) {
      lanes old;
      load_lanes(&old, gus + at, width);
      gu += old;
    }
    store_lanes(gus + at, &gu, width);
    const lanes gz = (kept * exponent + byInput * u) * made[4 * t + 2];
    byBias += gz;
    *(lanes *)(gzs + t * stride) = gz;
  }
  *(lanes *)(o->carry + d) = carry;
  *(lanes *)(o->grates + d) = byA;
  *(lanes *)(o->gskip + d) = gskip;
  *(lanes *)(gbias + d) = byBias;
}

MULTIVERSION WIDE void dp_single_scan_backward(const dp_scan_chunk *k, const float *bias, const float *state,
                                          const dp_scan_gradients *o, float *gbias) {
  // Apart by odd numbers of lines: streams a multiple of 4096 bytes apart hinder each other.
  lanes *sumB = (lanes *)o->scratch, *sumC = sumB + k->steps + 5, *made = sumC + k->steps + 9;
  memset(sumB, 0, (size_t)(2 * k->steps + 5) * sizeof *sumB);
  ptrdiff_t d = 0;
  for (; d + DP_SCAN_LANES <= k->channels; d += DP_SCAN_LANES)
    backward_block(k, d, DP_SCAN_LANES, bias, state, o, gbias, made, sumB, sumC);
  if (d < k->channels) backward_block(k, d, k->channels - d, bias, state, o, gbias, made, sumB, sumC);
  for (ptrdiff_t t = 0; t < k->steps; t++) {
    o->gb[t * o->gradientRowStride] = sum_of_lanes(&sumB[t]);
    o->gc[t * o->gradientRowStride] = sum_of_lanes(&sumC[t]);
  }
}
