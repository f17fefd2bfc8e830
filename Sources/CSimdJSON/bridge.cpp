#include "CSimdJSON.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <simdjson.h>

namespace ondemand = simdjson::ondemand;

struct dp_coco_parser {
  ondemand::parser json;
  std::vector<dp_coco_row> rows;
  std::vector<double> numbers;
  std::vector<int64_t> part_ends;
  std::vector<int32_t> runs;
  std::vector<char> text;

  void clear() {
    rows.clear();
    numbers.clear();
    part_ends.clear();
    runs.clear();
    text.clear();
  }
};

namespace {

// The keys of one object: a second of the same name would silently win or lose.
class Keys {
 public:
  bool add(std::string_view key) {
    if (many_.empty()) {
      const auto end = few_.begin() + count_;
      if (std::find(few_.begin(), end, key) != end) return false;
      if (count_ < static_cast<std::ptrdiff_t>(few_.size())) {
        few_[static_cast<size_t>(count_++)] = key;
        return true;
      }
      many_.insert(few_.begin(), few_.end());
    }
    return many_.insert(key).second;
  }

 private:
  std::array<std::string_view, 32> few_;
  std::ptrdiff_t count_ = 0;
  std::unordered_set<std::string_view> many_;
};

// A field's name. It is copied only where it holds escapes.
std::string_view name(ondemand::field &field) {
  const char *first = field.key().raw();
  const char *last = first;
  while (*last != '"' && *last != '\\') ++last;
  if (*last == '"') return std::string_view(first, static_cast<size_t>(last - first));
  return field.unescaped_key().value();
}

// A list or object is bound to a name before its loop: C++17 does not prolong what `value()` of a temporary refers to.

// Passes over a value, and checks its grammar: On-Demand does not look into what it skips.
void check(ondemand::value value) {
  switch (value.type().value()) {
    case ondemand::json_type::object: {
      ondemand::object fields = value.get_object().value();
      for (auto field : fields) {
        (void)field.unescaped_key().value();
        check(field.value().value());
      }
      break;
    }
    case ondemand::json_type::array: {
      ondemand::array elements = value.get_array().value();
      for (auto element : elements) check(element.value());
      break;
    }
    case ondemand::json_type::string: (void)value.get_string().value(); break;
    case ondemand::json_type::number: (void)value.get_double().value(); break;
    case ondemand::json_type::boolean: (void)value.get_bool().value(); break;
    case ondemand::json_type::null:
      if (!value.is_null()) throw simdjson::simdjson_error(simdjson::N_ATOM_ERROR);
      break;
  }
}

int64_t place(ondemand::value &value, const char *start) { return value.raw_json_token().data() - start; }

// Reads the rows of a list into the parser's arrays.
class Reader {
 public:
  Reader(dp_coco_parser &parser, int32_t list, const char *start) : parser_(parser), list_(list), start_(start) {}

  void row(ondemand::value value) {
    row_ = dp_coco_row{};
    row_.offset = place(value, start_);
    row_.text_first = row_.text_end = size(parser_.text);
    if (list_ == DP_COCO_VALUES) {
      check(value);
    } else if (list_ == DP_COCO_STRINGS) {
      text(value, DP_COCO_NAME);
    } else if (value.type().value() != ondemand::json_type::object) {
      fault(DP_COCO_NOT_AN_OBJECT, -1, value);
      check(value);
    } else {
      Keys keys;
      ondemand::object fields = value.get_object().value();
      for (auto element : fields) {
        ondemand::field field = std::move(element).take_value();
        std::string_view key = name(field);
        ondemand::value content = field.value();
        if (keys.add(key)) {
          this->field(key, content);
        } else {
          twice(key, content);
        }
      }
    }
    parser_.rows.push_back(row_);
  }

 private:
  template <typename Element>
  static int64_t size(const std::vector<Element> &list) {
    return static_cast<int64_t>(list.size());
  }

  bool reads(std::initializer_list<int32_t> lists) const {
    return std::find(lists.begin(), lists.end(), list_) != lists.end();
  }

  void field(std::string_view key, ondemand::value value) {
    const bool is_object = reads({DP_COCO_ANNOTATIONS, DP_COCO_RESULTS});
    if (key == "id" && list_ != DP_COCO_RESULTS) {
      integer(value, DP_COCO_ID, row_.id);
    } else if (is_object && key == "image_id") {
      integer(value, DP_COCO_IMAGE_ID, row_.image_id);
    } else if (is_object && key == "category_id") {
      integer(value, DP_COCO_CATEGORY_ID, row_.category_id);
    } else if (is_object && key == "bbox") {
      if (list_ == DP_COCO_ANNOTATIONS || !null(value)) box(value);
    } else if (is_object && key == "segmentation") {
      if (!null(value)) mask(value);
    } else if (list_ == DP_COCO_RESULTS && key == "score") {
      number(value, DP_COCO_SCORE, row_.score);
    } else if (list_ == DP_COCO_ANNOTATIONS && key == "area") {
      number(value, DP_COCO_AREA, row_.area);
    } else if (list_ == DP_COCO_ANNOTATIONS && key == "iscrowd") {
      flag(value, DP_COCO_IS_CROWD, row_.is_crowd);
    } else if (list_ == DP_COCO_ANNOTATIONS && key == "ignore") {
      flag(value, DP_COCO_IGNORE, row_.is_ignored);
    } else if (list_ == DP_COCO_IMAGES && key == "file_name") {
      if (!null(value)) text(value, DP_COCO_FILE_NAME);
    } else if (list_ == DP_COCO_IMAGES && key == "height") {
      if (!null(value)) integer(value, DP_COCO_HEIGHT, row_.height);
    } else if (list_ == DP_COCO_IMAGES && key == "width") {
      if (!null(value)) integer(value, DP_COCO_WIDTH, row_.width);
    } else if (list_ == DP_COCO_CATEGORIES && key == "name") {
      text(value, DP_COCO_NAME);
    } else {
      check(value);
    }
  }

