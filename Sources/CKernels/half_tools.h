// What the products in bfloat16 and the transforms around them share.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "include/half.h"
#include "polynomials.h"

#if defined(__x86_64__) && defined(__linux__) && !defined(SINGLE_VERSION)
#define HAS_HALF 1
#include <immintrin.h>

// No clones: there is one version, and who calls has asked `dp_half_is_available`.
#define HALF __attribute__((target("arch=x86-64-v4,avx512bf16")))
#define UNROLL _Pragma("clang loop unroll(full)")

enum { HALF_LANES = 16 };

// The first `count` of 16 lanes.
HALF INLINE __mmask16 first_lanes(ptrdiff_t count) {
  return count >= HALF_LANES ? 0xffff : count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
}

// In place, after the sums were written: what needs more registers than a tile leaves.
HALF INLINE void activate(float *row, ptrdiff_t count, dp_half_activation activation) {
  switch (activation) {
    case dp_half_none:
    case dp_half_relu: break;
    case dp_half_gelu:
      for (ptrdiff_t i = 0; i < count; i++) row[i] = 0.5f * row[i] * (1.f + dp_erf(row[i] * 0.70710678f));
      break;
    case dp_half_silu:
      for (ptrdiff_t i = 0; i < count; i++) row[i] = row[i] * dp_sigmoid(row[i]);
      break;
    case dp_half_logistic:
      for (ptrdiff_t i = 0; i < count; i++) row[i] = dp_sigmoid(row[i]);
      break;
  }
}
#endif
