#include "masks.h"

#include <string.h>

#include "multiversion.h"

// Changes between the rows y - 1 and y are found across columns, so that a bitmap is read along its rows only.

INLINE int is_inside(uint8_t value) { return value != 0; }

// The value of the pixel that precedes row 0 of column x.
INLINE uint8_t before_column(const uint8_t *pixels, int64_t height, int64_t width, int64_t x) {
  return x == 0 ? 0 : pixels[(height - 1) * width + x - 1];
}

MULTIVERSION void dp_mask_changes(const uint8_t *pixels, int64_t height, int64_t width, uint32_t *restrict changes) {
  for (int64_t x = 0; x < width; ++x) {
    changes[x] = is_inside(pixels[x]) != is_inside(before_column(pixels, height, width, x));
  }
  for (int64_t y = 1; y < height; ++y) {
    const uint8_t *row = pixels + y * width, *above = row - width;
    for (int64_t x = 0; x < width; ++x) changes[x] += is_inside(row[x]) != is_inside(above[x]);
  }
}

void dp_mask_places(
    const uint8_t *pixels, int64_t height, int64_t width, uint32_t *restrict next, uint32_t *restrict places) {
  for (int64_t x = 0; x < width; ++x) {
    if (is_inside(pixels[x]) != is_inside(before_column(pixels, height, width, x))) {
      places[next[x]++] = (uint32_t)(x * height);
    }
  }
  for (int64_t y = 1; y < height; ++y) {
    const uint8_t *row = pixels + y * width, *above = row - width;
    int64_t x = 0;
    while (x < width) {
      if (x + 8 <= width) {
        uint64_t here, there;
        memcpy(&here, row + x, 8);
        memcpy(&there, above + x, 8);
        if (here == there) {
          x += 8;
          continue;
        }
      }
      const int64_t end = x + 8 < width ? x + 8 : width;
      for (; x < end; ++x) {
        if (is_inside(row[x]) != is_inside(above[x])) places[next[x]++] = (uint32_t)(x * height + y);
      }
    }
  }
}

MULTIVERSION void dp_mask_decode(
    const uint32_t *counts, int64_t runs, int64_t height, int64_t width, uint8_t *restrict pixels) {
  // Row 0 gets its values, every other pixel whether it differs from the one above it; then sums run down.
  memset(pixels, 0, (size_t)(height * width));
  int64_t place = 0, column = 0;
  for (int64_t run = 0; run < runs; ++run) {
    const uint8_t value = run & 1;
    if (run > 0 && place < height * width) {
      const int64_t x = place / height, y = place - x * height;
      if (y > 0) pixels[y * width + x] ^= 1;
    }
    place += counts[run];
    for (; column < width && column * height < place; ++column) pixels[column] = value;
  }
  for (int64_t y = 1; y < height; ++y) {
    uint8_t *row = pixels + y * width;
    const uint8_t *above = row - width;
    for (int64_t x = 0; x < width; ++x) row[x] ^= above[x];
  }
}

uint64_t dp_run_intersection(const uint32_t *a, int64_t runs_a, const uint32_t *b, int64_t runs_b) {
  if (runs_a == 0 || runs_b == 0) return 0;
  int64_t i = 0, j = 0;
  uint32_t left_a = a[0], left_b = b[0];
  uint64_t shared = 0;
  for (;;) {
    const uint32_t step = left_a < left_b ? left_a : left_b;
    if (i & j & 1) shared += step;
    left_a -= step;
    left_b -= step;
    if (left_a == 0) {
      if (++i == runs_a) return shared;
      left_a = a[i];
    }
    if (left_b == 0) {
      if (++j == runs_b) return shared;
      left_b = b[j];
    }
  }
}

