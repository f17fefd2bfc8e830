#include "COpenCV.h"
#include "guarded.hpp"
#include "owned.hpp"

#include <dlfcn.h>

#include <climits>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/imgproc.hpp>

namespace {

cv::Scalar colour(const uint8_t *rgb) { return cv::Scalar(rgb[2], rgb[1], rgb[0]); }

// OpenCV's decoder also writes to std::cerr why it throws. This drops what the decoding thread writes; all else
// goes on as before.
class QuietDecoding : public std::streambuf {
 public:
  // While one lives, its thread's lines are dropped.
  struct Scope {
    Scope() { install(), active() = true; }
    ~Scope() { active() = false; }
  };

 protected:
  int overflow(int character) override {
    return active() || character == traits_type::eof() ? 0 : original_->sputc(static_cast<char>(character));
  }
  std::streamsize xsputn(const char *text, std::streamsize count) override {
    return active() ? count : original_->sputn(text, count);
  }
  int sync() override { return active() ? 0 : original_->pubsync(); }

 private:
  explicit QuietDecoding(std::streambuf *original) : original_(original) {}

  static bool &active() {
    static thread_local bool flag = false;
    return flag;
  }

  static void install() {
    // Never freed: std::cerr may be used up to the end of the program.
    static QuietDecoding *const shared = new QuietDecoding(std::cerr.rdbuf());
    static const bool ready = [] { return std::cerr.rdbuf(shared), true; }();
    (void)ready;
  }

  std::streambuf *original_;
};

using Decode = cv::Mat (*)(cv::InputArray, int);
using Encode = bool (*)(const cv::String &, cv::InputArray, std::vector<unsigned char> &, const std::vector<int> &);

struct Codecs {
  Decode decode;
  Encode encode;

  // Opened once, thread-safe as a function's static.
  static const Codecs &shared() {
    static const Codecs codecs;
    return codecs;
  }

 private:
  Codecs() {
    char name[64];
    std::snprintf(name, sizeof name, "libopencv_imgcodecs.so.%d%02d", CV_VERSION_MAJOR, CV_VERSION_MINOR);
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(std::string("cannot load the image codecs: ") + dlerror());
    decode = reinterpret_cast<Decode>(symbol(library, "_ZN2cv8imdecodeERKNS_11_InputArrayEi"));
    encode = reinterpret_cast<Encode>(symbol(
        library,
        "_ZN2cv8imencodeERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKNS_11_InputArrayERSt6vectorIhSaIh"
        "EERKSB_IiSaIiEE"));
  }

  static void *symbol(void *library, const char *name) {
    void *address = dlsym(library, name);
    if (address == nullptr) throw std::runtime_error(std::string("the image codecs lack ") + name);
    return address;
  }
};

}  // namespace

