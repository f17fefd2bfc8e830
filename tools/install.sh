#!/usr/bin/env bash
# Installs what is missing of the libraries that the project builds on, from Debian's packages.
#
#   tools/install.sh [PACKAGE ...]     these as well
set -euo pipefail

packages=(libopenblas-dev libopencv-dev libyaml-dev libsimdjson-dev libjpeg-dev libpng-dev zlib1g-dev "$@")
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
