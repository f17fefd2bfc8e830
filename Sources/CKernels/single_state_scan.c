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

// Steps whose functions are computed side by side: the processor looks too little ahead to overlap chains of forty
// dependent operations by itself. With more of them what they load comes in bursts, which costs more than it spares.
enum { TOGETHER = 2, AHEAD = 16 };

#define UNROLLED _Pragma("clang loop unroll(full)")
#define EACH(i) UNROLLED for (int i = 0; i < count; i++)

/// decay_lanes of `count` vectors.
INLINE void decays_of_lanes(lanes *x, const int count) {
  const lanes least = -126.f;
  lanes p[TOGETHER];
  int_lanes exponent[TOGETHER], bits;
  EACH(i) x[i] = x[i] < least ? least : x[i];
  EACH(i) split_lanes(&x[i], &exponent[i]);
  EACH(i) p[i] = x[i] * 0.001326472731307149f + 0.009671512991189957f;
  EACH(i) p[i] = p[i] * x[i] + 0.05550733581185341f;
  EACH(i) p[i] = p[i] * x[i] + 0.24022242426872253f;
  EACH(i) p[i] = p[i] * x[i] + 0.6931470036506653f;
  EACH(i) p[i] = p[i] * x[i] + 1.f;
  EACH(i) {
    memcpy(&bits, &p[i], sizeof bits);
    bits += exponent[i];
    memcpy(&x[i], &bits, sizeof bits);
  }
}

/// x = delta: log(1 + e^x), and in `e` e^-|x|, of `count` vectors.
INLINE void deltas_of_lanes(lanes *x, lanes *e, const int count) {
  const lanes zero = 0.f;
  lanes p[TOGETHER];
  EACH(i) {
    int_lanes bits;
    memcpy(&bits, &x[i], sizeof bits);
    bits |= (int)0x80000000;
    memcpy(&e[i], &bits, sizeof bits);
    e[i] *= 1.44269504f;
  }
  decays_of_lanes(e, count);
  EACH(i) p[i] = e[i] * -0.008540204f + 0.044093404f;
  EACH(i) p[i] = p[i] * e[i] - 0.10768744f;
  EACH(i) p[i] = p[i] * e[i] + 0.17745684f;
  EACH(i) p[i] = p[i] * e[i] - 0.24495648f;
  EACH(i) p[i] = p[i] * e[i] + 0.33275520f;
  EACH(i) p[i] = p[i] * e[i] - 0.49997410f;
  EACH(i) p[i] = p[i] * e[i] + 0.99999982f;
  EACH(i) x[i] = (x[i] < zero ? zero : x[i]) + e[i] * p[i];
}

/// delta, e^-|z + bias| and the decay of `count` steps of a block, from the first one's z on.
INLINE void make_steps(const float *z, const ptrdiff_t stride, const lanes *shift, const lanes *rate, lanes *x,
                       lanes *delta, lanes *e, lanes *decay, const int count) {
  EACH(i) delta[i] = x[i] = *(const lanes *)(z + i * stride) + *shift;
  deltas_of_lanes(delta, e, count);
  EACH(i) decay[i] = delta[i] * *rate;
  decays_of_lanes(decay, count);
}

// `count` steps of a block of `width` channels, from the step t on.
INLINE void forward_steps(const dp_scan_chunk *k, const ptrdiff_t d, const ptrdiff_t t, const ptrdiff_t width,
                          const lanes *shift, const lanes *rate, const lanes *skip, lanes *h, float *y,
                          const int adds, const int count) {
  const ptrdiff_t *const places = k->places + t;
  const float *const b = k->b + t * k->rowStride, *const c = k->c + t * k->rowStride;
  lanes x[TOGETHER], delta[TOGETHER], e[TOGETHER], decay[TOGETHER];
  make_steps(k->delta + t * k->stride + d, k->stride, shift, rate, x, delta, e, decay, count);
  EACH(i) {
    const ptrdiff_t at = places[i] * k->pixelStride + d, *const then = place_ahead(k, t + i, AHEAD);
    lanes u, sum, old;
    if (then) {
      __builtin_prefetch(k->u + *then * k->pixelStride + d);
      __builtin_prefetch(y + *then * k->pixelStride + d, 1);
    }
    load_lanes(&u, k->u + at, width);
    *h = *h * decay[i] + delta[i] * u * b[i * k->rowStride];
    sum = *skip * u;
    sum += *h * c[i * k->rowStride];
    if (adds) {  // as if it were summed up apart and added then: the same bits
      load_lanes(&old, y + at, width);
      sum += old;
    }
    store_lanes(y + at, &sum, width);
  }
}

INLINE void forward_block(const dp_scan_chunk *k, const ptrdiff_t d, const ptrdiff_t width, const float *bias,
                          float *state, float *y, const int adds) {
  const lanes shift = *(const lanes *)(bias + d), rate = *(const lanes *)(k->rates + d),
              skip = *(const lanes *)(k->skip + d);
  lanes h = *(const lanes *)(state + d);
  ptrdiff_t t = 0;
  for (; t + TOGETHER <= k->steps; t += TOGETHER)
    forward_steps(k, d, t, width, &shift, &rate, &skip, &h, y, adds, TOGETHER);
  for (; t < k->steps; t++) forward_steps(k, d, t, width, &shift, &rate, &skip, &h, y, adds, 1);
  *(lanes *)(state + d) = h;
}

