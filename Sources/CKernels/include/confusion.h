// Counting pixels of label maps.
#pragma once

#include <stdint.h>

// to[i] is the class of the stored number from[i]: 0 and 255 become 255, others go down by one.
void dp_labels_reduce_zero(const int32_t *from, int64_t count, int32_t *to);

// The place of the first label that is neither a class (0 ..< classes) nor `ignored`; -1 when there is none.
int64_t dp_labels_illegal(const int32_t *labels, int64_t count, int32_t classes, int32_t ignored);

// counts[label * (classes + 1) + prediction] += 1 for each pixel whose label is not `ignored`; predictions that are
// no class go to column `classes`. `offset` is taken from each prediction first. Labels must be legal.
void dp_confusion_count(
    const int32_t *labels, const int32_t *predictions, int64_t count, int32_t classes, int32_t ignored,
    int32_t offset, int64_t *counts);

// inside[i] is 1 where the square of pixels up to `distance` away lies in the map and holds one number only, else 0.
// `runs` holds `width` numbers of scratch.
void dp_label_interior(
    const int32_t *labels, int64_t height, int64_t width, int64_t distance, int64_t *runs, uint8_t *inside);
