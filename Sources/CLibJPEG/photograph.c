#include "CLibJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// libjpeg's error manager, and where messages go.
typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  int32_t *warnings;
  char *text;
  size_t capacity;
} errors;

static void tell(j_common_ptr info, errors *to) {
  char message[JMSG_LENGTH_MAX];
  to->base.format_message(info, message);
  if (to->text != NULL && to->capacity > 0) snprintf(to->text, to->capacity, "%s", message);
}

static void on_error(j_common_ptr info) {
  errors *to = (errors *)info->err;
  tell(info, to);
  longjmp(to->escape, 1);
}

static void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;  // traces
  errors *to = (errors *)info->err;
  switch (info->err->msg_code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC: on_error(info); break;  // pixels are lost: what follows would be grey
    default:
      if (*to->warnings == 0) tell(info, to);
      ++*to->warnings;
  }
}

static void on_output(j_common_ptr info) { (void)info; }

// A source that gives few bytes at a time: libjpeg-turbo then takes its careful decoder.
enum { PORTION = 256 };

typedef struct {
  struct jpeg_source_mgr base;
  const uint8_t *bytes;
  size_t count, position;
} portions;

static const JOCTET end_of_image[] = {0xff, JPEG_EOI};

static void begin(j_decompress_ptr info) { (void)info; }

static boolean fill(j_decompress_ptr info) {
  portions *source = (portions *)info->src;
  const size_t left = source->count - source->position;
  if (left == 0) {
    WARNMS(info, JWRN_JPEG_EOF);
    source->base.next_input_byte = end_of_image;
    source->base.bytes_in_buffer = sizeof end_of_image;
    return TRUE;
  }
  source->base.next_input_byte = source->bytes + source->position;
  source->base.bytes_in_buffer = left < PORTION ? left : PORTION;
  source->position += source->base.bytes_in_buffer;
  return TRUE;
}

static void skip(j_decompress_ptr info, long count) {
  portions *source = (portions *)info->src;
  while (count > (long)source->base.bytes_in_buffer) {
    count -= (long)source->base.bytes_in_buffer;
    fill(info);
  }
  if (count <= 0) return;
  source->base.next_input_byte += count;
  source->base.bytes_in_buffer -= (size_t)count;
}

// Adobe's inverted cyan, magenta, yellow and black, as OpenCV converts them.
static void convert_cmyk(const uint8_t *row, int32_t width, uint8_t *target) {
  for (int32_t x = 0; x < width; ++x) {
    const int black = row[4 * x + 3];
    for (int c = 0; c < 3; ++c) target[3 * x + 2 - c] = (uint8_t)(black - ((255 - row[4 * x + c]) * black >> 8));
  }
}

int dp_jpeg_decode(
    const uint8_t *bytes, size_t count, int32_t height, int32_t width, int is_thorough, uint8_t *target,
    int32_t *warnings, char *text, size_t capacity) {
  struct jpeg_decompress_struct info;
  errors to = {.warnings = warnings, .text = text, .capacity = capacity};
  *warnings = 0;
  info.err = jpeg_std_error(&to.base);
  to.base.error_exit = on_error;
  to.base.emit_message = on_message;
  to.base.output_message = on_output;
  // Changed between setjmp and longjmp, hence volatile.
  uint8_t *volatile row = NULL;
  // An error before jpeg_create_decompress is done leaves nothing to free but what this clears.
  memset(&info.mem, 0, sizeof info.mem);
  if (setjmp(to.escape)) {
    free(row);
    jpeg_destroy_decompress(&info);
    return 1;
  }
  jpeg_create_decompress(&info);
  portions source = {
      .base = {.init_source = begin, .fill_input_buffer = fill, .skip_input_data = skip,
               .resync_to_restart = jpeg_resync_to_restart, .term_source = begin},
      .bytes = bytes, .count = count};
  if (is_thorough) {
    info.src = &source.base;
  } else {
    jpeg_mem_src(&info, bytes, count);
  }
  jpeg_read_header(&info, TRUE);
  const int is_cmyk = info.num_components == 4;
  info.out_color_space = is_cmyk ? JCS_CMYK : JCS_EXT_BGR;
  jpeg_start_decompress(&info);
  if (info.output_height != (JDIMENSION)height || info.output_width != (JDIMENSION)width) {
    snprintf(
        text, capacity, "its headers disagree: %d x %d and %u x %u pixels", width, height, info.output_width,
        info.output_height);
    longjmp(to.escape, 1);
  }
  if (is_cmyk) {
    row = malloc((size_t)width * 4);
    if (row == NULL) ERREXIT1(&info, JERR_OUT_OF_MEMORY, 0);
  }
  while (info.output_scanline < info.output_height) {
    uint8_t *line = target + (size_t)info.output_scanline * (size_t)width * 3;
    JSAMPROW rows[] = {is_cmyk ? row : line};
    jpeg_read_scanlines(&info, rows, 1);
    if (is_cmyk) convert_cmyk(row, width, line);
  }
  jpeg_finish_decompress(&info);
  free(row);
  jpeg_destroy_decompress(&info);
  return 0;
}
