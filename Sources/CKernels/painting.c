#include "painting.h"

#include "multiversion.h"

INLINE float clamped(float value, float low, float high) { return value < low ? low : value > high ? high : value; }

// The rows and columns of a window that lie within the scene.
typedef struct {
  int64_t top, bottom, left, right;
} window;

INLINE window within(dp_shape shape, int64_t height, int64_t width) {
  return (window){
      shape.y < 0 ? -shape.y : 0, shape.y + shape.height > height ? height - shape.y : shape.height,
      shape.x < 0 ? -shape.x : 0, shape.x + shape.width > width ? width - shape.x : shape.width};
}

MULTIVERSION void dp_canvas_paint(
    float *canvas, int64_t height, int64_t width, dp_shape shape, const float *shade, const float *texture,
    const float *paint, float opacity) {
  const window part = within(shape, height, width);
  const float scale = opacity / 255.f;
  for (int64_t row = part.top; row < part.bottom; ++row) {
    for (int64_t column = part.left; column < part.right; ++column) {
      const int64_t here = row * shape.width + column;
      const int64_t there = (row + shape.y) * width + column + shape.x;
      const float amount = (float)shape.cover[here] * scale;
      const float light = shade ? shade[here] : 1.f;
      const float mix = texture ? texture[there] : 0.f;
      for (int channel = 0; channel < 3; ++channel) {
        const float colour = (paint[channel] + (paint[channel + 3] - paint[channel]) * mix) * light;
        canvas[3 * there + channel] += amount * (colour - canvas[3 * there + channel]);
      }
    }
  }
}

MULTIVERSION void dp_canvas_veil(
    float *canvas, int64_t height, int64_t width, const float *rows, const float *amount, const uint8_t *cover) {
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      const int64_t pixel = row * width + column;
      const float part = cover ? amount[row] * (float)cover[pixel] / 255.f : amount[row];
      for (int channel = 0; channel < 3; ++channel) {
        canvas[3 * pixel + channel] += part * (rows[3 * row + channel] - canvas[3 * pixel + channel]);
      }
    }
  }
}

MULTIVERSION void dp_canvas_glow(
    float *canvas, int64_t height, int64_t width, const float *light, const float *strength, const uint8_t *cover,
    const float *colour) {
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      const int64_t pixel = row * width + column;
      const float part = cover ? (float)cover[pixel] / 255.f : 1.f;
      const float amount = strength[row] * light[pixel] * part;
      for (int channel = 0; channel < 3; ++channel) canvas[3 * pixel + channel] += amount * colour[channel];
    }
  }
}

MULTIVERSION void dp_canvas_bytes(const float *canvas, int64_t count, float gain, float offset, uint8_t *bytes) {
  for (int64_t index = 0; index < count; ++index) {
    bytes[index] = (uint8_t)(clamped(canvas[index] * gain + offset, 0.f, 1.f) * 255.f + 0.5f);
  }
}

MULTIVERSION void dp_plane_rays(
    float *plane, int64_t height, int64_t width, const float *table, int64_t count, float x, float y, float reach) {
  for (int64_t row = 0; row < height; ++row) {
    const float depth = (float)row - y;
    for (int64_t column = 0; column < width; ++column) {
      const float tangent = ((float)column - x) / depth;
      const float place = clamped((tangent + reach) / (2 * reach), 0.f, 1.f) * (float)(count - 1);
      const int64_t below = (int64_t)place < count - 2 ? (int64_t)place : count - 2;
      const float rest = place - (float)below;
      plane[row * width + column] = table[below] + (table[below + 1] - table[below]) * rest;
    }
  }
}

MULTIVERSION void dp_plane_add(float *target, const float *source, float weight, int64_t count) {
  for (int64_t index = 0; index < count; ++index) target[index] += weight * source[index];
}

MULTIVERSION void dp_plane_ridges(float *plane, float sharpness, int64_t count) {
  for (int64_t index = 0; index < count; ++index) {
    const float distance = 2.f * plane[index] - 1.f;
    const float height = clamped(1.f - (distance < 0 ? -distance : distance) * sharpness, 0.f, 1.f);
    plane[index] = height * height;
  }
}

MULTIVERSION void dp_shape_relief(
    const uint8_t *soft, int64_t height, int64_t width, int64_t step, float strength, float rim, float *shade) {
  const int64_t aside = step / 2;
  for (int64_t row = 0; row < height; ++row) {
    const int64_t above = row >= step ? row - step : 0;
    const int64_t below = row + step < height ? row + step : height - 1;
    for (int64_t column = 0; column < width; ++column) {
      const int64_t left = column >= aside ? column - aside : 0;
      const int64_t right = column + aside < width ? column + aside : width - 1;
      const float slope = ((float)soft[below * width + right] - (float)soft[above * width + left]) / 255.f;
      const float inside = (float)soft[row * width + column] / 255.f;
      const float light = (rim + (1.f - rim) * inside) * (1.f + strength * slope);
      shade[row * width + column] = light > 0.15f ? light : 0.15f;
    }
  }
}

MULTIVERSION void dp_cover_below(uint8_t *cover, int64_t height, int64_t width, const float *profile) {
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      const float amount = clamped((float)row + 1.f - profile[column], 0.f, 1.f);
      cover[row * width + column] = (uint8_t)(amount * 255.f + 0.5f);
    }
  }
}

MULTIVERSION void dp_cover_multiply(uint8_t *cover, const uint8_t *other, int64_t count) {
  for (int64_t index = 0; index < count; ++index) {
    cover[index] = (uint8_t)(((uint32_t)cover[index] * other[index] + 127) / 255);
  }
}

MULTIVERSION int64_t dp_cover_common(dp_shape a, dp_shape b) {
  // Window a as seen from b.
  dp_shape moved = a;
  moved.x -= b.x;
  moved.y -= b.y;
  const window part = within(moved, b.height, b.width);
  int64_t common = 0;
  for (int64_t row = part.top; row < part.bottom; ++row) {
    const uint8_t *mine = a.cover + row * a.width;
    const uint8_t *other = b.cover + (row + moved.y) * b.width + moved.x;
    for (int64_t column = part.left; column < part.right; ++column) {
      common += mine[column] >= 128 && other[column] >= 128;
    }
  }
  return common;
}

MULTIVERSION void dp_owners_stamp(int32_t *owners, int64_t height, int64_t width, dp_shape shape, int32_t number) {
  const window part = within(shape, height, width);
  for (int64_t row = part.top; row < part.bottom; ++row) {
    const uint8_t *cover = shape.cover + row * shape.width;
    int32_t *owner = owners + (row + shape.y) * width + shape.x;
    for (int64_t column = part.left; column < part.right; ++column) {
      owner[column] = cover[column] >= 128 ? number : owner[column];
    }
  }
}

MULTIVERSION void dp_owners_mask(const int32_t *owners, int64_t count, int32_t number, uint8_t *mask) {
  for (int64_t index = 0; index < count; ++index) mask[index] = owners[index] == number;
}

MULTIVERSION void dp_owners_labels(
    const int32_t *owners, int64_t count, const int32_t *table, int64_t entries, int32_t otherwise, int32_t *labels) {
  for (int64_t index = 0; index < count; ++index) {
    const int32_t owner = owners[index];
    labels[index] = owner >= 0 && owner < entries ? table[owner] : otherwise;
  }
}
