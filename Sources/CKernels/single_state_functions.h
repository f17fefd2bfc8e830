// softplus and 2^x for the scan of one state, by polynomials. With so little to do a step, what counts is how many products
// the three functions take: they are of as few terms as give a relative error of 2e-7, no more than the rounding of z does.
#pragma once

#include "scan_lanes.h"

#pragma clang fp contract(fast)

// The most steps whose functions are computed side by side: the processor looks too little ahead to overlap chains of forty
// dependent operations by itself. With more of them what they load comes in bursts, which costs more than it spares.
enum { TOGETHER = 3 };

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

/// e = -|x| log2(e) of `count` vectors.
INLINE void exponents_of_lanes(const lanes *x, lanes *e, const int count) {
  EACH(i) {
    int_lanes bits;
    memcpy(&bits, &x[i], sizeof bits);
    bits |= (int)0x80000000;
    memcpy(&e[i], &bits, sizeof bits);
    e[i] *= 1.44269504f;
  }
}

/// x = delta: log(1 + e^x), and in `e` e^-|x|, of `count` vectors.
INLINE void deltas_of_lanes(lanes *x, lanes *e, const int count) {
  const lanes zero = 0.f;
  lanes p[TOGETHER];
  exponents_of_lanes(x, e, count);
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

/// slope = the derivative of softplus at x, e = e^-|x|.
INLINE void slope_of_lanes(const lanes *x, const lanes *e, lanes *slope) {
  const lanes one = 1.f, zero = 0.f;
  *slope = (*x < zero ? *e : one) / (*e + one);
}
