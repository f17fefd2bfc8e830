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

// A row, rounded to nearest even; where its width is odd, a zero is put after it.
HALF INLINE void round_row(const float *in, ptrdiff_t width, uint16_t *out) {
  ptrdiff_t i = 0;
  for (; i + 2 * HALF_LANES <= width; i += 2 * HALF_LANES)
    _mm512_storeu_si512(out + i, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(in + i + HALF_LANES),
                                                               _mm512_loadu_ps(in + i)));
  for (; i < width; i += HALF_LANES) {
    const ptrdiff_t left = width - i < HALF_LANES ? width - i : HALF_LANES;
    const __m512 x = _mm512_maskz_loadu_ps(first_lanes(left), in + i);
    _mm256_mask_storeu_epi16(out + i, first_lanes((left + 1) / 2 * 2), (__m256i)_mm512_cvtneps_pbh(x));
  }
}

// 2^x for x <= 0; 3e-6 of the result.
HALF INLINE __m512 power(__m512 x) {
  x = _mm512_max_ps(_mm512_set1_ps(-200), x);  // NaN stays
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
               r = _mm512_sub_ps(x, whole);
  __m512 p = _mm512_set1_ps(1.3333558e-3f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.6181291e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.5504109e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.4022651e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.9314718e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
  return _mm512_scalef_ps(p, whole);
}

// x Phi(x) = max(x, 0) - |x| Phi(-|x|), the logarithm of Phi as a polynomial; 1e-7 at most from the right result.
HALF INLINE __m512 gelu(__m512 x) {
  const __m512 a = _mm512_min_ps(_mm512_set1_ps(5.7f), _mm512_abs_ps(x));  // NaN stays
  __m512 q = _mm512_set1_ps(3.309321983e-05f);
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-7.692232612e-04f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(8.080728352e-03f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-5.341212451e-02f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-4.587709606e-01f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-1.151201725e+00f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-9.999930859e-01f));
  return _mm512_fnmadd_ps(a, power(q), _mm512_max_ps(_mm512_setzero_ps(), x));
}

// In place, after the sums were written: what needs more registers than a tile leaves.
HALF INLINE void activate(float *row, ptrdiff_t count, dp_half_activation activation) {
  switch (activation) {
    case dp_half_none:
    case dp_half_relu: break;
    case dp_half_gelu:
      for (ptrdiff_t i = 0; i < count; i += HALF_LANES) {
        const __mmask16 mask = first_lanes(count - i);
        _mm512_mask_storeu_ps(row + i, mask, gelu(_mm512_maskz_loadu_ps(mask, row + i)));
      }
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
