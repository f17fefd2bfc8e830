// libpng behind plain C: OpenCV looks palettes up and scales 1-bit samples, so that the class numbers of label maps
// are lost, and lets libpng's warnings go to stderr. libpng reports a bad file by longjmp, which ends inside this
// bridge.
// Every function returns 0, or 1 with the reason in `text`; 2 where the file ends too early.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  int32_t height, width;
  int32_t bits;        // of a sample: 1, 2, 4, 8 or 16
  int32_t channels;    // as stored: a palette index is one channel
  int32_t is_palette;  // 1: the samples are indices of a palette
} dp_png_header;

// Walks the chunks up to the end marker and checks the sums of those a decoder needs.
int dp_png_verify(const uint8_t *bytes, size_t count, char *text, size_t capacity);

int dp_png_read_header(const uint8_t *bytes, size_t count, dp_png_header *header, char *text, size_t capacity);

// The stored numbers of a picture of one channel, row by row: `target` holds height x width of them.
int dp_png_read_numbers(const uint8_t *bytes, size_t count, int32_t *target, char *text, size_t capacity);

// Three channels of 8 bits, blue green red, as OpenCV gives them: 16 bits cut to 8, palettes looked up, grey repeated,
// alpha dropped. `target` holds height x width x 3 bytes.
int dp_png_read_colours(const uint8_t *bytes, size_t count, uint8_t *target, char *text, size_t capacity);

// The check sum of a chunk: of its name and contents.
uint32_t dp_png_sum(const uint8_t *bytes, size_t count);
