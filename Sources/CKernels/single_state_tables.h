// The functions of single_state_functions.h with AVX-512: short polynomials whose coefficients are chosen from tables of 32
// by an instruction that looks up 16 of them at once. Products are what the processor has too few units for: these take
// 10 where the polynomials alone take 18. Errors are those of the polynomials: of 2^x 1.6e-7 of it at most, of softplus 4e-7
// and what x log2(e) is rounded by.
#pragma once

#include <immintrin.h>

#include "single_state_functions.h"

#define TABLED __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))

typedef float table_of_floats[32] __attribute__((aligned(64)));

// 2^(i / 32).
static const table_of_floats dp_powers = {
    1.f, 1.0218972f, 1.04427373f, 1.06714046f, 1.09050775f, 1.1143868f, 1.13878858f, 1.1637249f,
    1.18920708f, 1.21524739f, 1.24185777f, 1.26905096f, 1.29683959f, 1.32523668f, 1.35425556f, 1.38390994f,
    1.41421354f, 1.44518077f, 1.47682619f, 1.50916445f, 1.54221082f, 1.5759809f, 1.61049032f, 1.64575553f,
    1.68179286f, 1.71861935f, 1.75625217f, 1.79470909f, 1.8340081f, 1.87416768f, 1.91520655f, 1.95714414f};

// Minimax fits of log(1 + e) / e in 31/32 ... 1, 30/32 ... 31/32, down to 0 ... 1/32.
static const table_of_floats dp_log_constants = {
    0.955686569f, 0.958139837f, 0.960561037f, 0.962947249f, 0.965295374f, 0.967602134f, 0.96986407f,  0.972077608f,
    0.974238932f, 0.976344109f, 0.978388906f, 0.980368972f, 0.982279837f, 0.984116852f, 0.985875189f, 0.987549961f,
    0.989136159f, 0.990628779f, 0.992022872f, 0.993313551f, 0.994496226f, 0.995566666f, 0.996521115f, 0.997356713f,
    0.998071611f, 0.998665452f, 0.999139667f, 0.999498487f, 0.999749184f, 0.99990356f,  0.9999789f,   0.999999762f};
static const table_of_floats dp_log_slopes = {
    -0.331946403f, -0.337011695f, -0.342177421f, -0.347444087f, -0.352811813f, -0.358280331f, -0.363848925f,
    -0.369516343f, -0.375280678f, -0.381139308f, -0.387088686f, -0.393124223f, -0.399240077f, -0.405429035f,
    -0.411682129f, -0.417988449f, -0.424334645f, -0.430704653f, -0.437079221f, -0.443435073f, -0.449744493f,
    -0.45597434f,  -0.462085009f, -0.468029231f, -0.473750681f, -0.479182094f, -0.484243006f, -0.488837361f,
    -0.492849916f, -0.496142417f, -0.498548567f, -0.499867767f};
static const table_of_floats dp_log_bends = {
    0.0694070309f, 0.0720216781f, 0.0747770891f, 0.0776832178f, 0.080750905f, 0.083991982f, 0.0874193385f, 0.0910470784f,
    0.0948906392f, 0.0989669561f, 0.103294618f,  0.10789407f,   0.112787858f, 0.118000858f, 0.1235606f,    0.129497588f,
    0.135845691f,  0.142642617f,  0.149930432f,  0.15775612f,   0.16617237f,  0.175238386f, 0.185020804f,  0.195594937f,
    0.207046092f,  0.219471171f,  0.232980624f,  0.247700796f,  0.26377666f,  0.281375259f, 0.300689667f,  0.321944207f};

/// table[index modulo 32]
INLINE TABLED __m512 looked_up(const void *table, const __m512 index) {
  return _mm512_permutex2var_ps(_mm512_load_ps(table), _mm512_castps_si512(index),
                                _mm512_load_ps((const float *)table + 16));
}

// Keeps the compiler from computing one vector after the other: it would need fewer registers, and the processor wait.
#define SIDE_BY_SIDE(x) EACH(i) __asm__ volatile("" : "+v"(x[i]))

