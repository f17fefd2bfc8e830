#pragma once

// Three clones of a function, chosen when the library loads: AVX-512, AVX2 with FMA, baseline.
// ("arch=haswell" would test for that one processor, not for its instructions.)
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)  // the resolver would run before the sanitizer is ready
#define SINGLE_VERSION 1
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(SINGLE_VERSION)
#define MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSION
#endif

// Helpers of a clone: what is not inlined would be compiled for the baseline.
#define INLINE static inline __attribute__((always_inline))
