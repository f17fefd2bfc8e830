#include "confusion.h"

#include "multiversion.h"

MULTIVERSION void dp_labels_reduce_zero(const int32_t *from, int64_t count, int32_t *restrict to) {
  for (int64_t i = 0; i < count; ++i) {
    const int32_t label = from[i];
    to[i] = label == 0 || label == 255 ? 255 : label - 1;
  }
}

MULTIVERSION int64_t dp_labels_illegal(const int32_t *labels, int64_t count, int32_t classes, int32_t ignored) {
  int32_t illegal = 0;
  for (int64_t i = 0; i < count; ++i) {
    illegal |= ((uint32_t)labels[i] >= (uint32_t)classes) & (labels[i] != ignored);
  }
  if (!illegal) return -1;
  int64_t i = 0;
  while ((uint32_t)labels[i] < (uint32_t)classes || labels[i] == ignored) ++i;
  return i;
}

void dp_confusion_count(
    const int32_t *labels, const int32_t *predictions, int64_t count, int32_t classes, int32_t ignored,
    int32_t offset, int64_t *restrict counts) {
  const int64_t width = (int64_t)classes + 1;
  for (int64_t i = 0; i < count; ++i) {
    if (labels[i] == ignored) continue;
    const int64_t prediction = (int64_t)predictions[i] - offset;
    const int64_t column = prediction >= 0 && prediction < classes ? prediction : classes;
    counts[labels[i] * width + column] += 1;
  }
}

// Whether the 2 distance + 1 pixels of a row around each one hold one number, and lie in the map.
static void row_interior(const int32_t *labels, int64_t width, int64_t distance, uint8_t *inside) {
  for (int64_t x = 0; x < width;) {
    int64_t end = x + 1;
    while (end < width && labels[end] == labels[x]) ++end;
    for (int64_t i = x; i < end; ++i) inside[i] = i - distance >= x && i + distance < end;
    x = end;
  }
}

void dp_label_interior(
    const int32_t *labels, int64_t height, int64_t width, int64_t distance, int64_t *runs, uint8_t *inside) {
  for (int64_t y = 0; y < height; ++y)
    row_interior(labels + y * width, width, distance, inside + y * width);
  // From above: how many rows in a row are uniform and of one number; a long enough run marks its middle.
  for (int64_t x = 0; x < width; ++x) runs[x] = 0;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t i = y * width + x;
      const int continues = y > 0 && labels[i] == labels[i - width];
      runs[x] = inside[i] & 1 ? (continues ? runs[x] : 0) + 1 : 0;
      if (runs[x] > 2 * distance) inside[i - distance * width] |= 2;
    }
  }
  for (int64_t i = 0; i < height * width; ++i) inside[i] >>= 1;
}
