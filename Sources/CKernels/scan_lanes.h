// Vectors of 16 channels for the selective scan. They are passed by address: a function that takes such a vector
// by value has another calling convention in each clone.
#pragma once

#include "include/multiversion.h"
#include "include/selective_scan.h"

#include <stddef.h>
#include <string.h>

#pragma clang fp contract(fast)

typedef float lanes __attribute__((ext_vector_type(16)));
typedef int int_lanes __attribute__((ext_vector_type(16)));
typedef float loose_lanes __attribute__((ext_vector_type(16), aligned(4)));

/// The pixel that is `ahead` steps after the step t, in this chunk or the next one; else null. To fetch what lies there:
/// the processor does not foresee the pixels of a column.
INLINE const ptrdiff_t *place_ahead(const dp_scan_chunk *k, const ptrdiff_t t, const ptrdiff_t ahead) {
  const ptrdiff_t then = t + ahead;
  if (then < k->steps) return k->places + then;
  return then - k->steps < k->nextSteps ? k->next + (then - k->steps) : 0;
}

/// Loads `width` channels from anywhere; the others become 0.
INLINE void load_lanes(lanes *out, const float *from, const ptrdiff_t width) {
  if (width == 16) {
    *out = *(const loose_lanes *)from;
  } else {
    *out = 0.f;
    for (ptrdiff_t i = 0; i < width; i++) ((float *)out)[i] = from[i];
  }
}

INLINE void store_lanes(float *to, const lanes *x, const ptrdiff_t width) {
  if (width == 16)
    *(loose_lanes *)to = *x;
  else
    for (ptrdiff_t i = 0; i < width; i++) to[i] = ((const float *)x)[i];
}

/// Splits x into a whole number, as bits to add to a float's exponent, and the rest in -1/2 ... 1/2.
INLINE void split_lanes(lanes *x, int_lanes *exponent) {
  const lanes shifted = *x + 12582912.f;  // the low bits are x, rounded; no clone needs a rounding instruction
  *x = *x - (shifted - 12582912.f);
  memcpy(exponent, &shifted, sizeof *exponent);
  *exponent <<= 23;
}

/// x = 2^x for x up to 127; below -126 the least normal number. Relative error 1.5e-7, and as exact as a float
/// can be near 0. NaN stays NaN.
INLINE void decay_lanes(lanes *x) {
  int_lanes exponent, bits;
  const lanes least = -126.f;
  lanes f = *x < least ? least : *x;
  split_lanes(&f, &exponent);
  lanes p = f * 0.001326472731307149f + 0.009671512991189957f;
  p = p * f + 0.05550733581185341f;
  p = p * f + 0.24022242426872253f;
  p = p * f + 0.6931470036506653f;
  p = p * f + 1.f;
  memcpy(&bits, &p, sizeof bits);
  bits += exponent;
  memcpy(x, &bits, sizeof bits);
}

/// x = e^-|x|, to 1.5 ulp.
INLINE void exp_of_negative_lanes(lanes *x) {
  int_lanes bits, exponent;
  const lanes most = 87.f;
  memcpy(&bits, x, sizeof bits);
  bits &= 0x7fffffff;
  lanes a, shifted;
  memcpy(&a, &bits, sizeof a);
  a = a > most ? most : a;
  shifted = a * -1.44269504f + 12582912.f;
  memcpy(&exponent, &shifted, sizeof exponent);
  exponent <<= 23;
  const lanes k = shifted - 12582912.f;
  // ln 2 in two parts, the first with few bits, so that the rest is exact.
  const lanes f = ((-a - k * 0.693359375f) + k * 2.12194440e-4f) * 1.44269504f;
  lanes p = f * 0.00015353361959569156f + 0.0013398873852565885f;
  p = p * f + 0.00961843691766262f;
  p = p * f + 0.055503323674201965f;
  p = p * f + 0.24022647738456726f;
  p = p * f + 0.6931471824645996f;
  p = p * f + 1.f;
  memcpy(&bits, &p, sizeof bits);
  bits += exponent;
  memcpy(x, &bits, sizeof bits);
}

/// e = log(1 + e) for e in 0 ... 1, to 1.5 ulp.
INLINE void log1p_lanes(lanes *e) {
  const lanes x = *e;
  lanes p = x * 0.005364824552088976f - 0.030065791681408882f;
  p = p * x + 0.07920453697443008f;
  p = p * x - 0.13753803074359894f;
  p = p * x + 0.191536545753479f;
  p = p * x - 0.24857163429260254f;
  p = p * x + 0.3332132399082184f;
  p = p * x - 0.49999648332595825f;
  *e = x + (x * x) * p;
}

/// The sum over the lanes, in one order on every clone.
INLINE float sum_of_lanes(const lanes *x) {
  typedef float eight __attribute__((ext_vector_type(8)));
  typedef float four __attribute__((ext_vector_type(4)));
  typedef float two __attribute__((ext_vector_type(2)));
  const eight a = x->lo + x->hi;
  const four b = a.lo + a.hi;
  const two c = b.lo + b.hi;
  return c.x + c.y;
}

// Halves, quarters ... of the lanes of two vectors, folded as sum_of_lanes folds them, side by side in one.
#define FOLD_HALVES(a, b)                                                                                        \
  (__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +                       \
   __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#define FOLD_QUARTERS(a, b)                                                                                      \
  (__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +                     \
   __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
#define FOLD_PAIRS(a, b)                                                                                         \
  (__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +                     \
   __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31))
#define FOLD_SINGLES(a, b)                                                                                       \
  (__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +                    \
   __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))

/// out[i] = sum_of_lanes(&x[i]) of 16 vectors, in the same order: a third of the work.
INLINE void sums_of_lanes(const lanes *x, float *out) {
  const lanes a = FOLD_HALVES(x[0], x[1]), b = FOLD_HALVES(x[2], x[3]), c = FOLD_HALVES(x[4], x[5]),
              d = FOLD_HALVES(x[6], x[7]), e = FOLD_HALVES(x[8], x[9]), f = FOLD_HALVES(x[10], x[11]),
              g = FOLD_HALVES(x[12], x[13]), h = FOLD_HALVES(x[14], x[15]);
  const lanes i = FOLD_QUARTERS(a, b), j = FOLD_QUARTERS(c, d), k = FOLD_QUARTERS(e, f), l = FOLD_QUARTERS(g, h);
  const lanes m = FOLD_PAIRS(i, j), n = FOLD_PAIRS(k, l);
  *(loose_lanes *)out = FOLD_SINGLES(m, n);
}

/// rows [steps, states] = the sums over the lanes of x [steps, states], which is overwritten.
INLINE void write_sums(lanes *x, const ptrdiff_t steps, const ptrdiff_t states, float *rows, ptrdiff_t rowStride) {
  const ptrdiff_t count = steps * states;
  float *const sums = (float *)x;
  ptrdiff_t i = 0;
  for (; i + DP_SCAN_LANES <= count; i += DP_SCAN_LANES) sums_of_lanes(x + i, sums + i);
  for (; i < count; i++) sums[i] = sum_of_lanes(x + i);
  for (ptrdiff_t t = 0; t < steps; t++)
    memcpy(rows + t * rowStride, sums + t * states, (size_t)states * sizeof *rows);
}
