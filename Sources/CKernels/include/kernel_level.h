#pragma once

// The clone that `MULTIVERSION` functions run as: "AVX-512", "AVX2" or "baseline".
const char *dp_kernel_level(void);
