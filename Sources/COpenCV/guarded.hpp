// What the bridge's files share: errors become text, and rasters are seen as matrices.
#pragma once

#include "COpenCV.h"

#include <cstdio>
#include <exception>
#include <stdexcept>

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

inline void tell(dp_message message, const char *text) noexcept {
  if (message.text != nullptr && message.capacity > 0) std::snprintf(message.text, message.capacity, "%s", text);
}

// Runs `body`; whatever it throws becomes text.
template <typename Body>
int guarded(dp_message message, Body body) noexcept {
  try {
    // One thread: the callers are threads already. No lines on stderr: errors are returned.
    static const bool ready = [] {
      cv::setNumThreads(0);
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
      // Without a handler OpenCV prints each error before it throws it.
      cv::redirectError([](int, const char *, const char *, const char *, int, void *) { return 0; });
      return true;
    }();
    (void)ready;
    body();
    return 0;
  } catch (const cv::Exception &error) {
    tell(message, error.err.c_str());
  } catch (const std::exception &error) {
    tell(message, error.what());
  } catch (...) {
    tell(message, "unknown error in OpenCV");
  }
  return 1;
}

inline int depth(int32_t sample) {
  switch (sample) {
    case DP_UINT8: return CV_8U;
    case DP_UINT16: return CV_16U;
    case DP_FLOAT32: return CV_32F;
    default: return CV_32S;
  }
}

// A header over the caller's pixels; nothing is copied.
inline cv::Mat view(const dp_raster &raster) {
  return cv::Mat(raster.height, raster.width, CV_MAKETYPE(depth(raster.sample), raster.channels), raster.pixels);
}

// A result must land in the caller's memory, not in a new allocation.
inline void expect(const cv::Mat &result, const dp_raster &target) {
  if (result.data != target.pixels) throw std::runtime_error("result of an unexpected size or type");
}
