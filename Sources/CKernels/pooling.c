#include "CKernels.h"

#include <string.h>

// The part of a window that lies in the image, as taps.
typedef struct {
  ptrdiff_t y, x;  // where the window begins
  ptrdiff_t fromY, toY, fromX, toX;
} window;

INLINE void clip_taps(ptrdiff_t start, ptrdiff_t dilation, ptrdiff_t taps, ptrdiff_t size, ptrdiff_t *from,
                      ptrdiff_t *to) {
  *from = 0;
  while (*from < taps && start + *from * dilation < 0) ++*from;
  *to = taps;
  while (*to > *from && start + (*to - 1) * dilation >= size) --*to;
}

INLINE window window_at(const dp_windows *w, ptrdiff_t row, ptrdiff_t column) {
  window at = {row * w->strideY - w->paddingY, column * w->strideX - w->paddingX, 0, 0, 0, 0};
  clip_taps(at.y, w->dilationY, w->kernelHeight, w->height, &at.fromY, &at.toY);
  clip_taps(at.x, w->dilationX, w->kernelWidth, w->width, &at.fromX, &at.toX);
  return at;
}

MULTIVERSION void dp_max_pool(const dp_windows *w, const float *x, float *y, ptrdiff_t first, ptrdiff_t last) {
  const ptrdiff_t channels = w->channels;
  for (ptrdiff_t line = first; line < last; line++)
    for (ptrdiff_t column = 0; column < w->outputWidth; column++) {
      const float *image = x + line / w->outputHeight * w->height * w->width * channels;
      float *out = y + (line * w->outputWidth + column) * channels;
      const window at = window_at(w, line % w->outputHeight, column);
      for (ptrdiff_t ky = at.fromY; ky < at.toY; ky++)
        for (ptrdiff_t kx = at.fromX; kx < at.toX; kx++) {
          const float *in = image + ((at.y + ky * w->dilationY) * w->width + at.x + kx * w->dilationX) * channels;
          if (ky == at.fromY && kx == at.fromX)
            memcpy(out, in, (size_t)channels * sizeof *out);
          else  // a NaN that is there stays: nothing is larger; one that comes replaces what is there
            for (ptrdiff_t c = 0; c < channels; c++) out[c] = in[c] > out[c] || in[c] != in[c] ? in[c] : out[c];
        }
    }
}

// The output rows with a window that reaches into the input rows first ..< last: from the result on, up to `end`.
INLINE ptrdiff_t rows_reaching(const dp_windows *w, ptrdiff_t first, ptrdiff_t last, ptrdiff_t *end) {
  const ptrdiff_t reach = (w->kernelHeight - 1) * w->dilationY, start = first + w->paddingY - reach,
                  stop = (last - 1 + w->paddingY) / w->strideY + 1;
  *end = stop < w->outputHeight ? stop : w->outputHeight;
  return start > 0 ? (start + w->strideY - 1) / w->strideY : 0;
}

MULTIVERSION void dp_max_pool_backward(const dp_windows *w, const float *x, const float *gy, float *gx,
                                       ptrdiff_t firstRow, ptrdiff_t lastRow, ptrdiff_t firstChannel,
                                       ptrdiff_t lastChannel) {
  enum { BLOCK = 64 };
  const int from = (int)(firstRow * w->width), to = (int)(lastRow * w->width);
  ptrdiff_t end;
  for (ptrdiff_t row = rows_reaching(w, firstRow, lastRow, &end); row < end; row++)
    for (ptrdiff_t column = 0; column < w->outputWidth; column++) {
      const window at = window_at(w, row, column);
      const float *g = gy + (row * w->outputWidth + column) * w->channels;
      for (ptrdiff_t begin = firstChannel; begin < lastChannel; begin += BLOCK) {
        const int count = (int)(lastChannel - begin < BLOCK ? lastChannel - begin : BLOCK);
        float most[BLOCK];
        int place[BLOCK];
        for (ptrdiff_t ky = at.fromY; ky < at.toY; ky++)
          for (ptrdiff_t kx = at.fromX; kx < at.toX; kx++) {
            const ptrdiff_t pixel = (at.y + ky * w->dilationY) * w->width + at.x + kx * w->dilationX;
            const float *in = x + pixel * w->channels + begin;
            const int isFirst = ky == at.fromY && kx == at.fromX;
            for (int c = 0; c < count; c++) {
              const int wins = isFirst || in[c] > most[c] || in[c] != in[c];
              most[c] = wins ? in[c] : most[c];
              place[c] = wins ? (int)pixel : place[c];
            }
          }
        if (at.fromY >= at.toY || at.fromX >= at.toX) continue;
        if (at.y + at.fromY * w->dilationY >= firstRow && at.y + (at.toY - 1) * w->dilationY < lastRow)
          for (int c = 0; c < count; c++) gx[place[c] * w->channels + begin + c] += g[begin + c];
        else
          for (int c = 0; c < count; c++)
            if (place[c] >= from && place[c] < to) gx[place[c] * w->channels + begin + c] += g[begin + c];
      }
    }
}

