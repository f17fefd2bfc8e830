// The one header of the kernels: SIMD loops only. No allocation, no threads, no global state.
// Swift owns memory and shapes; C gets pointers and counts, and keeps nothing.
#pragma once

#include "multiversion.h"

#include "boxes.h"
#include "elementwise.h"
#include "images.h"
#include "maxima.h"
#include "masks.h"
