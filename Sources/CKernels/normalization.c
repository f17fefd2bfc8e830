#include "CKernels.h"
#include "lanes.h"
#include "polynomials.h"

#pragma clang fp contract(fast)

/// The mean of a row and the inverse of its deviation.
INLINE void take_statistics(float *restrict statistics, const float *restrict x, ptrdiff_t width, float epsilon) {
  float sum, squares;
  DP_LANE_SUM(sum, width, x[i]);
  const float mean = sum / (float)width;
  DP_LANE_SUM(squares, width, (x[i] - mean) * (x[i] - mean));
  statistics[0] = mean;
  statistics[1] = 1.f / __builtin_elementwise_sqrt(squares / (float)width + epsilon);
}

MULTIVERSION void dp_layer_norm(float *restrict y, float *restrict statistics, const float *restrict x,
                                const float *restrict weight, const float *restrict bias, ptrdiff_t rows,
                                ptrdiff_t width, float epsilon) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, y += width) {
    take_statistics(statistics + 2 * r, x, width, epsilon);
    const float mean = statistics[2 * r], inverse = statistics[2 * r + 1];
    for (ptrdiff_t i = 0; i < width; i++) y[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
  }
}

INLINE float norm_slope(float g, float weight, float average, float centred, float slope, float inverse) {
  return inverse * ((g * weight - average) - centred * slope);
}

MULTIVERSION void dp_layer_norm_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                                         const float *restrict statistics, const float *restrict weight,
                                         ptrdiff_t rows, ptrdiff_t width, int adds) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, g += width, gx += width) {
    const float mean = statistics[2 * r], inverse = statistics[2 * r + 1];
    float sum, dot;
    DP_LANE_SUM(sum, width, g[i] * weight[i]);
    DP_LANE_SUM(dot, width, g[i] * weight[i] * (x[i] - mean));
    const float average = sum / (float)width, slope = dot * inverse * inverse / (float)width;
    if (adds)
      for (ptrdiff_t i = 0; i < width; i++) {
        // Rounded before it is added, as where the sum is taken elsewhere.
#pragma clang fp contract(off)
        gx[i] = gx[i] + norm_slope(g[i], weight[i], average, x[i] - mean, slope, inverse);
      }
    else
      for (ptrdiff_t i = 0; i < width; i++)
        gx[i] = norm_slope(g[i], weight[i], average, x[i] - mean, slope, inverse);
  }
}

MULTIVERSION void dp_layer_norm_gated(float *restrict y, float *restrict statistics, const float *restrict x,
                                      const float *restrict weight, const float *restrict bias,
                                      const float *restrict z, ptrdiff_t rows, ptrdiff_t width, float epsilon) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, y += width, z += width) {
    take_statistics(statistics + 2 * r, x, width, epsilon);
    const float mean = statistics[2 * r], inverse = statistics[2 * r + 1];
    for (ptrdiff_t i = 0; i < width; i++)
      y[i] = ((x[i] - mean) * inverse * weight[i] + bias[i]) * (z[i] * dp_sigmoid(z[i]));
  }
}

MULTIVERSION void dp_layer_norm_gated_backward(float *restrict gx, float *restrict gz, float *restrict gweight,
                                               float *restrict gbias, float *restrict gy,
                                               const float *restrict g, const float *restrict x,
                                               const float *restrict z, const float *restrict statistics,
                                               const float *restrict weight, const float *restrict bias,
                                               ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, g += width, z += width, gx += width, gz += width) {
    const float mean = statistics[2 * r], inverse = statistics[2 * r + 1];
    for (ptrdiff_t i = 0; i < width; i++) {
      const float p = dp_sigmoid(z[i]), unit = (x[i] - mean) * inverse;
      const float slope = g[i] * (z[i] * p);
      gz[i] = g[i] * (unit * weight[i] + bias[i]) * (p * (1.f + z[i] * (1.f - p)));
      gweight[i] += slope * unit;
      gbias[i] += slope;
      gy[i] = slope * weight[i];
    }
    float sum, dot;
    DP_LANE_SUM(sum, width, gy[i]);
    DP_LANE_SUM(dot, width, gy[i] * (x[i] - mean));
    const float average = sum / (float)width, slope = dot * inverse * inverse / (float)width;
    for (ptrdiff_t i = 0; i < width; i++) gx[i] = norm_slope(gy[i], 1.f, average, x[i] - mean, slope, inverse);
  }
}

MULTIVERSION void dp_layer_norm_parameters_backward(float *restrict gweight, float *restrict gbias,
                                                    const float *restrict g, const float *restrict x,
                                                    const float *restrict statistics, ptrdiff_t rows,
                                                    ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, g += width) {
    const float mean = statistics[2 * r], inverse = statistics[2 * r + 1];
    for (ptrdiff_t i = 0; i < width; i++) {
      gweight[i] += g[i] * ((x[i] - mean) * inverse);
      gbias[i] += g[i];
    }
  }
}

MULTIVERSION void dp_accumulate_squares(float *restrict sum, const float *restrict x, const float *restrict mean,
                                        ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width)
    for (ptrdiff_t i = 0; i < width; i++) sum[i] += (x[i] - mean[i]) * (x[i] - mean[i]);
}

MULTIVERSION void dp_accumulate_moments(double *restrict sum, double *restrict squares, const float *restrict x,
                                        ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width)
    for (ptrdiff_t i = 0; i < width; i++) {
      sum[i] += (double)x[i];
      squares[i] += (double)x[i] * (double)x[i];
    }
}

MULTIVERSION void dp_normalize_columns(float *restrict y, const float *restrict x, const float *restrict mean,
                                       const float *restrict scale, const float *restrict bias, ptrdiff_t rows,
                                       ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, y += width)
    for (ptrdiff_t i = 0; i < width; i++) y[i] = (x[i] - mean[i]) * scale[i] + bias[i];
}

MULTIVERSION void dp_batch_norm_parameters_backward(float *restrict gweight, float *restrict gbias,
                                                    const float *restrict g, const float *restrict x,
                                                    const float *restrict mean, const float *restrict inverse,
                                                    ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, g += width)
    for (ptrdiff_t i = 0; i < width; i++) {
      gweight[i] += g[i] * ((x[i] - mean[i]) * inverse[i]);
      gbias[i] += g[i];
    }
}

MULTIVERSION void dp_accumulate_norm_gradients(double *restrict gweight, double *restrict gbias,
                                               const float *restrict g, const float *restrict x,
                                               const float *restrict mean, const float *restrict inverse,
                                               ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, g += width)
    for (ptrdiff_t i = 0; i < width; i++) {
      gweight[i] += (double)(g[i] * ((x[i] - mean[i]) * inverse[i]));
      gbias[i] += (double)g[i];
    }
}

MULTIVERSION void dp_batch_norm_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                                         const float *restrict mean, const float *restrict scale,
                                         const float *restrict slope, const float *restrict offset,
                                         ptrdiff_t rows, ptrdiff_t width) {
  for (ptrdiff_t r = 0; r < rows; r++, x += width, g += width, gx += width)
    for (ptrdiff_t i = 0; i < width; i++)
      gx[i] = (g[i] * scale[i] - (x[i] - mean[i]) * slope[i]) - offset[i];
}