MULTIVERSION void dp_average_pool(const dp_windows *w, const float *x, float *y, ptrdiff_t first,
                                  ptrdiff_t last) {
  const ptrdiff_t channels = w->channels;
  const float scale = 1.f / (float)(w->kernelHeight * w->kernelWidth);
  for (ptrdiff_t line = first; line < last; line++)
    for (ptrdiff_t column = 0; column < w->outputWidth; column++) {
      const float *image = x + line / w->outputHeight * w->height * w->width * channels;
      float *out = y + (line * w->outputWidth + column) * channels;
      const window at = window_at(w, line % w->outputHeight, column);
      memset(out, 0, (size_t)channels * sizeof *out);
      for (ptrdiff_t ky = at.fromY; ky < at.toY; ky++)
        for (ptrdiff_t kx = at.fromX; kx < at.toX; kx++) {
          const float *in = image + ((at.y + ky) * w->width + at.x + kx) * channels;
          for (ptrdiff_t c = 0; c < channels; c++) out[c] += in[c];
        }
      for (ptrdiff_t c = 0; c < channels; c++) out[c] *= scale;
    }
}

MULTIVERSION void dp_average_pool_backward(const dp_windows *w, const float *gy, float *gx, ptrdiff_t firstRow,
                                           ptrdiff_t lastRow, ptrdiff_t firstChannel, ptrdiff_t lastChannel) {
  const float scale = 1.f / (float)(w->kernelHeight * w->kernelWidth);
  ptrdiff_t end, row = rows_reaching(w, firstRow, lastRow, &end);
  for (gy += row * w->outputWidth * w->channels; row < end; row++)
    for (ptrdiff_t column = 0; column < w->outputWidth; column++, gy += w->channels) {
      const window at = window_at(w, row, column);
      const ptrdiff_t fromY = at.y + at.fromY < firstRow ? firstRow - at.y : at.fromY,
                      toY = at.y + at.toY > lastRow ? lastRow - at.y : at.toY;
      for (ptrdiff_t ky = fromY; ky < toY; ky++)
        for (ptrdiff_t kx = at.fromX; kx < at.toX; kx++) {
          float *out = gx + ((at.y + ky) * w->width + at.x + kx) * w->channels;
          for (ptrdiff_t c = firstChannel; c < lastChannel; c++) out[c] += gy[c] * scale;
        }
    }
}

INLINE ptrdiff_t cell_begin(ptrdiff_t i, ptrdiff_t in, ptrdiff_t out) { return i * in / out; }
INLINE ptrdiff_t cell_end(ptrdiff_t i, ptrdiff_t in, ptrdiff_t out) { return ((i + 1) * in + out - 1) / out; }

MULTIVERSION void dp_adaptive_average_row(const float *image, ptrdiff_t height, ptrdiff_t width,
                                          ptrdiff_t channels, ptrdiff_t outputHeight, ptrdiff_t outputWidth,
                                          ptrdiff_t row, float *y) {
  const ptrdiff_t top = cell_begin(row, height, outputHeight), bottom = cell_end(row, height, outputHeight);
  for (ptrdiff_t column = 0; column < outputWidth; column++, y += channels) {
    const ptrdiff_t left = cell_begin(column, width, outputWidth), right = cell_end(column, width, outputWidth);
    memset(y, 0, (size_t)channels * sizeof *y);
    for (ptrdiff_t i = top; i < bottom; i++)
      for (ptrdiff_t j = left; j < right; j++)
        for (ptrdiff_t c = 0; c < channels; c++) y[c] += image[(i * width + j) * channels + c];
    const float scale = 1.f / (float)((bottom - top) * (right - left));
    for (ptrdiff_t c = 0; c < channels; c++) y[c] *= scale;
  }
}

MULTIVERSION void dp_adaptive_average_backward(const float *gy, ptrdiff_t height, ptrdiff_t width,
                                               ptrdiff_t channels, ptrdiff_t outputHeight, ptrdiff_t outputWidth,
                                               ptrdiff_t firstChannel, ptrdiff_t lastChannel, float *gx) {
  for (ptrdiff_t row = 0; row < outputHeight; row++)
    for (ptrdiff_t column = 0; column < outputWidth; column++, gy += channels) {
      const ptrdiff_t top = cell_begin(row, height, outputHeight), bottom = cell_end(row, height, outputHeight);
      const ptrdiff_t left = cell_begin(column, width, outputWidth), right = cell_end(column, width, outputWidth);
      const float scale = 1.f / (float)((bottom - top) * (right - left));
      for (ptrdiff_t i = top; i < bottom; i++)
        for (ptrdiff_t j = left; j < right; j++)
          for (ptrdiff_t c = firstChannel; c < lastChannel; c++)
            gx[(i * width + j) * channels + c] += gy[c] * scale;
    }
}
