#!/usr/bin/env bash
# Runs the suites of what reads foreign files under the address and undefined-behaviour sanitizers, in a build of its own
# (`.build-sanitize`): run lengths and bitmaps, pictures, checkpoints, COCO's files, and their mutated files.
set -euo pipefail
cd "$(dirname "$0")/.."

# SwiftPM knows no sanitizer of undefined behaviour; clang's checks of C and C++ need no more than the address one's runtime.
undefined=(-Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined -Xcc -fno-sanitize=vptr,function)
swift build --build-tests --scratch-path .build-sanitize --sanitize=address "${undefined[@]}"

# Limits of time are for programs without sanitizers.
timed=(SafetensorsTests/limits PickleTests/bombs PickleTests/time)
skipped=()
for name in "${timed[@]}"; do skipped+=(--skip "$name"); done

# XCTest itself leaks a few bytes; what tests keep on purpose is no fault either.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 SWIFT_BACKTRACE=enable=no
swift test --skip-build --scratch-path .build-sanitize --sanitize=address "${undefined[@]}" --disable-xctest --parallel \
  "${skipped[@]}" --filter '^(MasksTests|ImagingTests|CheckpointsTests|CocoTests)\.' --filter 'HostileCocoTests'