/// x = 2^x for finite x up to 127 of `count` vectors; NaN stays.
INLINE TABLED void tabled_powers_of_lanes(lanes *x, const int count) {
  // 1.5 * 2^18: what is added to it is rounded to 32nds, which are the low bits then.
  const __m512 magic = _mm512_set1_ps(393216.f);
  __m512 scale[TOGETHER], whole[TOGETHER], p[TOGETHER];
  EACH(i) scale[i] = x[i] + magic;
  SIDE_BY_SIDE(scale);
  EACH(i) whole[i] = _mm512_roundscale_ps(x[i], 5 << 4);  // to 32nds as well
  SIDE_BY_SIDE(whole);
  EACH(i) scale[i] = looked_up(dp_powers, scale[i]);
  SIDE_BY_SIDE(scale);
  EACH(i) x[i] = x[i] - whole[i];
  SIDE_BY_SIDE(x);
  EACH(i) scale[i] = _mm512_scalef_ps(scale[i], whole[i]);
  SIDE_BY_SIDE(scale);
  EACH(i) p[i] = x[i] * 0.24022704f + 0.6931573f;
  SIDE_BY_SIDE(p);
  EACH(i) p[i] = p[i] * x[i];
  SIDE_BY_SIDE(p);
  EACH(i) x[i] = scale[i] * p[i] + scale[i];
  SIDE_BY_SIDE(x);
}

/// decays_of_lanes, but 0 for what is too small.
INLINE TABLED void tabled_decays_of_lanes(lanes *x, const int count) {
  EACH(i) x[i] = _mm512_max_ps(_mm512_set1_ps(-200.f), x[i]);  // NaN stays
  tabled_powers_of_lanes(x, count);
}

/// deltas_of_lanes.
INLINE TABLED void tabled_deltas_of_lanes(lanes *x, lanes *e, const int count) {
  const __m512 magic = _mm512_set1_ps(393216.f), most = _mm512_set1_ps(100.f);
  __m512 index[TOGETHER], p[TOGETHER], bend[TOGETHER];
  EACH(i) e[i] = _mm512_range_ps(x[i], most, 14);  // -|x|, or -100 if that is less far from 0
  SIDE_BY_SIDE(e);
  EACH(i) e[i] = e[i] * 1.44269504f;
  SIDE_BY_SIDE(e);
  tabled_powers_of_lanes(e, count);
  // Rounded down: -32 for the last interval, up to -1 for the first, and to 0 for e = 0, which all of them are right for.
  EACH(i) index[i] = _mm512_sub_round_ps(magic, e[i], _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  SIDE_BY_SIDE(index);
  EACH(i) bend[i] = looked_up(dp_log_bends, index[i]);
  SIDE_BY_SIDE(bend);
  EACH(i) p[i] = looked_up(dp_log_slopes, index[i]);
  SIDE_BY_SIDE(p);
  EACH(i) index[i] = looked_up(dp_log_constants, index[i]);
  SIDE_BY_SIDE(index);
  EACH(i) p[i] = bend[i] * e[i] + p[i];
  SIDE_BY_SIDE(p);
  EACH(i) x[i] = _mm512_max_ps(_mm512_setzero_ps(), x[i]);
  SIDE_BY_SIDE(x);
  EACH(i) p[i] = p[i] * e[i] + index[i];
  SIDE_BY_SIDE(p);
  EACH(i) x[i] = e[i] * p[i] + x[i];
  SIDE_BY_SIDE(x);
}

/// slope_of_lanes: a reciprocal of 14 bits and a step of Newton's in place of a division.
INLINE TABLED void tabled_slope_of_lanes(const lanes *x, const lanes *e, lanes *slope) {
  const __m512 sum = *e + 1.f;
  __m512 r = _mm512_rcp14_ps(sum);
  r = r * (2.f - sum * r);
  *slope = _mm512_mask_mul_ps(r, _mm512_cmp_ps_mask(*x, _mm512_setzero_ps(), _CMP_LT_OQ), r, *e);
}