extern "C" {

const uint8_t *dp_owned_bytes(const dp_owned *owned) {
  return owned->image.empty() ? owned->file.data() : owned->image.data;
}

size_t dp_owned_count(const dp_owned *owned) {
  return owned->image.empty() ? owned->file.size() : owned->image.total() * owned->image.elemSize();
}

int32_t dp_owned_height(const dp_owned *owned) { return owned->image.rows; }

int32_t dp_owned_width(const dp_owned *owned) { return owned->image.cols; }

void dp_owned_free(dp_owned *owned) { delete owned; }

int dp_decode(const uint8_t *bytes, size_t count, dp_owned **result, dp_message message) {
  return guarded(message, [&] {
    const cv::Mat file(1, static_cast<int>(count), CV_8U, const_cast<uint8_t *>(bytes));
    auto owned = std::make_unique<dp_owned>();
    const QuietDecoding::Scope quiet;
    owned->image = Codecs::shared().decode(file, 1);  // 1: three channels, EXIF applied
    if (owned->image.empty()) throw std::runtime_error("its contents cannot be decoded");
    if (owned->image.type() != CV_8UC3) throw std::runtime_error("not three channels of 8 bits");
    if (!owned->image.isContinuous()) owned->image = owned->image.clone();
    *result = owned.release();
  });
}

int dp_encode_png(dp_raster image, dp_owned **result, dp_message message) {
  return guarded(message, [&] {
    auto owned = std::make_unique<dp_owned>();
    if (!Codecs::shared().encode(".png", view(image), owned->file, {})) {
      throw std::runtime_error("the PNG encoder failed");
    }
    *result = owned.release();
  });
}

int dp_encode_jpeg(dp_raster image, int32_t quality, dp_owned **result, dp_message message) {
  return guarded(message, [&] {
    auto owned = std::make_unique<dp_owned>();
    if (!Codecs::shared().encode(".jpg", view(image), owned->file, {1, quality})) {  // 1: IMWRITE_JPEG_QUALITY
      throw std::runtime_error("the JPEG encoder failed");
    }
    *result = owned.release();
  });
}

int dp_resize(dp_raster source, dp_raster target, int interpolation, dp_message message) {
  static const int ways[] = {cv::INTER_LINEAR, cv::INTER_NEAREST, cv::INTER_CUBIC, cv::INTER_AREA, cv::INTER_LANCZOS4};
  return guarded(message, [&] {
    cv::Mat result = view(target);
    cv::resize(view(source), result, result.size(), 0, 0, ways[interpolation]);
    expect(result, target);
  });
}

int dp_flip_horizontally(dp_raster source, dp_raster target, dp_message message) {
  return guarded(message, [&] {
    cv::Mat result = view(target);
    cv::flip(view(source), result, 1);
    expect(result, target);
  });
}

int dp_turn(dp_raster source, dp_raster target, int orientation, dp_message message) {
  return guarded(message, [&] {
    // cv::flip's code: 0 exchanges above and below, 1 left and right, -1 both; 2 stands for neither.
    static const int flips[] = {2, 1, -1, 0, 2, 1, -1, 0};
    const int flip = flips[orientation - 1];
    cv::Mat result = view(target);
    cv::Mat turned = view(source);
    if (orientation >= 5) {
      cv::Mat transposed;
      cv::transpose(turned, transposed);
      turned = transposed;
    }
    if (flip == 2) {
      turned.copyTo(result);
    } else {
      cv::flip(turned, result, flip);
    }
    expect(result, target);
  });
}

int dp_swap_red_and_blue(dp_raster source, dp_raster target, dp_message message) {
  return guarded(message, [&] {
    cv::Mat result = view(target);
    cv::cvtColor(view(source), result, cv::COLOR_BGR2RGB);
    expect(result, target);
  });
}

int dp_pad(dp_raster source, dp_raster target, int mode, const double *value, dp_message message) {
  return guarded(message, [&] {
    static const int borders[] = {
        cv::BORDER_CONSTANT, cv::BORDER_REPLICATE, cv::BORDER_REFLECT_101, cv::BORDER_REFLECT};
    cv::Scalar constant;
    for (int channel = 0; channel < source.channels; ++channel) constant[channel] = value[channel];
    cv::Mat result = view(target);
    cv::copyMakeBorder(
        view(source), result, 0, target.height - source.height, 0, target.width - source.width, borders[mode],
        constant);
    expect(result, target);
  });
}

int dp_convert_hsv(dp_raster source, dp_raster target, int to_hsv, dp_message message) {
  return guarded(message, [&] {
    cv::Mat result = view(target);
    cv::cvtColor(view(source), result, to_hsv ? cv::COLOR_BGR2HSV : cv::COLOR_HSV2BGR);
    expect(result, target);
  });
}

int dp_draw_rectangle(
    dp_raster image, int32_t x1, int32_t y1, int32_t x2, int32_t y2, const uint8_t *rgb, int32_t thickness,
    dp_message message) {
  return guarded(message, [&] {
    cv::Mat target = view(image);
    cv::rectangle(target, cv::Point(x1, y1), cv::Point(x2, y2), colour(rgb), thickness, cv::LINE_8);
  });
}

int dp_blend_mask(
    dp_raster image, dp_raster mask, int32_t x, int32_t y, const uint8_t *rgb, double opacity, dp_message message) {
  return guarded(message, [&] {
    cv::Mat target = view(image)(cv::Rect(x, y, mask.width, mask.height));
    cv::Mat tinted;
    cv::addWeighted(target, 1 - opacity, cv::Mat(target.size(), target.type(), colour(rgb)), opacity, 0, tinted);
    tinted.copyTo(target, view(mask));
  });
}

int dp_outline_mask(
    dp_raster image, dp_raster mask, int32_t x, int32_t y, const uint8_t *rgb, int32_t thickness,
    dp_message message) {
  return guarded(message, [&] {
    cv::Mat target = view(image);
    std::vector<std::vector<cv::Point>> outlines;
    cv::findContours(view(mask), outlines, cv::RETR_CCOMP, cv::CHAIN_APPROX_NONE);
    cv::drawContours(
        target, outlines, -1, colour(rgb), thickness, cv::LINE_AA, cv::noArray(), INT_MAX, cv::Point(x, y));
  });
}

int dp_draw_line(
    dp_raster image, int32_t x1, int32_t y1, int32_t x2, int32_t y2, const uint8_t *rgb, int32_t thickness,
    dp_message message) {
  return guarded(message, [&] {
    cv::Mat target = view(image);
    cv::line(target, cv::Point(x1, y1), cv::Point(x2, y2), colour(rgb), thickness, cv::LINE_AA);
  });
}

int dp_blend_labels(
    dp_raster image, dp_raster labels, const uint8_t *palette, int32_t colours, double opacity, dp_message message) {
  return guarded(message, [&] {
    cv::Mat target = view(image);
    const cv::Mat numbers = view(labels);
    cv::Mat painted = target.clone();
    for (int row = 0; row < target.rows; ++row) {
      const auto *number = numbers.ptr<int32_t>(row);
      auto *pixel = painted.ptr<cv::Vec3b>(row);
      for (int column = 0; column < target.cols; ++column) {
        const int32_t label = number[column];
        if (label < 0 || label >= colours) continue;
        pixel[column] = cv::Vec3b(palette[3 * label + 2], palette[3 * label + 1], palette[3 * label]);
      }
    }
    cv::addWeighted(target, 1 - opacity, painted, opacity, 0, target);
  });
}

}  // extern "C"