MULTIVERSION WIDE void dp_single_scan_forward(const dp_scan_chunk *k, const float *bias, float *state, float *y,
                                              int adds) {
  ptrdiff_t d = 0;
  for (; d + DP_SCAN_LANES <= k->channels; d += DP_SCAN_LANES)
    if (adds) forward_block(k, d, DP_SCAN_LANES, bias, state, y, 1);
    else forward_block(k, d, DP_SCAN_LANES, bias, state, y, 0);
  if (d < k->channels) forward_block(k, d, k->channels - d, bias, state, y, adds);
}

/// What the way back needs of a step.
typedef struct {
  lanes decay, delta, slope, before;
} single_step;

// What `count` steps of a block have made, from the step t on; the state goes on.
INLINE void remake_steps(const dp_scan_chunk *k, const ptrdiff_t d, const ptrdiff_t t, const ptrdiff_t width,
                         const lanes *shift, const lanes *rate, const dp_scan_gradients *o, lanes *h,
                         single_step *made, const int count) {
  const ptrdiff_t *const places = k->places + t;
  const float *const b = k->b + t * k->rowStride;
  const lanes one = 1.f, zero = 0.f;
  lanes x[TOGETHER], delta[TOGETHER], e[TOGETHER], decay[TOGETHER];
  make_steps(k->delta + t * k->stride + d, k->stride, shift, rate, x, delta, e, decay, count);
  EACH(i) made[i].slope = (x[i] < zero ? e[i] : one) / (e[i] + one);
  EACH(i) {
    const ptrdiff_t *const then = place_ahead(k, t + i, AHEAD);
    lanes u;
    if (then) {
      __builtin_prefetch(k->u + *then * k->pixelStride + d);
      __builtin_prefetch(o->gy + *then * k->pixelStride + d);
      __builtin_prefetch(o->gu + *then * k->pixelStride + d, 1);
    }
    load_lanes(&u, k->u + d + places[i] * k->pixelStride, width);
    made[i].decay = decay[i];
    made[i].delta = delta[i];
    made[i].before = *h;
    *h = *h * decay[i] + delta[i] * u * b[i * k->rowStride];
  }
}

// made [steps] of this block is made anew; sumB, sumC [steps] are added to unless it is the first.
INLINE void backward_block(const dp_scan_chunk *k, const ptrdiff_t d, const ptrdiff_t width, const float *bias,
                           const float *state, const dp_scan_gradients *o, float *gbias, single_step *made,
                           lanes *sumB, lanes *sumC, const int isFirst) {
  const ptrdiff_t stride = k->stride, steps = k->steps, pixelStride = k->pixelStride;
  const float *const us = k->u + d, *const gys = o->gy + d;
  float *const gus = o->gu + d, *const gzs = o->gdelta + d;
  const lanes rate = *(const lanes *)(k->rates + d), shift = *(const lanes *)(bias + d);
  lanes h = *(const lanes *)(state + d);
  ptrdiff_t t = 0;
  for (; t + TOGETHER <= steps; t += TOGETHER)
    remake_steps(k, d, t, width, &shift, &rate, o, &h, made + t, TOGETHER);
  for (; t < steps; t++) remake_steps(k, d, t, width, &shift, &rate, o, &h, made + t, 1);
  lanes carry = *(const lanes *)(o->carry + d), byA = *(const lanes *)(o->grates + d),
        gskip = *(const lanes *)(o->gskip + d), byBias = *(const lanes *)(gbias + d);
  const lanes skip = *(const lanes *)(k->skip + d), exponent = rate * 0.693147181f;
  for (t = steps - 1; t >= 0; t--) {
    const ptrdiff_t at = k->places[t] * pixelStride;
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
    gskip += gy * u;
    gu = skip * gy + byInput * delta;
    if (o->adds) {
      lanes old;
      load_lanes(&old, gus + at, width);
      gu += old;
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

MULTIVERSION WIDE void dp_single_scan_backward(const dp_scan_chunk *k, const float *bias, const float *state,
                                          const dp_scan_gradients *o, float *gbias) {
  // Apart by odd numbers of lines: streams a multiple of 4096 bytes apart hinder each other.
  lanes *sumB = (lanes *)o->scratch, *sumC = sumB + k->steps + 5;
  single_step *made = (single_step *)(sumC + k->steps + 9);
  ptrdiff_t d = 0;
  for (; d + DP_SCAN_LANES <= k->channels; d += DP_SCAN_LANES)
    if (d == 0) backward_block(k, d, DP_SCAN_LANES, bias, state, o, gbias, made, sumB, sumC, 1);
    else backward_block(k, d, DP_SCAN_LANES, bias, state, o, gbias, made, sumB, sumC, 0);
  if (d < k->channels) backward_block(k, d, k->channels - d, bias, state, o, gbias, made, sumB, sumC, d == 0);
  write_sums(sumB, k->steps, 1, o->gb, o->gradientRowStride);
  write_sums(sumC, k->steps, 1, o->gc, o->gradientRowStride);
}
