// Bytes that the bridge owns until they are freed.
#pragma once

#include "COpenCV.h"

#include <vector>

#include <opencv2/core.hpp>

struct dp_owned {
  cv::Mat image;
  std::vector<unsigned char> file;
};
