#include <string.h>

#include "CKernels.h"

void dp_stored_gather(uint8_t *restrict y, const uint8_t *restrict x, ptrdiff_t size, ptrdiff_t axes,
                      const ptrdiff_t *restrict sizes, const ptrdiff_t *restrict strides) {
  ptrdiff_t count = 1, index[DP_STORED_AXES] = {0};
  for (ptrdiff_t k = 0; k < axes; k++) count *= sizes[k];
  if (count == 0) return;
  const ptrdiff_t n = axes > 0 ? sizes[axes - 1] : 1, step = axes > 0 ? strides[axes - 1] * size : 0;
  ptrdiff_t from = 0;
  for (ptrdiff_t done = 0; done < count; done += n) {
    const uint8_t *row = x + from * size;
    if (step == size) {
      memcpy(y, row, (size_t)(n * size));
      y += n * size;
    } else {
      for (ptrdiff_t i = 0; i < n; i++, y += size) memcpy(y, row + i * step, (size_t)size);
    }
    for (ptrdiff_t k = axes - 2; k >= 0; k--) {
      from += strides[k];
      if (++index[k] < sizes[k]) break;
      index[k] = 0;
      from -= sizes[k] * strides[k];
    }
  }
}

MULTIVERSION void dp_stored_swap(uint8_t *y, ptrdiff_t count, ptrdiff_t size) {
  for (ptrdiff_t i = 0; i < count; i++, y += size) {
    for (ptrdiff_t low = 0, high = size - 1; low < high; low++, high--) {
      const uint8_t byte = y[low];
      y[low] = y[high];
      y[high] = byte;
    }
  }
}

// The rounding is done by the addition of a number whose last place is the last place of the half.
MULTIVERSION ptrdiff_t dp_stored_halve(uint16_t *restrict y, const float *restrict x, ptrdiff_t count) {
  ptrdiff_t overflows = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    uint32_t half;
    if (magnitude > 0x7f800000) {
      half = 0x7e00;
    } else if (magnitude >= 0x477ff000) {
      half = 0x7c00;
      overflows += magnitude < 0x7f800000;
    } else if (magnitude < 0x38800000) {  // below the smallest normal half: units of 2^-24
      float small;
      memcpy(&small, &magnitude, 4);
      small += 0.5f;
      memcpy(&half, &small, 4);
      half -= 0x3f000000;
    } else {
      half = (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
    }
    y[i] = (uint16_t)(sign | half);
  }
  return overflows;
}
