#include "COpenCV.h"
#include "guarded.hpp"

#include <cmath>
#include <vector>

#include <opencv2/core/version.hpp>
#include <opencv2/imgproc.hpp>

extern "C" {

int dp_fill_polygons(
    dp_raster cover, const float *points, const int32_t *corners, int32_t polygons, dp_message message) {
  return guarded(message, [&] {
    cv::Mat target = view(cover);
    const int fraction = 4;  // bits: sixteenths of a pixel
    std::vector<cv::Point> outline;
    for (int32_t polygon = 0; polygon < polygons; ++polygon) {
      outline.clear();
      for (int32_t corner = 0; corner < corners[polygon]; ++corner, points += 2) {
        outline.emplace_back(
            static_cast<int>(std::lrint(points[0] * (1 << fraction))),
            static_cast<int>(std::lrint(points[1] * (1 << fraction))));
      }
      const cv::Point *first = outline.data();
      const int count = corners[polygon];
      cv::fillPoly(target, &first, &count, 1, cv::Scalar(255), cv::LINE_AA, fraction);
    }
  });
}

int dp_blur(dp_raster source, dp_raster target, double sigma, dp_message message) {
  return guarded(message, [&] {
    cv::Mat result = view(target);
    cv::GaussianBlur(view(source), result, cv::Size(0, 0), sigma, sigma);
    expect(result, target);
  });
}

int dp_enlarge(dp_raster source, dp_raster target, dp_message message) {
  return guarded(message, [&] {
    cv::Mat result = view(target);
    cv::resize(view(source), result, result.size(), 0, 0, cv::INTER_CUBIC);
    expect(result, target);
  });
}

int dp_add_noise(dp_raster image, uint64_t seed, double deviation, dp_message message) {
  return guarded(message, [&] {
    cv::Mat target = view(image);
    cv::Mat noise(target.size(), target.type());
    cv::RNG random(seed);
    random.fill(noise, cv::RNG::NORMAL, 0.0, deviation);
    cv::add(target, noise, target);
    expect(target, image);
  });
}

const char *dp_opencv_version(void) { return CV_VERSION; }

}  // extern "C"
