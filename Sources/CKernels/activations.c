#include "CKernels.h"
#include "polynomials.h"

// Side by side: the processor looks too little ahead to overlap such long chains of dependent operations by itself.
#define TWO_VECTORS _Pragma("clang loop interleave_count(2)")

#define FORWARD(name, value)                                                                                 \
  MULTIVERSION void dp_##name(float *restrict out, const float *restrict in, ptrdiff_t count) {              \
    TWO_VECTORS for (ptrdiff_t i = 0; i < count; i++) {                                                      \
      const float x = in[i];                                                                                 \
      out[i] = value;                                                                                        \
    }                                                                                                        \
  }

// `slope` may use s: the input or the output, whichever was kept.
#define BACKWARD(name, slope)                                                                                \
  MULTIVERSION void dp_##name##_backward(float *restrict gx, const float *restrict g,                        \
                                         const float *restrict kept, ptrdiff_t count) {                      \
    TWO_VECTORS for (ptrdiff_t i = 0; i < count; i++) {                                                      \
      const float s = kept[i];                                                                               \
      gx[i] = slope;                                                                                         \
    }                                                                                                        \
  }

// x Phi(x), Phi the normal distribution.
INLINE float gelu(float x) { return 0.5f * x * (1.f + dp_erf(x * 0.70710678f)); }

// Phi(x) + x phi(x)
INLINE float gelu_slope(float x) {
  const float bell = 0.39894228f * dp_exp(-0.5f * x * x);
  const float xs = x * bell;
  // Where the bell is 0, x may be infinite.
  return 0.5f * (1.f + dp_erf(x * 0.70710678f)) + (bell > 0.f ? xs : 0.f);
}

INLINE float silu_slope(float x) {
  const float p = dp_sigmoid(x);
  return p * (1.f + x * (1.f - p));
}

FORWARD(exponential, dp_exp(x))
FORWARD(logarithm, dp_log(x))
FORWARD(square_root, __builtin_elementwise_sqrt(x))
FORWARD(absolute, __builtin_fabsf(x))
FORWARD(hyperbolic_tangent, dp_tanh(x))
FORWARD(logistic, dp_sigmoid(x))
FORWARD(relu, x < 0.f ? 0.f : x)
FORWARD(gelu, gelu(x))
FORWARD(silu, x *dp_sigmoid(x))
FORWARD(soft_plus, dp_softplus(x))

BACKWARD(square_root, 0.5f * g[i] / s)
BACKWARD(absolute, g[i] * (s > 0.f ? 1.f : s < 0.f ? -1.f : 0.f))
BACKWARD(hyperbolic_tangent, g[i] * (1.f - s * s))
BACKWARD(logistic, g[i] * s * (1.f - s))
BACKWARD(relu, s > 0.f ? g[i] : 0.f)
BACKWARD(gelu, g[i] * gelu_slope(s))
BACKWARD(silu, g[i] * silu_slope(s))
BACKWARD(soft_plus, s > 20.f ? g[i] : g[i] * dp_sigmoid(s))

MULTIVERSION void dp_clamp(float *restrict out, const float *restrict in, float low, float high,
                           ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float raised = in[i] < low ? low : in[i];
    out[i] = raised > high ? high : raised;
  }
}

MULTIVERSION void dp_clamp_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                                    float low, float high, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float inside = x[i] >= low ? g[i] : 0.f;
    gx[i] = x[i] <= high ? inside : 0.f;
  }
}

// y silu(z)
MULTIVERSION void dp_silu_gate(float *restrict out, const float *restrict y, const float *restrict z,
                               ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) out[i] = y[i] * (z[i] * dp_sigmoid(z[i]));
}

MULTIVERSION void dp_silu_gate_backward(float *restrict gy, float *restrict gz, const float *restrict g,
                                        const float *restrict y, const float *restrict z, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float p = dp_sigmoid(z[i]);
    gy[i] = g[i] * (z[i] * p);
    gz[i] = g[i] * y[i] * (p * (1.f + z[i] * (1.f - p)));
  }
}
