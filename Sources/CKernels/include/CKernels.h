// The one header of the kernels: SIMD loops only. No allocation, no threads, no global state.
// Swift owns memory and shapes; C gets pointers and counts, and keeps nothing.
#pragma once

#include "multiversion.h"

#include "activations.h"
#include "boxes.h"
#include "confusion.h"
#include "dropout.h"
#include "elementwise.h"
#include "grid_sample.h"
#include "images.h"
#include "losses.h"
#include "mask_sampling.h"
#include "masks.h"
#include "maxima.h"
#include "normalization.h"
#include "optimizers.h"
#include "pooling.h"
#include "reductions.h"
#include "resizing.h"
#include "roi_align.h"
#include "selective_scan.h"
#include "softmax.h"
#include "stored.h"
#include "strided.h"
#include "windows.h"
#include "winograd.h"
