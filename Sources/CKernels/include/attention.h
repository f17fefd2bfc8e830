#pragma once

#include <stddef.h>
#include <stdint.h>

// A packed matrix has rows of a multiple of 16 numbers, 64-byte aligned, with zeros behind those it is made of.

/// c [m, n] = factor a b for packed b [k, n] and c; a [m, k] has any strides.
void dp_packed_product(float *restrict c, ptrdiff_t ldc, const float *restrict a, ptrdiff_t rowA, ptrdiff_t stepA,
                       const float *restrict b, ptrdiff_t ldb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float factor);

/// Rows of `width` numbers, those that `tokens` name, to the rows of a packed matrix.
void dp_pack_rows(float *restrict packed, ptrdiff_t ld, const float *restrict x, ptrdiff_t stride,
                  const int32_t *restrict tokens, ptrdiff_t count, ptrdiff_t width);
/// The same to the columns of a packed matrix [width, count].
void dp_pack_columns(float *restrict packed, ptrdiff_t ld, const float *restrict x, ptrdiff_t stride,
                     const int32_t *restrict tokens, ptrdiff_t count, ptrdiff_t width);
/// The rows of a packed matrix to those that `tokens` name.
void dp_unpack_rows(float *restrict x, ptrdiff_t stride, const float *restrict packed, ptrdiff_t ld,
                    const int32_t *restrict tokens, ptrdiff_t count, ptrdiff_t width);

/// s = softmax of s scale + bias + mask over each row of a packed matrix [rows, width], in place; what lies behind a row becomes 0.
///
/// `bias`, packed as s is, and `region`, ld or more numbers, may be null; the mask is -100 where the regions of row and column
/// differ.
void dp_attention_softmax(float *restrict s, ptrdiff_t ld, const float *restrict bias, const int32_t *restrict region,
                          ptrdiff_t rows, ptrdiff_t width, float scale);
/// gs = factor p (gs - sum gs p) over each row, in place; both have rows of `ld` numbers.
void dp_attention_softmax_backward(float *restrict gs, const float *restrict p, ptrdiff_t ld, ptrdiff_t rows,
                                   ptrdiff_t width, float factor);
