// libjpeg-turbo behind plain C, for photographs: OpenCV gives a picture, not an error, for coded data that are
// broken, and libjpeg tells only stderr. libjpeg reports a bad file by longjmp, which ends inside this bridge.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Decodes as OpenCV does: three channels of 8 bits, blue green red, not turned. `target` holds
// height x width x 3 bytes; another size in the file is an error, and so is the first lost pixel.
// `is_thorough`: the slower decoder of Huffman codes, the only one that notices each bad code.
// Returns 0, or 1 with the reason in `text`. With 0, `warnings` says how often libjpeg would have told stderr, and
// `text` the first of it.
int dp_jpeg_decode(
    const uint8_t *bytes, size_t count, int32_t height, int32_t width, int is_thorough, uint8_t *target,
    int32_t *warnings, char *text, size_t capacity);
