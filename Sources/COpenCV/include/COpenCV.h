// OpenCV behind plain C: core and imgproc are linked, imgcodecs is opened on first use (it loads a hundred
// libraries). Every function returns 0, or 1 with the reason in `message`; no C++ exception leaves.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { DP_UINT8 = 0, DP_UINT16 = 1, DP_INT32 = 2, DP_FLOAT32 = 3 };

// Pixels that somebody else owns: dense rows, channels last.
typedef struct {
  void *pixels;
  int32_t height, width, channels;
  int32_t sample;  // DP_UINT8, DP_UINT16, DP_INT32 or DP_FLOAT32
} dp_raster;

// Where a failing function writes why: text of at most `capacity` bytes with its closing 0.
typedef struct {
  char *text;
  size_t capacity;
} dp_message;

// Bytes that the bridge owns until `dp_owned_free`: a decoded picture or an encoded file.
typedef struct dp_owned dp_owned;
const uint8_t *dp_owned_bytes(const dp_owned *owned);
size_t dp_owned_count(const dp_owned *owned);
int32_t dp_owned_height(const dp_owned *owned);  // pixels; 0 for an encoded file
int32_t dp_owned_width(const dp_owned *owned);
void dp_owned_free(dp_owned *owned);

// Three channels of 8 bits, blue green red, turned as the file says. For BMP, TIFF and WebP: JPEG and PNG have bridges
// of their own, because OpenCV lets their libraries write to stderr.
int dp_decode(const uint8_t *bytes, size_t count, dp_owned **result, dp_message message);
int dp_encode_png(dp_raster image, dp_owned **result, dp_message message);
// quality: 0 ... 100
int dp_encode_jpeg(dp_raster image, int32_t quality, dp_owned **result, dp_message message);

// `target` has the wanted size; channels and samples are the source's.
enum { DP_LINEAR = 0, DP_NEAREST = 1, DP_CUBIC = 2, DP_AREA = 3, DP_LANCZOS = 4 };
int dp_resize(dp_raster source, dp_raster target, int interpolation, dp_message message);
int dp_flip_horizontally(dp_raster source, dp_raster target, dp_message message);
// As EXIF's orientation 1 ... 8 says; from 5 on, rows and columns are exchanged in `target`.
int dp_turn(dp_raster source, dp_raster target, int orientation, dp_message message);
int dp_swap_red_and_blue(dp_raster source, dp_raster target, dp_message message);
// `target` is at least as large; what is new lies right and below. `value`: one number a channel, for a constant.
enum { DP_PAD_CONSTANT = 0, DP_PAD_EDGE = 1, DP_PAD_REFLECT = 2, DP_PAD_SYMMETRIC = 3 };
int dp_pad(dp_raster source, dp_raster target, int mode, const double *value, dp_message message);
// Between blue green red and hue (0 ..< 180) saturation value, three channels of 8 bits.
int dp_convert_hsv(dp_raster source, dp_raster target, int to_hsv, dp_message message);

// Drawing into 8-bit images of three channels; colours are red, green, blue.
// A thickness below 0 fills the rectangle.
int dp_draw_rectangle(
    dp_raster image, int32_t x1, int32_t y1, int32_t x2, int32_t y2, const uint8_t *rgb, int32_t thickness,
    dp_message message);
int dp_draw_line(
    dp_raster image, int32_t x1, int32_t y1, int32_t x2, int32_t y2, const uint8_t *rgb, int32_t thickness,
    dp_message message);
// image = (1 - opacity) image + opacity colour where the mask, whose corner lies at (x, y) within the image, is not 0.
int dp_blend_mask(
    dp_raster image, dp_raster mask, int32_t x, int32_t y, const uint8_t *rgb, double opacity, dp_message message);
// A line around the mask, and around the holes in it.
int dp_outline_mask(
    dp_raster image, dp_raster mask, int32_t x, int32_t y, const uint8_t *rgb, int32_t thickness,
    dp_message message);
// image = (1 - opacity) image + opacity colour of each label; labels outside the palette leave the image as it is.
int dp_blend_labels(
    dp_raster image, dp_raster labels, const uint8_t *palette, int32_t colours, double opacity, dp_message message);

#ifdef __cplusplus
}
#endif

#include "film.h"
#include "painting.h"
