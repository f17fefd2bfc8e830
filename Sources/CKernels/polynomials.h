// exp, log, erf and what is made of them, for one lane of a loop that vectorises.
//
// libm's expf, logf and erff stay scalar calls in loops: ten times slower. All of these are right for denormals,
// infinities and NaN, on every clone. Coefficients are minimax fits; errors against double precision, measured over every 37th float,
// are in the comments. Do not use them under `reassociate(on)` or -ffast-math: rounding by adding and taking away a
// large number, and the exact reductions, would be folded away.
#pragma once

#include <stdint.h>
#include <string.h>

#include "include/multiversion.h"

#pragma clang fp contract(fast)

INLINE float dp_float_from_bits(int32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

INLINE int32_t dp_bits_from_float(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// e^x = p 2^n, p in 0.7 ... 1.5; the low bits of `shifted` are n.
INLINE float dp_exp_mantissa(float x, float *shifted) {
  *shifted = x * 1.44269504f + 12582912.f;  // the low bits are x / ln 2, rounded
  const float k = *shifted - 12582912.f;
  const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
  float p = 1.395048622e-3f;
  p = p * r + 8.368887863e-3f;
  p = p * r + 4.166620587e-2f;
  p = p * r + 1.666651885e-1f;
  p = p * r + 5.000000095e-1f;
  return (p * (r * r) + r) + 1.f;
}

/// e^x. At most 1.03 ulp; denormal results too.
INLINE float dp_exp(float x) {
  x = x < -104.f ? -104.f : x;
  x = x > 89.f ? 89.f : x;
  float shifted;
  const float p = dp_exp_mantissa(x, &shifted);
  const int32_t n = dp_bits_from_float(shifted) - 0x4b400000;
  // The scale in two factors, so that neither leaves the exponent's range.
  const int32_t half = n >> 1;
  const int32_t rest = (int32_t)((uint32_t)n - (uint32_t)half);
  return p * dp_float_from_bits((int32_t)((uint32_t)(half + 127) << 23)) *
         dp_float_from_bits((int32_t)((uint32_t)(rest + 127) << 23));
}

/// e^x for x in -87 ... 0, the same bits in fewer steps. NaN stays NaN.
INLINE float dp_exp_of_moderate(float x) {
  float shifted;
  const float p = dp_exp_mantissa(x, &shifted);
  return dp_float_from_bits((int32_t)((uint32_t)dp_bits_from_float(p) + ((uint32_t)dp_bits_from_float(shifted) << 23)));
}

/// Natural logarithm: -inf at 0, NaN below. At most 0.86 ulp.
INLINE float dp_log(float x) {
  const float scaled = x < 1.17549435e-38f ? x * 8388608.f : x;
  const float offset = x < 1.17549435e-38f ? -23.f : 0.f;
  const int32_t bits = dp_bits_from_float(scaled);
  const int32_t e = (int32_t)((uint32_t)bits - 0x3f3504f3u) >> 23;  // the mantissa lies in sqrt(1/2) ..< sqrt(2)
  const float f = dp_float_from_bits((int32_t)((uint32_t)bits - ((uint32_t)e << 23))) - 1.f;
  const float k = (float)e + offset;
  float p = -7.634429907e-02f;
  p = p * f + 1.276155036e-01f;
  p = p * f - 1.316019505e-01f;
  p = p * f + 1.420176247e-01f;
  p = p * f - 1.662335648e-01f;
  p = p * f + 2.000122667e-01f;
  p = p * f - 2.500082106e-01f;
  p = p * f + 3.333333171e-01f;
  const float square = f * f;
  const float tail = (p * f - 0.5f) * square + k * -2.12194440e-4f;
  float y = (f + tail) + k * 0.693359375f;
  y = x == __builtin_inff() ? x : y;
  y = x == 0.f ? -__builtin_inff() : y;
  return x >= 0.f ? y : __builtin_nanf("");
}

/// log(1 + y) for y >= 0, with full relative accuracy near 0. At most 1.3 ulp.
INLINE float dp_log1p(float y) {
  const float u = 1.f + y;
  const float lost = y - (u - 1.f);
  return dp_log(u) + (y < 16777216.f ? lost / u : 0.f);
}

/// The error function. At most 1.13 ulp.
INLINE float dp_erf(float x) {
  const float s = x * x;
  float p = 7.853857703e-5f;
  p = p * s - 8.010192520e-4f;
  p = p * s + 5.188327560e-3f;
  p = p * s - 2.685381187e-2f;
  p = p * s + 1.128358515e-1f;
  p = p * s - 3.761262582e-1f;
  p = p * s + 1.283791657e-1f;
  const float small = p * x + x;
  float a = __builtin_fabsf(x);
  a = a > 3.95f ? 3.95f : a;  // from here on erf rounds to 1
  float q = -1.855748609e-4f;
  q = q * a + 2.939615427e-3f;
  q = q * a - 2.180534995e-2f;
  q = q * a + 1.030374331e-1f;
  q = q * a + 6.382256051e-1f;
  q = q * a + 1.127040078e+0f;
  q = q * a + 3.537093129e-4f;
  const float large = __builtin_copysignf(1.f - dp_exp_of_moderate(-q), x);
  return __builtin_fabsf(x) < 1.f ? small : large;
}

/// 1 / (1 + e^-x). At most 2 ulp; results below the least normal number become 0.
INLINE float dp_sigmoid(float x) { return 1.f / (1.f + dp_exp(-x)); }

/// The hyperbolic tangent.
INLINE float dp_tanh(float x) {
  const float s = x * x;
  float p = -6.647486509e-3f;
  p = p * s + 2.129799046e-2f;
  p = p * s - 5.389919038e-2f;
  p = p * s + 1.333296426e-1f;
  p = p * s - 3.333332688e-1f;
  const float small = p * (s * x) + x;
  const float a = __builtin_fabsf(x);
  const float large = __builtin_copysignf(1.f - 2.f / (dp_exp(2.f * a) + 1.f), x);
  return a < 0.5f ? small : large;
}

/// log(1 + e^x), and x itself above 20 (PyTorch's threshold). At most 2.1 ulp.
INLINE float dp_softplus(float x) { return x > 20.f ? x : dp_log1p(dp_exp(x)); }
