// The products of scan_project.c for one set of instructions: NAME(x) names its functions, TARGET is what they are compiled for,
// MOST (3 or more) the sums that its registers hold, HALF the steps whose sums for two rows of weights they hold. All are
// undefined behind it.

// One block of channels of `count` steps: a weight that is read serves all of them.
INLINE TARGET void NAME(project_block)(const float *rows, ptrdiff_t rowStride, ptrdiff_t rank, const float *weights,
                                       const int count, ptrdiff_t stride, float *z) {
  lanes sum[MOST];
  for (int i = 0; i < count; i++) sum[i] = 0.f;
  for (ptrdiff_t r = 0; r < rank; r++) {
    const lanes weight = *(const lanes *)(weights + r * stride);
    for (int i = 0; i < count; i++) sum[i] += weight * rows[i * rowStride + r];
  }
  for (int i = 0; i < count; i++) *(lanes *)(z + i * stride) = sum[i];
}

TARGET static void NAME(scan_project)(const float *rows, ptrdiff_t rowStride, ptrdiff_t rank, const float *weights,
                                      ptrdiff_t steps, ptrdiff_t stride, float *z) {
  for (ptrdiff_t d = 0; d < stride; d += DP_SCAN_LANES) {
    ptrdiff_t t = 0;
    for (; t + MOST <= steps; t += MOST)
      NAME(project_block)(rows + t * rowStride, rowStride, rank, weights + d, MOST, stride, z + t * stride + d);
    for (; t + MOST / 2 <= steps; t += MOST / 2)
      NAME(project_block)(rows + t * rowStride, rowStride, rank, weights + d, MOST / 2, stride, z + t * stride + d);
    for (; t < steps; t++)
      NAME(project_block)(rows + t * rowStride, rowStride, rank, weights + d, 1, stride, z + t * stride + d);
  }
}

// The sums, of each lane, of `count` steps and `ranks` rows of the weights: numbers that are read serve all of them.
INLINE TARGET void NAME(sum_back)(const float *gz, ptrdiff_t stride, const int count, const float *weights,
                                  const int ranks, lanes *sums) {
  lanes sum[2 * HALF];
  for (int i = 0; i < count * ranks; i++) sum[i] = 0.f;
  for (ptrdiff_t d = 0; d < stride; d += DP_SCAN_LANES)
    for (int i = 0; i < count; i++) {
      const lanes g = *(const lanes *)(gz + i * stride + d);
      for (int r = 0; r < ranks; r++) sum[i * ranks + r] += g * *(const lanes *)(weights + r * stride + d);
    }
  for (int i = 0; i < count * ranks; i++) sums[i] = sum[i];
}

TARGET static void NAME(scan_project_back)(const float *gz, ptrdiff_t steps, ptrdiff_t stride, const float *weights,
                                           ptrdiff_t rank, float *rows, ptrdiff_t rowStride) {
  lanes sum[16];
  float sums[16];
  ptrdiff_t r = 0;
  for (; r + 2 <= rank; r += 2) {
    ptrdiff_t t = 0;
    for (; t + 8 <= steps; t += 8) {
      for (int i = 0; i < 8; i += HALF)
        NAME(sum_back)(gz + (t + i) * stride, stride, HALF, weights + r * stride, 2, sum + 2 * i);
      sums_of_lanes(sum, sums);
      for (int i = 0; i < 16; i++) rows[(t + i / 2) * rowStride + r + i % 2] = sums[i];
    }
    for (; t < steps; t++) {
      NAME(sum_back)(gz + t * stride, stride, 1, weights + r * stride, 2, sum);
      for (int i = 0; i < 2; i++) rows[t * rowStride + r + i] = sum_of_lanes(&sum[i]);
    }
  }
  if (r < rank)
    for (ptrdiff_t t = 0; t < steps; t++) {
      NAME(sum_back)(gz + t * stride, stride, 1, weights + r * stride, 1, sum);
      rows[t * rowStride + r] = sum_of_lanes(&sum[0]);
    }
}

// One block of channels, `count` rows of the weights: a gradient that is read serves all of them.
INLINE TARGET void NAME(project_weights_block)(const float *rows, ptrdiff_t rowStride, const int count, const float *gz,
                                               ptrdiff_t steps, ptrdiff_t stride, float *gweights) {
  lanes sum[MOST];
  for (int i = 0; i < count; i++) sum[i] = *(const lanes *)(gweights + i * stride);
  for (ptrdiff_t t = 0; t < steps; t++) {
    const lanes g = *(const lanes *)(gz + t * stride);
    for (int i = 0; i < count; i++) sum[i] += g * rows[t * rowStride + i];
  }
  for (int i = 0; i < count; i++) *(lanes *)(gweights + i * stride) = sum[i];
}

TARGET static void NAME(scan_project_weights)(const float *rows, ptrdiff_t rowStride, ptrdiff_t rank, const float *gz,
                                              ptrdiff_t steps, ptrdiff_t stride, float *gweights) {
  for (ptrdiff_t d = 0; d < stride; d += DP_SCAN_LANES) {
    ptrdiff_t r = 0;
    for (; r + MOST <= rank; r += MOST)
      NAME(project_weights_block)(rows + r, rowStride, MOST, gz + d, steps, stride, gweights + r * stride + d);
    for (; r + 3 <= rank; r += 3)
      NAME(project_weights_block)(rows + r, rowStride, 3, gz + d, steps, stride, gweights + r * stride + d);
    for (; r < rank; r++)
      NAME(project_weights_block)(rows + r, rowStride, 1, gz + d, steps, stride, gweights + r * stride + d);
  }
}

#undef NAME
#undef TARGET
#undef MOST
#undef HALF
