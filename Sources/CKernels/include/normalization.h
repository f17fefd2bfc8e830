#pragma once

#include <stddef.h>

// Layer norm over the rows of x [rows, width]. `statistics` [rows, 2]: each row's mean and 1 / deviation.

/// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, with the biased variance of each row.
void dp_layer_norm(float *restrict y, float *restrict statistics, const float *restrict x,
                   const float *restrict weight, const float *restrict bias, ptrdiff_t rows, ptrdiff_t width,
                   float epsilon);
/// gx, or, where it adds, gx plus what was there.
void dp_layer_norm_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                            const float *restrict statistics, const float *restrict weight, ptrdiff_t rows,
                            ptrdiff_t width, int adds);
/// y silu(z) of the y above.
void dp_layer_norm_gated(float *restrict y, float *restrict statistics, const float *restrict x,
                         const float *restrict weight, const float *restrict bias, const float *restrict z,
                         ptrdiff_t rows, ptrdiff_t width, float epsilon);
/// Its gradients: gx, gz, and gweight and gbias, which are added to. `gy`: room for a row.
void dp_layer_norm_gated_backward(float *restrict gx, float *restrict gz, float *restrict gweight,
                                  float *restrict gbias, float *restrict gy, const float *restrict g,
                                  const float *restrict x, const float *restrict z,
                                  const float *restrict statistics, const float *restrict weight,
                                  const float *restrict bias, ptrdiff_t rows, ptrdiff_t width);
/// gweight += sum over the rows of g (x - mean) / deviation, gbias += sum of g
void dp_layer_norm_parameters_backward(float *restrict gweight, float *restrict gbias, const float *restrict g,
                                       const float *restrict x, const float *restrict statistics,
                                       ptrdiff_t rows, ptrdiff_t width);

// Batch norm over the columns of x [rows, width].

/// sum[j] += (x[i, j] - mean[j])^2
void dp_accumulate_squares(float *restrict sum, const float *restrict x, const float *restrict mean,
                           ptrdiff_t rows, ptrdiff_t width);
/// sum[j] += x[i, j], squares[j] += x[i, j]^2
void dp_accumulate_moments(double *restrict sum, double *restrict squares, const float *restrict x, ptrdiff_t rows,
                           ptrdiff_t width);
/// y = (x - mean) scale + bias
void dp_normalize_columns(float *restrict y, const float *restrict x, const float *restrict mean,
                          const float *restrict scale, const float *restrict bias, ptrdiff_t rows,
                          ptrdiff_t width);
/// gbias += sum of g, gweight += sum of g (x - mean) inverse
void dp_batch_norm_parameters_backward(float *restrict gweight, float *restrict gbias, const float *restrict g,
                                       const float *restrict x, const float *restrict mean,
                                       const float *restrict inverse, ptrdiff_t rows, ptrdiff_t width);
/// The same in double precision.
void dp_accumulate_norm_gradients(double *restrict gweight, double *restrict gbias, const float *restrict g,
                                  const float *restrict x, const float *restrict mean,
                                  const float *restrict inverse, ptrdiff_t rows, ptrdiff_t width);
/// gx = g scale - (x - mean) slope - offset
void dp_batch_norm_backward(float *restrict gx, const float *restrict g, const float *restrict x,
                            const float *restrict mean, const float *restrict scale,
                            const float *restrict slope, const float *restrict offset, ptrdiff_t rows,
                            ptrdiff_t width);
