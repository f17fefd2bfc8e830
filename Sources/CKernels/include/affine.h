// Photographs moved by an affine map.
#pragma once

#include <stdint.h>

enum { DP_AFFINE_NEAREST = 0, DP_AFFINE_BILINEAR = 1, DP_AFFINE_BICUBIC = 2 };

// Output pixel (x, y) is what `source` has at (m[0] (x + 0.5) + m[1] (y + 0.5) + m[2], m[3] ... + m[5]), or `fill`
// outside. In double precision; values are cut, not rounded. Bicubic: the cubic with a = -1.
//   source, target: [height, width, 3]; fill: [3].
void dp_affine(
    const uint8_t *source, int64_t height, int64_t width, const double *m, const uint8_t *fill, int32_t filter,
    uint8_t *target);
