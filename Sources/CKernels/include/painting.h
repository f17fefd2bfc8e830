// Painting on a picture of floats: `canvas` is [height, width, 3], 0 ... 1, and `cover` says how much of a pixel a
// shape covers, 0 ... 255.
#pragma once

#include <stdint.h>

// A shape on its way to the canvas: its window's upper left corner is (x, y) of the scene and may lie outside.
typedef struct {
  const uint8_t *cover;  // [height, width]
  int64_t x, y, height, width;
} dp_shape;

// canvas = mix(canvas, colour, cover · opacity); colour = shade · mix(paint[0..2], paint[3..5], texture).
//   shade: [shape.height, shape.width], or NULL for 1; texture: [height, width] of the scene, or NULL for 0.
void dp_canvas_paint(
    float *canvas, int64_t height, int64_t width, dp_shape shape, const float *shade, const float *texture,
    const float *paint, float opacity);
// canvas = mix(canvas, rows[y], amount[y] · cover); cover [height, width] may be NULL for everywhere.
void dp_canvas_veil(
    float *canvas, int64_t height, int64_t width, const float *rows, const float *amount, const uint8_t *cover);
// canvas += strength[y] · light · cover · colour; light [height, width]; cover may be NULL for everywhere.
void dp_canvas_glow(
    float *canvas, int64_t height, int64_t width, const float *light, const float *strength, const uint8_t *cover,
    const float *colour);
// canvas · gain + offset as bytes.
void dp_canvas_bytes(const float *canvas, int64_t count, float gain, float offset, uint8_t *bytes);

// Light that comes in rays from (x, y): table [count] over the tangent of the angle, -reach ... reach.
void dp_plane_rays(
    float *plane, int64_t height, int64_t width, const float *table, int64_t count, float x, float y, float reach);
// target += weight · source
void dp_plane_add(float *target, const float *source, float weight, int64_t count);
// Bright thin lines where the plane passes 1/2: clamp(1 - |2 v - 1| · sharpness, 0, 1) squared.
void dp_plane_ridges(float *plane, float sharpness, int64_t count);
// How the light falls on a shape whose blurred cover is `soft`: bright where it rises towards the light from above
// and the left, dark at the other side; `rim` is the brightness at its very edge.
void dp_shape_relief(
    const uint8_t *soft, int64_t height, int64_t width, int64_t step, float strength, float rim, float *shade);

// What lies below a profile: y >= profile[x], with smooth edges.
void dp_cover_below(uint8_t *cover, int64_t height, int64_t width, const float *profile);
// cover = cover · other / 255
void dp_cover_multiply(uint8_t *cover, const uint8_t *other, int64_t count);
// Pixels that both shapes cover by half or more.
int64_t dp_cover_common(dp_shape a, dp_shape b);
// owners = number where the shape covers half a pixel or more.
void dp_owners_stamp(int32_t *owners, int64_t height, int64_t width, dp_shape shape, int32_t number);
// mask = 1 where the owner is `number`.
void dp_owners_mask(const int32_t *owners, int64_t count, int32_t number, uint8_t *mask);
// labels = table[owners]; owners beyond the table get `otherwise`.
void dp_owners_labels(
    const int32_t *owners, int64_t count, const int32_t *table, int64_t entries, int32_t otherwise, int32_t *labels);