  // The first fault of a row is the one that is told.
  void fault(int32_t kind, int32_t key, int64_t offset, int64_t count = 0) {
    if (row_.fault != DP_COCO_SOUND) return;
    row_.fault = kind;
    row_.fault_key = key;
    row_.fault_offset = offset;
    row_.fault_count = count;
  }
  void fault(int32_t kind, int32_t key, ondemand::value &value) { fault(kind, key, place(value, start_)); }

  void twice(std::string_view key, ondemand::value value) {
    fault(DP_COCO_KEY_TWICE, -1, value);
    row_.text_first = size(parser_.text);
    parser_.text.insert(parser_.text.end(), key.begin(), key.end());
    row_.text_end = size(parser_.text);
    check(value);
  }

  bool is(ondemand::value &value, ondemand::json_type type, int32_t key) {
    if (value.type().value() == type) return true;
    fault(DP_COCO_WRONG_TYPE, key, value);
    check(value);
    return false;
  }

  bool null(ondemand::value &value) {
    if (value.type().value() != ondemand::json_type::null) return false;
    check(value);
    return true;
  }

  void found(int32_t key) { row_.keys |= 1u << key; }

  bool number(ondemand::value &value, int32_t key, double &result) {
    if (!is(value, ondemand::json_type::number, key)) return false;
    result = value.get_double().value();
    found(key);
    return true;
  }

