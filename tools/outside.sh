#!/usr/bin/env bash
# Builds and tests a package like a user's own (`Examples`): it sees what is public, and adds one part of each kind.
set -euo pipefail
cd "$(dirname "$0")/.."
swift test --package-path Examples --parallel
