#include "CKernels.h"

MULTIVERSION void dp_accumulate(float *restrict sum, const float *restrict x, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) sum[i] += x[i];
}