  // `1.0` is a whole number as well.
  bool integer(ondemand::value &value, int32_t key, int64_t &result) {
    if (!is(value, ondemand::json_type::number, key)) return false;
    const int64_t offset = place(value, start_);
    if (value.get_int64().get(result) != simdjson::SUCCESS) {
      const double number = value.get_double().value();
      if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0) || number != static_cast<double>(static_cast<int64_t>(number))) {
        fault(DP_COCO_NOT_WHOLE, key, offset);
        return false;
      }
      result = static_cast<int64_t>(number);
    }
    found(key);
    return true;
  }

  void flag(ondemand::value &value, int32_t key, uint8_t &result) {
    if (value.type().value() == ondemand::json_type::boolean) {
      result = value.get_bool().value();
      found(key);
      return;
    }
    double number = 0;
    if (this->number(value, key, number)) result = number != 0;
  }

  void text(ondemand::value &value, int32_t key) {
    if (!is(value, ondemand::json_type::string, key)) return;
    std::string_view content = value.get_string().value();
    if (row_.fault == DP_COCO_KEY_TWICE) return;
    row_.text_first = size(parser_.text);
    parser_.text.insert(parser_.text.end(), content.begin(), content.end());
    row_.text_end = size(parser_.text);
    found(key);
  }

  void box(ondemand::value value) {
    if (!is(value, ondemand::json_type::array, DP_COCO_BBOX)) return;
    const int64_t offset = place(value, start_);
    int64_t count = 0;
    bool sound = true;
    ondemand::array elements = value.get_array().value();
    for (auto element : elements) {
      ondemand::value side = element.value();
      double number = 0;
      sound = this->number(side, DP_COCO_BBOX, number) && sound;
      if (count < 4) row_.box[count] = number;
      ++count;
    }
    row_.keys &= ~(1u << DP_COCO_BBOX);
    if (count == 0 && list_ == DP_COCO_RESULTS) return;
    if (count != 4) fault(DP_COCO_WRONG_COUNT, DP_COCO_BBOX, offset, count);
    if (count == 4 && sound) found(DP_COCO_BBOX);
  }

  void mask(ondemand::value value) {
    if (value.type().value() == ondemand::json_type::object) {
      runs(value);
      return;
    }
    if (!is(value, ondemand::json_type::array, DP_COCO_SEGMENTATION)) return;
    row_.mask = DP_COCO_POLYGONS;
    row_.mask_first = size(parser_.part_ends);
    ondemand::array elements = value.get_array().value();
    for (auto element : elements) {
      ondemand::value part = element.value();
      if (!is(part, ondemand::json_type::array, DP_COCO_SEGMENTATION)) continue;
      ondemand::array coordinates = part.get_array().value();
      for (auto coordinate : coordinates) {
        // Nearly all of a file is read here: the type is asked only where this fails.
        double number = 0;
        ondemand::value content = coordinate.value();
        if (content.get_double().get(number) != simdjson::SUCCESS) this->number(content, DP_COCO_SEGMENTATION, number);
        parser_.numbers.push_back(number);
      }
      parser_.part_ends.push_back(size(parser_.numbers));
    }
    row_.mask_end = size(parser_.part_ends);
    found(DP_COCO_SEGMENTATION);
  }

  void runs(ondemand::value value) {
    const int64_t offset = place(value, start_);
    Keys keys;
    int64_t sides = 0;
    bool sized = false, counted = false;
    ondemand::object fields = value.get_object().value();
    for (auto element : fields) {
      ondemand::field field = std::move(element).take_value();
      std::string_view key = name(field);
      ondemand::value content = field.value();
      if (!keys.add(key)) {
        twice(key, content);
      } else if (key == "size") {
        if (!is(content, ondemand::json_type::array, DP_COCO_SIZE)) continue;
        sized = true;
        ondemand::array elements = content.get_array().value();
        for (auto element : elements) {
          ondemand::value side = element.value();
          int64_t number = 0;
          integer(side, DP_COCO_SIZE, number);
          if (sides == 0) row_.mask_height = number;
          if (sides == 1) row_.mask_width = number;
          ++sides;
        }
      } else if (key == "counts") {
        counted = true;
        counts(content);
      } else {
        check(content);
      }
    }
    if (!sized || sides != 2) fault(DP_COCO_WRONG_COUNT, DP_COCO_SIZE, offset, sides);
    if (!counted) fault(DP_COCO_NO_COUNTS, DP_COCO_COUNTS, offset);
    if (sides == 2 && counted) found(DP_COCO_SEGMENTATION);
  }

  void counts(ondemand::value value) {
    if (value.type().value() == ondemand::json_type::string) {
      std::string_view content = value.get_string().value();
      row_.mask = DP_COCO_COMPRESSED;
      row_.mask_first = size(parser_.text);
      parser_.text.insert(parser_.text.end(), content.begin(), content.end());
      row_.mask_end = size(parser_.text);
      return;
    }
    if (!is(value, ondemand::json_type::array, DP_COCO_COUNTS)) return;
    row_.mask = DP_COCO_RUNS;
    row_.mask_first = size(parser_.runs);
    ondemand::array elements = value.get_array().value();
    for (auto element : elements) {
      ondemand::value run = element.value();
      int64_t number = 0;
      integer(run, DP_COCO_COUNTS, number);
      const int64_t least = std::numeric_limits<int32_t>::min(), most = std::numeric_limits<int32_t>::max();
      parser_.runs.push_back(static_cast<int32_t>(std::clamp(number, least, most)));
    }
    row_.mask_end = size(parser_.runs);
  }

  dp_coco_parser &parser_;
  const int32_t list_;
  const char *const start_;
  dp_coco_row row_{};
};

// Runs `body`; whatever it throws becomes text.
template <typename Body>
int guarded(dp_coco_error *error, Body body) noexcept {
  try {
    body();
    return 0;
  } catch (const std::exception &reason) {
    std::snprintf(error->text, sizeof error->text, "%s", reason.what());
  } catch (...) {
    std::snprintf(error->text, sizeof error->text, "unknown error in simdjson");
  }
  return 1;
}

}  // namespace

size_t dp_coco_padding(void) { return simdjson::SIMDJSON_PADDING; }

dp_coco_parser *dp_coco_parser_create(void) { return new (std::nothrow) dp_coco_parser; }

void dp_coco_parser_free(dp_coco_parser *parser) { delete parser; }

int dp_coco_parse(
    dp_coco_parser *parser, int32_t list, const uint8_t *bytes, size_t count, dp_coco_rows *rows,
    dp_coco_error *error) {
  *error = dp_coco_error{-1, ""};
  *rows = dp_coco_rows{};
  return guarded(error, [&] {
    const char *start = reinterpret_cast<const char *>(bytes);
    parser->clear();
    ondemand::document document = parser->json.iterate(start, count, count + simdjson::SIMDJSON_PADDING).value();
    try {
      Reader reader(*parser, list, start);
      ondemand::array elements = document.get_array().value();
      for (auto element : elements) reader.row(element.value());
      const char *rest = nullptr;
      if (document.current_location().get(rest) == simdjson::SUCCESS) {
        throw simdjson::simdjson_error(simdjson::TRAILING_CONTENT);
      }
    } catch (const simdjson::simdjson_error &) {
      const char *location = nullptr;
      if (document.current_location().get(location) == simdjson::SUCCESS) error->offset = location - start;
      throw;
    }
    const auto number = [](const auto &list) { return static_cast<int64_t>(list.size()); };
    *rows = dp_coco_rows{
        parser->rows.data(),      parser->numbers.data(),    parser->part_ends.data(), parser->runs.data(),
        parser->text.data(),      number(parser->rows),      number(parser->numbers),  number(parser->part_ends),
        number(parser->runs),     number(parser->text),
    };
  });
}
