// simdjson behind plain C: lists of objects as COCO's files have them, a piece of a list at a time, so that memory
// does not depend on the file. No C++ exception leaves.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What a list holds: which keys of its objects are read. Of values without a meaning only the grammar is checked.
enum {
  DP_COCO_VALUES,       // anything
  DP_COCO_STRINGS,      // strings, each a row's text
  DP_COCO_IMAGES,       // id, file_name, height, width
  DP_COCO_CATEGORIES,   // id, name
  DP_COCO_ANNOTATIONS,  // id, image_id, category_id, bbox, area, iscrowd, ignore, segmentation
  DP_COCO_RESULTS,      // image_id, category_id, score, bbox, segmentation
};

enum {
  DP_COCO_ID,
  DP_COCO_IMAGE_ID,
  DP_COCO_CATEGORY_ID,
  DP_COCO_FILE_NAME,
  DP_COCO_NAME,
  DP_COCO_HEIGHT,
  DP_COCO_WIDTH,
  DP_COCO_BBOX,
  DP_COCO_AREA,
  DP_COCO_SCORE,
  DP_COCO_IS_CROWD,
  DP_COCO_IGNORE,
  DP_COCO_SEGMENTATION,
  DP_COCO_SIZE,
  DP_COCO_COUNTS,
};

// What is wrong with a row, besides JSON's grammar.
enum {
  DP_COCO_SOUND,
  DP_COCO_NOT_AN_OBJECT,
  DP_COCO_WRONG_TYPE,   // of the value of `fault_key`
  DP_COCO_NOT_WHOLE,    // a number that is no integer of 64 bits
  DP_COCO_WRONG_COUNT,  // `fault_count` numbers in a list of four (bbox) or two (size)
  DP_COCO_KEY_TWICE,    // the name is the row's text
  DP_COCO_NO_COUNTS,    // run lengths without "counts"
};

// How a row's mask is written.
enum { DP_COCO_NO_MASK, DP_COCO_POLYGONS, DP_COCO_RUNS, DP_COCO_COMPRESSED };

typedef struct {
  uint32_t keys;  // 1 << DP_COCO_ID and so on: what is there, and not null
  int32_t fault, fault_key;
  int64_t fault_offset, fault_count;
  int64_t offset;  // of the row
  int64_t id, image_id, category_id, height, width;
  double area, score, box[4];
  uint8_t is_crowd, is_ignored;
  int32_t mask;  // DP_COCO_NO_MASK and so on
  int64_t mask_height, mask_width;
  int64_t mask_first, mask_end;  // in part_ends (polygons), runs or text
  int64_t text_first, text_end;  // in text: file_name or name
} dp_coco_row;

// The rows of a piece; valid until the parser's next call.
typedef struct {
  const dp_coco_row *rows;
  const double *numbers;     // coordinates of polygons, one after the other
  const int64_t *part_ends;  // where each polygon ends in numbers
  const int32_t *runs;       // clamped to 32 bits
  const char *text;
  int64_t row_count, number_count, part_count, run_count, text_count;
} dp_coco_rows;

// Where JSON's grammar is broken, and simdjson's word for it.
typedef struct {
  int64_t offset;  // -1: not known
  char text[128];
} dp_coco_error;

// How many bytes must be readable behind a piece.
size_t dp_coco_padding(void);

typedef struct dp_coco_parser dp_coco_parser;
dp_coco_parser *dp_coco_parser_create(void);  // NULL without memory
void dp_coco_parser_free(dp_coco_parser *parser);

// Reads a piece: "[row, row, ...]". Returns 0, or 1 with `error`. A row's fault is no error: the row tells it.
int dp_coco_parse(
    dp_coco_parser *parser, int32_t list, const uint8_t *bytes, size_t count, dp_coco_rows *rows, dp_coco_error *error);

// A walk over a value by its brackets and strings alone, which can be interrupted where the bytes end.
typedef struct {
  int64_t position;
  int32_t depth;
  int32_t in_string;
} dp_coco_walk;

enum {
  DP_COCO_MORE,       // the bytes end within the value
  DP_COCO_CLOSED,     // `position` is the value's last byte
  DP_COCO_SEPARATOR,  // `position` is a comma of the outermost list, at `goal` or beyond
  DP_COCO_TOO_DEEP,   // more than `limit` brackets within each other
};

int dp_coco_advance(const uint8_t *bytes, int64_t count, int64_t goal, int32_t limit, dp_coco_walk *walk);

// How many lines end in the bytes; `last` becomes the place behind the last line end, if there is one.
int64_t dp_coco_lines(const uint8_t *bytes, int64_t count, int64_t *last);

#ifdef __cplusplus
}
#endif
