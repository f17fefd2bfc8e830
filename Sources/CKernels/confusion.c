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
