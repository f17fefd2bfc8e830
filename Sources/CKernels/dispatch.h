// Functions that are compiled once for each set of instructions, by including what defines them once for each: NAME(x) is the
// name of x there, and DP_DISPATCH calls the one that suits the processor.
#pragma once

#include "include/multiversion.h"

#define JOINED(name, level) name##_##level

#if defined(__x86_64__) && defined(__linux__) && !defined(SINGLE_VERSION)
#define HAS_LEVELS 1
#define DP_DISPATCH(name, ...)                    \
  do {                                            \
    if (__builtin_cpu_supports("x86-64-v4"))      \
      name##_v4(__VA_ARGS__);                     \
    else if (__builtin_cpu_supports("x86-64-v3")) \
      name##_v3(__VA_ARGS__);                     \
    else                                          \
      name##_plain(__VA_ARGS__);                  \
  } while (0)
#else
#define HAS_LEVELS 0
#define DP_DISPATCH(name, ...) name##_plain(__VA_ARGS__)
#endif

/// Whether registers are of 512 bits and there are 32 of them.
INLINE int dp_has_wide_vectors(void) {
#if HAS_LEVELS
  return __builtin_cpu_supports("x86-64-v4") != 0;
#else
  return 0;
#endif
}
