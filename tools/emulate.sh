#!/usr/bin/env bash
# Runs the kernel tests as processors without AVX-512 would, under qemu; everything is built before.
#
#   tools/emulate.sh [CPU ...]     EPYC-Rome has AVX2, Nehalem SSE4 only
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- EPYC-Rome Nehalem

# Large products: emulated, they take minutes. All but BatchTests check no kernel of ours.
skipped=(
  WinogradTests/direct WinogradTests/choice CrossSelectiveScanTests/gradients LinearTests/activated
  ThreadCountTests MatmulTests/large InferenceLinearTests/perceptrons TransposedConvolutionTests ParallelRecordingTests/pieces BatchTests
)
arguments=()
for name in "${skipped[@]}"; do arguments+=(--skip "$name"); done

for cpu in "$@"; do
  echo "Kernel tests on $cpu:"
  # OpenBLAS chooses by the emulated processor; the variables name the real one's kernels.
  env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE SWIFT_BACKTRACE=enable=no \
    qemu-x86_64 -cpu "$cpu" .build/release/DensePredictionPackageTests.xctest \
    --testing-library swift-testing --filter TensorsTests "${arguments[@]}" 2>&1 | grep -aE "✘|Test run with"
done
