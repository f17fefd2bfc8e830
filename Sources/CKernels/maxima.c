#include "CKernels.h"
#include "lanes.h"

MULTIVERSION void dp_indices_of_maxima(const float *restrict x, ptrdiff_t rows, ptrdiff_t width,
                                       int32_t *restrict index) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float *row = x + r * width;
    int32_t best = 0;
    for (ptrdiff_t c = 1; c < width; c++)
      if (row[c] > row[best]) best = (int32_t)c;
    index[r] = best;
  }
}

// Whether a number is larger than the largest so far; NaN counts as the largest.
INLINE int beats(float x, float most) { return x > most || (x != x && most == most); }

INLINE void largest_of_row(const float *x, ptrdiff_t count, float *value, int32_t *index) {
  float most = x[0];
  int32_t place = 0;
  ptrdiff_t start = 1;
  if (count >= 2 * LANES) {
    float lane[LANES];
    int32_t at[LANES];
    for (int l = 0; l < LANES; l++) {
      lane[l] = x[l];
      at[l] = l;
    }
    for (start = LANES; start + LANES <= count; start += LANES)
      for (int l = 0; l < LANES; l++) {
        const int wins = beats(x[start + l], lane[l]);
        lane[l] = wins ? x[start + l] : lane[l];
        at[l] = wins ? (int32_t)start + l : at[l];
      }
    most = lane[0];
    place = at[0];
    for (int l = 1; l < LANES; l++) {
      const int ties = !beats(lane[l], most) && !beats(most, lane[l]);
      if (ties ? at[l] < place : beats(lane[l], most)) {
        most = lane[l];
        place = at[l];
      }
    }
  }
  for (ptrdiff_t i = start; i < count; i++)
    if (beats(x[i], most)) {
      most = x[i];
      place = (int32_t)i;
    }
  *value = most;
  *index = place;
}

MULTIVERSION void dp_largest_of_rows(float *restrict value, int32_t *restrict index, const float *restrict x,
                                     ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++) largest_of_row(x + r * width, width, value + r, index + r);
}

MULTIVERSION void dp_largest_of_columns(float *restrict value, int32_t *restrict index, const float *restrict x,
                                        ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t width) {
  for (ptrdiff_t i = 0; i < width; i++) {
    value[i] = x[i];
    index[i] = 0;
  }
  for (ptrdiff_t r = 1; r < rows; r++)
    for (ptrdiff_t i = 0; i < width; i++) {
      const float candidate = x[r * stride + i];
      const int wins = beats(candidate, value[i]);
      value[i] = wins ? candidate : value[i];
      index[i] = wins ? (int32_t)r : index[i];
    }
}

void dp_scatter_columns(float *restrict gx, const float *restrict g, const int32_t *restrict index,
                        ptrdiff_t width) {
  for (ptrdiff_t i = 0; i < width; i++) gx[index[i] * width + i] = g[i];
}

MULTIVERSION void dp_mark_equal(float *restrict y, const float *restrict a, const float *restrict b,
                                ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) y[i] = a[i] == b[i] ? 1.f : 0.f;
}
