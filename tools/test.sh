#!/usr/bin/env bash
# Installs what is missing from Debian's packages, builds everything and runs all tests.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(libopenblas-dev libopencv-dev libyaml-dev libjpeg-dev libpng-dev zlib1g-dev)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing from Debian's packages: ${missing[*]}"
  root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" apt-get update
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y "${missing[@]}"
fi

# Tests are compiled once: a plain `swift build` before `swift test` would build everything twice.
swift build -c release --build-tests
swift test -c release --parallel --skip-build
