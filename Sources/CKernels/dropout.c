#include "CKernels.h"
#include "lanes.h"

enum { ELEMENTS = 4 * LANES };  // of LANES blocks

// Philox4x32-10 (Salmon et al., 2011) of LANES counters at once; word w of block l becomes numbers[4 l + w].
INLINE void uniform_numbers(float *numbers, const uint32_t *key, const uint32_t *counter, uint32_t first) {
  uint32_t a[LANES], b[LANES], c[LANES], d[LANES];
  for (int l = 0; l < LANES; l++) {
    a[l] = counter[0] + first + (uint32_t)l;
    b[l] = counter[1];
    c[l] = counter[2];
    d[l] = counter[3];
  }
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    for (int l = 0; l < LANES; l++) {
      const uint64_t p = (uint64_t)a[l] * 0xD2511F53u, q = (uint64_t)c[l] * 0xCD9E8D57u;
      a[l] = (uint32_t)(q >> 32) ^ b[l] ^ k0;
      b[l] = (uint32_t)q;
      c[l] = (uint32_t)(p >> 32) ^ d[l] ^ k1;
      d[l] = (uint32_t)p;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int l = 0; l < LANES; l++) {
    numbers[4 * l] = (float)(int32_t)(a[l] >> 8) * 0x1p-24f;
    numbers[4 * l + 1] = (float)(int32_t)(b[l] >> 8) * 0x1p-24f;
    numbers[4 * l + 2] = (float)(int32_t)(c[l] >> 8) * 0x1p-24f;
    numbers[4 * l + 3] = (float)(int32_t)(d[l] >> 8) * 0x1p-24f;
  }
}

MULTIVERSION void dp_dropout(float *restrict y, const float *restrict x, const uint32_t *restrict key,
                             const uint32_t *restrict counter, ptrdiff_t first, ptrdiff_t count,
                             float probability, float scale) {
  float numbers[ELEMENTS];
  for (ptrdiff_t start = 0; start < count; start += ELEMENTS) {
    uniform_numbers(numbers, key, counter, (uint32_t)((first + start) / 4));
    const ptrdiff_t n = count - start < ELEMENTS ? count - start : ELEMENTS;
    for (ptrdiff_t i = 0; i < n; i++) {
      const float kept = x[start + i] * scale;
      y[start + i] = numbers[i] < probability ? 0.f : kept;
    }
  }
}
