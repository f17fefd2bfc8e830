#include "CKernels.h"

MULTIVERSION int dp_is_finite(const float *x, ptrdiff_t count) {
  int bad = 0;
  for (ptrdiff_t i = 0; i < count; i++) bad |= !(__builtin_fabsf(x[i]) <= __FLT_MAX__);
  return !bad;
}

MULTIVERSION void dp_accumulate(float *restrict sum, const float *restrict x, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) sum[i] += x[i];
}

MULTIVERSION void dp_accumulate_rows(float *restrict sum, const float *restrict x, ptrdiff_t rows,
                                     ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++)
    for (ptrdiff_t i = 0; i < width; i++) sum[i] += x[r * width + i];
}

MULTIVERSION void dp_add_branch(float *restrict y, const float *restrict x, const float *restrict branch,
                                float factor, ptrdiff_t count) {
#pragma clang fp contract(off)
  for (ptrdiff_t i = 0; i < count; i++) y[i] = x[i] + branch[i] * factor;
}

#define BINARY(name, operator)                                                                               \
  MULTIVERSION void dp_##name(float *restrict y, const float *restrict a, const float *restrict b,           \
                              ptrdiff_t count) {                                                             \
    for (ptrdiff_t i = 0; i < count; i++) y[i] = a[i] operator b[i];                                         \
  }                                                                                                          \
  MULTIVERSION void dp_##name##_right(float *restrict y, const float *restrict a, const float *restrict b,   \
                                      ptrdiff_t rows, ptrdiff_t width) {                                     \
    if (width == 1) {                                                                                        \
      const float number = b[0];                                                                             \
      for (ptrdiff_t r = 0; r < rows; r++) y[r] = a[r] operator number;                                      \
    } else {                                                                                                 \
      for (ptrdiff_t r = 0; r < rows; r++)                                                                   \
        for (ptrdiff_t i = 0; i < width; i++) y[r * width + i] = a[r * width + i] operator b[i];             \
    }                                                                                                        \
  }                                                                                                          \
  MULTIVERSION void dp_##name##_left(float *restrict y, const float *restrict a, const float *restrict b,    \
                                     ptrdiff_t rows, ptrdiff_t width) {                                      \
    if (width == 1) {                                                                                        \
      const float number = a[0];                                                                             \
      for (ptrdiff_t r = 0; r < rows; r++) y[r] = number operator b[r];                                      \
    } else {                                                                                                 \
      for (ptrdiff_t r = 0; r < rows; r++)                                                                   \
        for (ptrdiff_t i = 0; i < width; i++) y[r * width + i] = a[i] operator b[r * width + i];             \
    }                                                                                                        \
  }

BINARY(add, +)
BINARY(subtract, -)
BINARY(multiply, *)
BINARY(divide, /)
