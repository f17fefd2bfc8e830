#include <array>
#include <cstring>

#include "CSimdJSON.h"

namespace {

// The bytes at which the walk has something to do.
constexpr std::array<bool, 256> stops = [] {
  std::array<bool, 256> table{};
  for (const unsigned char byte : {'"', '[', ']', '{', '}', ','}) table[byte] = true;
  return table;
}();

// The place of a string's closing mark, or where the bytes end within it.
int64_t string_end(const uint8_t *bytes, int64_t count, int64_t at, bool &closed) {
  while (at < count) {
    if (bytes[at] == '"') {
      closed = true;
      return at;
    }
    if (bytes[at] == '\\') {
      if (at + 1 == count) break;
      ++at;
    }
    ++at;
  }
  closed = false;
  return at;
}

}  // namespace

int dp_coco_advance(const uint8_t *bytes, int64_t count, int64_t goal, int32_t limit, dp_coco_walk *walk) {
  int64_t at = walk->position;
  for (;;) {
    if (walk->in_string) {
      bool closed = false;
      at = string_end(bytes, count, at, closed);
      walk->position = at;
      if (!closed) return DP_COCO_MORE;
      walk->in_string = 0;
      if (walk->depth == 0) return DP_COCO_CLOSED;
      ++at;
    }
    while (at < count && !stops[bytes[at]]) ++at;
    walk->position = at;
    if (at >= count) return DP_COCO_MORE;
    switch (bytes[at]) {
      case '"': walk->in_string = 1; break;
      case '[':
      case '{':
        if (walk->depth == limit) return DP_COCO_TOO_DEEP;
        ++walk->depth;
        break;
      case ',':
        if (walk->depth == 1 && at >= goal) return DP_COCO_SEPARATOR;
        break;
      default:
        if (--walk->depth <= 0) return DP_COCO_CLOSED;
    }
    ++at;
  }
}

int64_t dp_coco_lines(const uint8_t *bytes, int64_t count, int64_t *last) {
  int64_t lines = 0;
  for (const uint8_t *at = bytes; at < bytes + count; ++lines) {
    at = static_cast<const uint8_t *>(std::memchr(at, '\n', static_cast<size_t>(bytes + count - at)));
    if (at == nullptr) break;
    ++at;
    *last = at - bytes;
  }
  return lines;
}
