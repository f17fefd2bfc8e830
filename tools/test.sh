#!/usr/bin/env bash
# Installs what is missing from Debian's packages, builds everything and runs all tests.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install.sh

# Tests are compiled once: a plain `swift build` before `swift test` would build everything twice.
swift build -c release --build-tests
swift test -c release --parallel --skip-build
