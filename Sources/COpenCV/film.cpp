#include "COpenCV.h"
#include "guarded.hpp"
#include "owned.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include <opencv2/core/version.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

struct dp_film {
  cv::VideoCapture *capture;
};

namespace {

// Makes a capture in the memory that is given. What else is asked of one is virtual, and needs no name.
using Construct = void (*)(void *);

// Opened once, thread-safe as a function's static.
Construct construct() {
  static const Construct function = [] {
    char name[64];
    std::snprintf(name, sizeof name, "libopencv_videoio.so.%d%02d", CV_VERSION_MAJOR, CV_VERSION_MINOR);
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      throw std::runtime_error(std::string("films are read by OpenCV's videoio, which cannot be loaded: ") + dlerror());
    }
    void *address = dlsym(library, "_ZN2cv12VideoCaptureC1Ev");
    if (address == nullptr) throw std::runtime_error("OpenCV's videoio lacks what films are opened with");
    return reinterpret_cast<Construct>(address);
  }();
  return function;
}

}  // namespace

extern "C" {

int dp_film_open(const char *path, dp_film **result, dp_message message) {
  return guarded(message, [&] {
    const Construct make = construct();
    void *memory = ::operator new(sizeof(cv::VideoCapture));
    try {
      make(memory);
    } catch (...) {
      ::operator delete(memory);
      throw;
    }
    std::unique_ptr<cv::VideoCapture> capture(static_cast<cv::VideoCapture *>(memory));
    // Files alone: never cameras, addresses, or pictures that are numbered.
    for (const int reader : {cv::CAP_FFMPEG, cv::CAP_OPENCV_MJPEG}) {
      if (!capture->open(path, reader)) continue;
      *result = new dp_film{capture.release()};
      return;
    }
    throw std::runtime_error("it is no film that OpenCV's videoio can read");
  });
}

int dp_film_next(dp_film *film, dp_owned **result, dp_message message) {
  return guarded(message, [&] {
    auto owned = std::make_unique<dp_owned>();
    if (!film->capture->read(owned->image) || owned->image.empty()) return;
    if (owned->image.type() == CV_8UC1) cv::cvtColor(owned->image, owned->image, cv::COLOR_GRAY2BGR);
    if (owned->image.type() != CV_8UC3) throw std::runtime_error("a frame is not three channels of 8 bits");
    if (!owned->image.isContinuous()) owned->image = owned->image.clone();
    *result = owned.release();
  });
}

double dp_film_rate(const dp_film *film) { return film->capture->get(cv::CAP_PROP_FPS); }

double dp_film_frames(const dp_film *film) { return film->capture->get(cv::CAP_PROP_FRAME_COUNT); }

void dp_film_close(dp_film *film) {
  delete film->capture;
  delete film;
}

}  // extern "C"
