// The small matrix products of a scan's chunk: BLAS takes longer to start than these last.
#include "CKernels.h"

#include "dispatch.h"
#include "scan_lanes.h"

#pragma clang fp contract(fast)

#if HAS_LEVELS
#define NAME(name) JOINED(name, v4)
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define MOST 8
#define HALF 4
#include "scan_project_clone.h"
#define NAME(name) JOINED(name, v3)
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define MOST 6
#define HALF 2
#include "scan_project_clone.h"
#endif

#define NAME(name) JOINED(name, plain)
#define TARGET
#define MOST 3
#define HALF 1
#include "scan_project_clone.h"

void dp_scan_project(const float *rows, ptrdiff_t rowStride, ptrdiff_t rank, const float *weights, ptrdiff_t steps,
                     ptrdiff_t stride, float *z) {
  DP_DISPATCH(scan_project, rows, rowStride, rank, weights, steps, stride, z);
}

void dp_scan_project_back(const float *gz, ptrdiff_t steps, ptrdiff_t stride, const float *weights, ptrdiff_t rank,
                          float *rows, ptrdiff_t rowStride) {
  DP_DISPATCH(scan_project_back, gz, steps, stride, weights, rank, rows, rowStride);
}

void dp_scan_project_weights(const float *rows, ptrdiff_t rowStride, ptrdiff_t rank, const float *gz, ptrdiff_t steps,
                             ptrdiff_t stride, float *gweights) {
  DP_DISPATCH(scan_project_weights, rows, rowStride, rank, gz, steps, stride, gweights);
}