int64_t dp_runs_expand(const uint8_t *bytes, int64_t count, int64_t area, uint32_t *restrict runs, int64_t *inside) {
  int64_t made = 0, sum[2] = {0, 0};
  for (int64_t i = 0; i < count; ++made) {
    uint32_t bits = (uint32_t)bytes[i++] - 48u;
    if (bits > 63) return -1;
    uint64_t value = bits & 31;
    int shift = 5;
    while (bits & 32) {
      if (i == count || shift == 60) return -1;
      bits = (uint32_t)bytes[i++] - 48u;
      if (bits > 63) return -1;
      value |= (uint64_t)(bits & 31) << shift;
      shift += 5;
    }
    if (bits & 16) value |= ~(uint64_t)0 << shift;
    if (made > 2) value += runs[made - 2];
    if (value > (uint64_t)area) return -1;  // negative ones as well
    runs[made] = (uint32_t)value;
    sum[made & 1] += (int64_t)value;
  }
  *inside = sum[1];
  return sum[0] + sum[1] == area ? made : -1;
}

int32_t dp_run_bounds(const uint32_t *runs, int64_t count, int64_t height, int64_t *bounds) {
  if (height <= 0) return 0;
  const uint64_t rows = (uint64_t)height;
  uint64_t row = 0, column = 0, left = 0, right = 0, top = rows, bottom = 0;
  int32_t found = 0;
  for (int64_t run = 0; run < count; ++run) {
    uint64_t end = row + runs[run];
    if ((run & 1) && runs[run] > 0) {
      if (!found) left = column;
      found = 1;
      right = column + (end > rows ? (end - 1) / rows : 0);
      if (end > rows) {  // through the foot of one column and the head of the next
        top = 0;
        bottom = rows - 1;
      } else {
        top = row < top ? row : top;
        bottom = end - 1 > bottom ? end - 1 : bottom;
      }
    }
    if (end >= rows) {
      const uint64_t passed = end < 2 * rows ? 1 : end / rows;
      column += passed;
      end -= passed * rows;
    }
    row = end;
  }
  bounds[0] = (int64_t)left;
  bounds[1] = (int64_t)top;
  bounds[2] = (int64_t)right;
  bounds[3] = (int64_t)bottom;
  return found;
}

MULTIVERSION uint64_t dp_mask_area(const uint8_t *pixels, int64_t count) {
  uint64_t area = 0;
  for (int64_t i = 0; i < count; ++i) area += (uint64_t)is_inside(pixels[i]);
  return area;
}

MULTIVERSION void dp_bytes_reverse(const uint8_t *from, int64_t count, uint8_t *restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[count - 1 - i];
}

MULTIVERSION void dp_mask_gather(
    const uint8_t *from, int64_t width, const int32_t *rows, const int32_t *columns, int64_t new_height,
    int64_t new_width, uint8_t *restrict to) {
  for (int64_t y = 0; y < new_height; ++y) {
    uint8_t *target = to + y * new_width;
    if (y > 0 && rows[y] == rows[y - 1]) {
      memcpy(target, target - new_width, (size_t)new_width);
      continue;
    }
    const uint8_t *row = from + rows[y] * width;
    uint8_t any = 0;
    for (int64_t x = 0; x < width; ++x) any |= row[x];
    if (!any) {
      memset(target, 0, (size_t)new_width);
      continue;
    }
    for (int64_t x = 0; x < new_width; ++x) target[x] = row[columns[x]];
  }
}

MULTIVERSION void dp_mask_bounds(const uint8_t *pixels, int64_t height, int64_t width, int32_t *bounds) {
  int64_t left = width, right = 0, top = height, bottom = 0;
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t *row = pixels + y * width;
    uint8_t any = 0;
    for (int64_t x = 0; x < width; ++x) any |= row[x];
    if (!any) continue;
    if (top == height) top = y;
    bottom = y + 1;
    // Only what widens the box so far is looked at.
    int64_t first = 0, last = width;
    while (first < left && !row[first]) ++first;
    while (last > right && !row[last - 1]) --last;
    left = first < left ? first : left;
    right = last > right ? last : right;
  }
  const int32_t found = bottom > 0;
  bounds[0] = found ? (int32_t)left : 0;
  bounds[1] = found ? (int32_t)top : 0;
  bounds[2] = (int32_t)right;
  bounds[3] = (int32_t)bottom;
}
