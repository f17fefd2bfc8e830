#pragma once

#include <stddef.h>
#include <stdint.h>

#include "windows.h"

/// Products of bfloat16 numbers with float sums, by the instruction of AVX512_BF16: two products a lane and step are
/// added, then they are added to the sum; denormal numbers count as zero. Nothing here runs on a processor without it.

/// Whether the kernels run as AVX-512 and the processor has AVX512_BF16. Everything below needs it.
int dp_half_is_available(void);

/// Numbers of weights in panels: 16 outputs side by side, a panel [inputs / 2, 16, 2], with zeros to fill up.
ptrdiff_t dp_half_panel_count(ptrdiff_t outputs, ptrdiff_t inputs);

/// panels of weight [outputs, inputs], each output `stride` floats from the next, rounded to nearest even.
void dp_half_pack(const float *weight, ptrdiff_t stride, ptrdiff_t outputs, ptrdiff_t inputs, uint16_t *panels);

/// From one row of `count` rounded numbers to the next: whole cache lines, of an odd number, so that rows do not compete
/// for the same lines.
ptrdiff_t dp_half_stride(ptrdiff_t count);

/// out [rows, width] = in, rounded to nearest even; where width is odd, a zero is put after each row.
void dp_half_round(const float *in, ptrdiff_t inStride, ptrdiff_t rows, ptrdiff_t width, uint16_t *out,
                   ptrdiff_t outStride);

/// What is done to a sum before it is written.
typedef enum {
  dp_half_none = 0,
  dp_half_relu,
  dp_half_gelu,
  dp_half_silu,
  dp_half_logistic,
} dp_half_activation;

/// y [rows, outputs] = activation(a panelsᵀ + bias + residual), strides in numbers; bias and residual may be null.
/// Each row of `a` has `inputs` numbers, and a zero behind them where that is odd; `aStride` is even.
///
/// Where `halves` is not null, the result is rounded into it, and y is not written: for up to
/// `DP_HALF_INPUTS_AT_ONCE` inputs, and without a residual. A zero is put behind rows of an odd number.
typedef struct {
  const uint16_t *a, *panels;
  ptrdiff_t aStride, rows, outputs, inputs;
  float *y;
  const float *bias, *residual;
  ptrdiff_t yStride, residualStride;
  dp_half_activation activation;
  uint16_t *halves;
  ptrdiff_t halvesStride;
} dp_half_product;

/// So many are summed up before a number of y is written.
enum { DP_HALF_INPUTS_AT_ONCE = 2048 };

/// On the calling thread. A number of y depends on its row, its output's weights and what is added alone: not on how
/// many rows or outputs there are.
void dp_half_multiply(const dp_half_product *p);

/// Attention of some tokens to each other in one head, y = softmax(q kᵀ scale + bias + mask) v: the products in bfloat16,
/// the logits, their exponentials and sums in float32.
typedef struct {
  /// The head's numbers of token 0, `stride` floats from a token's to the next one's.
  const float *q, *k, *v;
  ptrdiff_t stride;
  /// Which tokens these are; null: the first `count`.
  const int32_t *tokens;
  /// How many there are; the first and the end of those whose rows of y are computed; the head's width.
  ptrdiff_t count, first, end, width;
  float scale;
  /// [count, biasStride], and [count or more]: the mask is -100 between tokens of different regions; both may be null.
  const float *bias;
  ptrdiff_t biasStride;
  const int32_t *region;
  /// As q: the results of token 0.
  float *y;
  ptrdiff_t yStride;
  /// All k and v, as the first function below packs them, and room for what lies between: as much as the others say.
  uint16_t *packed, *halves;
  float *floats;
} dp_half_attention_head;

void dp_half_attention_pack(const dp_half_attention_head *head);
ptrdiff_t dp_half_attention_packed(ptrdiff_t count, ptrdiff_t width);
ptrdiff_t dp_half_attention_halves(ptrdiff_t count, ptrdiff_t width);
ptrdiff_t dp_half_attention_floats(ptrdiff_t count, ptrdiff_t width);

/// On the calling thread. A row of y depends on its own q and all k and v alone.
void dp_half_attention(const dp_half_attention_head *head);

/// The transforms around the products of a 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3), as in winograd.h
/// but at other points, where rounding costs less; computed in float32.

/// transformed [36, last - first, stride] = Bᵀ d B of the 6x6 input pixels d that each tile sees, rounded; an odd number
/// of channels is followed by a zero.
void dp_half_winograd_input(const dp_windows *w, const float *x, ptrdiff_t first, ptrdiff_t last,
                            uint16_t *transformed, ptrdiff_t stride, ptrdiff_t plane);

/// transformed [36, last - first, I] = G w Gᵀ of the outputs first ..< last, from weight [O, 3, 3, I]; not yet rounded.
void dp_half_winograd_weights(const float *weight, ptrdiff_t first, ptrdiff_t last, ptrdiff_t inputs,
                              float *transformed, ptrdiff_t plane);

/// y of the tiles first ..< last = activation(Aᵀ m A + bias + residual), from products m [36, last - first, outputs];
/// bias and residual, which lies as y does, may be null.
void dp_half_winograd_output(const dp_windows *w, const float *products, ptrdiff_t plane, ptrdiff_t first,
                             ptrdiff_t last, ptrdiff_t outputs, const float *bias, const float *residual,
                             dp_half_activation activation, float *y);
