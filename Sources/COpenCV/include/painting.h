// Shapes, noise and softness for painted scenes. Included by COpenCV.h.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// Fills polygons, one after the other, into an 8-bit raster of one channel, with smooth edges.
//   points: x y x y ... of all polygons, in pixels (the centre of the first pixel is 0, 0); corners: [polygons].
int dp_fill_polygons(
    dp_raster cover, const float *points, const int32_t *corners, int32_t polygons, dp_message message);
// Gaussian blur of rows and columns alike; `target` has the source's size and type.
int dp_blur(dp_raster source, dp_raster target, double sigma, dp_message message);
// Cubic enlargement of floats to the target's size.
int dp_enlarge(dp_raster source, dp_raster target, dp_message message);
// Adds normally distributed numbers of a seed to floats.
int dp_add_noise(dp_raster image, uint64_t seed, double deviation, dp_message message);
// The version of OpenCV, such as 4.6.0.
const char *dp_opencv_version(void);

#ifdef __cplusplus
}
#endif
