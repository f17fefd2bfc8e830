#include "CLibPNG.h"

#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static int fail(char *text, size_t capacity, const char *format, ...) {
  if (text != NULL && capacity > 0) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, capacity, format, arguments);
    va_end(arguments);
  }
  return 1;
}

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

uint32_t dp_png_sum(const uint8_t *bytes, size_t count) {
  return (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)count);
}

int dp_png_verify(const uint8_t *bytes, size_t count, char *text, size_t capacity) {
  if (count < 8 || png_sig_cmp(bytes, 0, 8) != 0) return fail(text, capacity, "it is not a PNG file");
  size_t position = 8;
  for (;;) {
    if (count - position < 12) {
      fail(text, capacity, "it ends after %zu bytes, before its end marker", count);
      return 2;
    }
    const uint32_t length = big_endian(bytes + position);
    const uint8_t *name = bytes + position + 4;
    if (length > 0x7fffffff || length > count - position - 12) {
      fail(
          text, capacity, "its chunk at byte %zu wants %u bytes, the file has %zu left", position,
          length, count - position - 12);
      return 2;
    }
    // A lower-case first letter: decoders may skip it, so its damage does no harm.
    if ((name[0] & 0x20) == 0) {
      const uint32_t sum = dp_png_sum(name, (size_t)length + 4);
      if (sum != big_endian(name + 4 + length)) {
        return fail(text, capacity, "its chunk at byte %zu is damaged (wrong check sum)", position);
      }
    }
    if (memcmp(name, "IEND", 4) == 0) return 0;
    position += (size_t)length + 12;
  }
}

// What libpng's callbacks need: the bytes left, and where a message goes.
typedef struct {
  const uint8_t *bytes;
  size_t left;
  char *text;
  size_t capacity;
} source;

static void on_error(png_structp png, png_const_charp reason) {
  source *from = png_get_error_ptr(png);
  fail(from->text, from->capacity, "%s", reason);
  longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp reason) {
  (void)png;
  (void)reason;
}

static void on_read(png_structp png, png_bytep target, size_t length) {
  source *from = png_get_io_ptr(png);
  if (length > from->left) png_error(png, "the file ends too early (truncated?)");
  memcpy(target, from->bytes, length);
  from->bytes += length;
  from->left -= length;
}

// Three channels of 8 bits, blue green red.
static void read_colours(png_structp png, png_infop info, uint8_t *target, uint8_t **rows) {
  const uint32_t height = png_get_image_height(png, info), width = png_get_image_width(png, info);
  const int kind = png_get_color_type(png, info);
  if (png_get_bit_depth(png, info) == 16) png_set_strip_16(png);
  if (kind == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if ((kind & PNG_COLOR_MASK_COLOR) == 0) {
    if (png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
  }
  png_set_strip_alpha(png);
  png_set_bgr(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != (size_t)width * 3) png_error(png, "not three channels of 8 bits");
  for (uint32_t row = 0; row < height; ++row) rows[row] = target + (size_t)width * 3 * row;
  png_read_image(png, rows);
  png_read_end(png, NULL);
}

// Reads the header; the numbers too if there is a target for them, or the colours.
static int read_png(source *from, dp_png_header *header, int32_t *target, uint8_t *colours) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, from, on_error, on_warning);
  if (png == NULL) return fail(from->text, from->capacity, "no memory");
  png_infop info = png_create_info_struct(png);
  // Changed between setjmp and longjmp, hence volatile.
  uint8_t *volatile samples = NULL;
  uint8_t **volatile rows = NULL;
  if (info == NULL || setjmp(png_jmpbuf(png))) {
    free(samples);
    free(rows);
    png_destroy_read_struct(&png, &info, NULL);
    return 1;
  }
  png_set_read_fn(png, from, on_read);
  png_set_user_limits(png, 65535, 65535);
  png_read_info(png, info);
  const uint32_t height = png_get_image_height(png, info), width = png_get_image_width(png, info);
  const int bits = png_get_bit_depth(png, info);
  const int channels = png_get_channels(png, info);
  if (header != NULL) {
    *header = (dp_png_header){
        (int32_t)height, (int32_t)width, bits, channels,
        png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE};
  }
  if (colours != NULL) {
    rows = malloc(sizeof *rows * height);
    if (rows == NULL) png_error(png, "no memory");
    read_colours(png, info, colours, rows);
  }
  if (target != NULL) {
    if (channels != 1) png_error(png, "it has more than one channel");
    png_set_packing(png);  // one byte a sample, its number unchanged
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const size_t stride = png_get_rowbytes(png, info);
    samples = malloc(stride * height);
    rows = malloc(sizeof *rows * height);
    if (samples == NULL || rows == NULL) png_error(png, "no memory");
    for (uint32_t row = 0; row < height; ++row) rows[row] = samples + stride * row;
    png_read_image(png, rows);
    png_read_end(png, NULL);
    for (uint32_t row = 0; row < height; ++row) {
      const uint8_t *line = rows[row];
      int32_t *numbers = target + (size_t)row * width;
      if (bits == 16) {
        for (uint32_t x = 0; x < width; ++x) numbers[x] = line[2 * x] << 8 | line[2 * x + 1];
      } else {
        for (uint32_t x = 0; x < width; ++x) numbers[x] = line[x];
      }
    }
  }
  free(samples);
  free(rows);
  png_destroy_read_struct(&png, &info, NULL);
  return 0;
}

int dp_png_read_header(const uint8_t *bytes, size_t count, dp_png_header *header, char *text, size_t capacity) {
  source from = {bytes, count, text, capacity};
  return read_png(&from, header, NULL, NULL);
}

int dp_png_read_numbers(const uint8_t *bytes, size_t count, int32_t *target, char *text, size_t capacity) {
  source from = {bytes, count, text, capacity};
  return read_png(&from, NULL, target, NULL);
}

int dp_png_read_colours(const uint8_t *bytes, size_t count, uint8_t *target, char *text, size_t capacity) {
  source from = {bytes, count, text, capacity};
  return read_png(&from, NULL, NULL, target);
}
