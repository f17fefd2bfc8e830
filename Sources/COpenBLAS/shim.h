#include <cblas.h>

// OpenBLAS exports these without declaring them; another library of its interface may lack them.
extern void *blas_memory_alloc(int purpose) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

// Has OpenBLAS take the buffers that `count` threads work in, at most 64, and keep them.
static inline void dp_openblas_take_buffers(int count) {
  void *buffers[64];
  if (!blas_memory_alloc || !blas_memory_free) return;
  if (count > 64) count = 64;
  for (int i = 0; i < count; i++) buffers[i] = blas_memory_alloc(0);
  for (int i = 0; i < count; i++) blas_memory_free(buffers[i]);
}
