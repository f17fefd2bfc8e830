// Loops over bitmaps (row-major, 0 is background) and run lengths (column by column, background first).
#pragma once

#include <stdint.h>

// changes[x]: how often the value changes along column x; the pixel before a column's first is the last of the
// column before it, and the one before all is background.
void dp_mask_changes(const uint8_t *pixels, int64_t height, int64_t width, uint32_t *changes);

// The places (x * height + y) of those changes in rising order. next[x] holds where those of column x begin in
// `places`, and where they end afterwards.
void dp_mask_places(const uint8_t *pixels, int64_t height, int64_t width, uint32_t *next, uint32_t *places);

// Writes the bitmap of runs that cover height * width pixels exactly.
void dp_mask_decode(const uint32_t *counts, int64_t runs, int64_t height, int64_t width, uint8_t *pixels);

// The number of pixels that lie inside both masks of the same size.
uint64_t dp_run_intersection(const uint32_t *a, int64_t runs_a, const uint32_t *b, int64_t runs_b);

// Expands COCO's compressed run lengths into `runs`, which has room for a run a byte, and answers their number, or -1
// for anything that is no mask of `area` pixels. `inside` becomes the number of pixels inside.
int64_t dp_runs_expand(const uint8_t *bytes, int64_t count, int64_t area, uint32_t *runs, int64_t *inside);

// The columns and rows (left, top, right, bottom; the last ones inside) that an object reaches; answers 0 without one.
int32_t dp_run_bounds(const uint32_t *runs, int64_t count, int64_t height, int64_t *bounds);

// The number of bytes that are not 0.
uint64_t dp_mask_area(const uint8_t *pixels, int64_t count);

// to[i] = from[count - 1 - i]
void dp_bytes_reverse(const uint8_t *from, int64_t count, uint8_t *to);

// to[y, x] = from[rows[y], columns[x]]. Rows without an object, and rows that come again, cost next to nothing.
//   from: [.., width]; rows: [new_height]; columns: [new_width].
void dp_mask_gather(
    const uint8_t *from, int64_t width, const int32_t *rows, const int32_t *columns, int64_t new_height,
    int64_t new_width, uint8_t *to);

// The box (x1, y1, x2, y2) around the bytes that are not 0; all 0 where there is none.
void dp_mask_bounds(const uint8_t *pixels, int64_t height, int64_t width, int32_t *bounds);
