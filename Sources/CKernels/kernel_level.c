#include "include/kernel_level.h"

#include "include/multiversion.h"

const char *dp_kernel_level(void) {
#if defined(__x86_64__) && defined(__linux__) && !defined(SINGLE_VERSION)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return "AVX-512";
  if (__builtin_cpu_supports("x86-64-v3")) return "AVX2";
#endif
  return "baseline";
}
