// The selective scan of one state: softplus, decay and scan in one pass, nothing stored in between.
#include "CKernels.h"

#include "dispatch.h"
#include "single_state_functions.h"

#pragma clang fp contract(fast)

// Steps ahead of the one whose numbers are used.
enum { AHEAD = 16 };

/// What the way back needs of a step.
typedef struct {
  lanes decay, delta, slope, before;
} single_step;

/// Where each step's pixel lies, and those of the AHEAD steps that follow, as far as there are any.
typedef struct {
  ptrdiff_t at[DP_SINGLE_SCAN_STEPS + AHEAD];
} step_places;

INLINE void find_places(const dp_scan_chunk *k, step_places *places) {
  ptrdiff_t *const at = places->at;
  for (ptrdiff_t t = 0; t < k->steps; t++) at[t] = k->places[t] * k->pixelStride;
  for (ptrdiff_t i = 0; i < AHEAD; i++)
    at[k->steps + i] = i < k->nextSteps ? k->next[i] * k->pixelStride : at[k->steps - 1];
}

#if HAS_LEVELS
#include "single_state_tables.h"
// The width says that vectors are of 512 bits: half as many instructions.
#define NAME(name) JOINED(name, v4)
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define FUNCTION(name) tabled_##name
#define FORTH 3
#define BACK 2
#include "single_state_clone.h"
#define NAME(name) JOINED(name, v3)
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define FUNCTION(name) name
#define FORTH 2
#define BACK 2
#include "single_state_clone.h"
#endif

#define NAME(name) JOINED(name, plain)
#define TARGET
#define FUNCTION(name) name
#define FORTH 2
#define BACK 2
#include "single_state_clone.h"

void dp_single_scan_forward(const dp_scan_chunk *k, const float *bias, float *state, float *y, int adds) {
  DP_DISPATCH(dp_single_scan_forward, k, bias, state, y, adds);
}

void dp_single_scan_backward(const dp_scan_chunk *k, const float *bias, const float *state,
                             const dp_scan_gradients *gradients, float *gbias) {
  DP_DISPATCH(dp_single_scan_backward, k, bias, state, gradients, gbias);
}
