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

using lanes = uint8_t __attribute__((vector_size(16)));
using lane_bits = bool __attribute__((ext_vector_type(16)));

// A bit for each of the 64 bytes that equals `wanted` once the bits of `also` are set.
uint64_t equal(const lanes bytes[4], uint8_t also, uint8_t wanted) {
  uint64_t found = 0;
  for (int part = 0; part < 4; ++part) {
    const lane_bits bits = __builtin_convertvector((bytes[part] | also) == wanted, lane_bits);
    uint16_t word;
    std::memcpy(&word, &bits, sizeof word);
    found |= static_cast<uint64_t>(word) << (16 * part);
  }
  return found;
}

// Walks over whole blocks of 64 bytes, as long as the depth stays within 1 ... limit; what it does not take is left to
// the walk byte by byte.
void advance_blocks(const uint8_t *bytes, int64_t end, int32_t limit, dp_coco_walk *walk) {
  int64_t at = walk->position;
  uint64_t inside = walk->in_string ? ~uint64_t{0} : 0;
  for (; at + 64 <= end; at += 64) {
    lanes block[4];
    std::memcpy(block, bytes + at, sizeof block);
    uint64_t quotes = equal(block, 0, '"');
    for (uint64_t backslashes = equal(block, 0, '\\'); backslashes != 0;) {
      const int place = __builtin_ctzll(backslashes);
      // What it escapes may lie in the next block.
      if (place == 63) goto done;
      const uint64_t escaped = uint64_t{2} << place;
      quotes &= ~escaped;
      backslashes &= ~(escaped | uint64_t{1} << place);
    }
    // A bit for each byte from an opening mark on to before its closing one.
    uint64_t text = quotes;
    for (int step = 1; step < 64; step *= 2) text ^= text << step;
    text ^= inside;
    // '[' and '{', ']' and '}' differ by one bit.
    const uint64_t opening = equal(block, 0x20, '{') & ~text, closing = equal(block, 0x20, '}') & ~text;
    const int opened = __builtin_popcountll(opening), closed = __builtin_popcountll(closing);
    if (walk->depth + opened > limit) break;
    if (walk->depth <= closed) {
      int32_t depth = walk->depth;
      for (uint64_t brackets = opening | closing; brackets != 0; brackets &= brackets - 1) {
        depth += (opening & brackets & -brackets) != 0 ? 1 : -1;
        if (depth <= 0) goto done;
      }
    }
    walk->depth += opened - closed;
    inside = static_cast<uint64_t>(static_cast<int64_t>(text) >> 63);
  }
done:
  walk->position = at;
  walk->in_string = inside != 0;
}

}  // namespace

int dp_coco_advance(const uint8_t *bytes, int64_t count, int64_t goal, int32_t limit, dp_coco_walk *walk) {
  // Within a list only: strings by themselves end at depth 0.
  if (walk->depth > 0) advance_blocks(bytes, goal < count ? goal : count, limit, walk);
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
