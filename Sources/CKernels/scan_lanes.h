// Vectors of 16 channels for the selective scan. They are passed by address: a function that takes such a vector
// by value has another calling convention in each clone.
#pragma once

#include "include/multiversion.h"

#include <stddef.h>
#include <string.h>

#pragma clang fp contract(fast)

typedef float lanes __attribute__((ext_vector_type(16)));
typedef int int_lanes __attribute__((ext_vector_type(16)));
typedef float loose_lanes __attribute__((ext_vector_type(16), aligned(4)));

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
