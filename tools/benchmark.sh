#!/usr/bin/env bash
# Makes the tables of docs/speed.md on this machine, in Markdown on standard output.
#
#   tools/benchmark.sh [--rounds N] [--threads N] [--peers PYTHON] [--only operations|models|threads|peers]
#
# --peers: beside PyTorch, timm and OpenVINO, as far as that Python has them, in alternating runs. DENSE names another
# program than that of this package. The machine should do nothing else meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  sed -n '4s/^# *//p' "$0" >&2
  exit 2
}
rounds=5 threads=0 peers= only=
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage
  case $1 in
    --rounds) rounds=$2 ;;
    --threads) threads=$2 ;;
    --peers) peers=$2 ;;
    --only) only=$2 ;;
    *) usage ;;
  esac
  shift 2
done
[[ $rounds =~ ^[1-9][0-9]{0,3}$ && $threads =~ ^[0-9]{1,4}$ ]] || usage
case $only in '' | operations | models | threads | peers) ;; *) usage ;; esac
if [ "$only" = peers ] && [ -z "$peers" ]; then
  echo "error: --only peers needs --peers PYTHON, a Python with torch and timm" >&2
  exit 2
fi
dense=${DENSE:-.build/release/dense}
if [ ! -x "$dense" ]; then
  echo "error: there is no $dense: swift build -c release --product dense" >&2
  exit 1
fi
if [ -n "$peers" ] && ! command -v "$peers" >/dev/null; then
  echo "error: --peers $peers: there is no such program" >&2
  exit 1
fi
# They would choose other kernels than OpenBLAS does by itself.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

wants() { [ -z "$only" ] || [ "$only" = "$1" ]; }
title() { printf '\n## %s\n\n' "$1"; }
block() {
  printf '```\n'
  "$@"
  printf '```\n'
}

"$dense" version
if wants operations; then
  title Operations
  block "$dense" benchmark ops --rounds "$rounds" --threads "$threads"
fi
if wants models; then
  title Models
  while IFS='|' read -r name config shape batch; do
    for mode in forward train; do
      printf '\n%s, %s:\n\n' "$name" "$mode"
      # shellcheck disable=SC2086
      block "$dense" benchmark model "configs/$config.yaml" --mode $mode --shape $shape --batch "$batch" \
        --rounds "$rounds" --threads "$threads"
    done
  done <<'ROWS'
VMamba-T|vmamba/vssm-tiny_300e_imagenet-224|224 224|8
VMamba-T s1l8|vmamba/vssm-tiny-s1l8_300e_imagenet-224|224 224|8
Swin-T|swin/swin-tiny_300e_imagenet-224|224 224|8
Mask R-CNN VMamba-T|vmamba/mask-rcnn_vssm-tiny_fpn_1x_coco|800 1280|1
UperNet VMamba-T|vmamba/upernet_vssm-tiny_160k_ade20k-512x512|512 512|2
ROWS
fi
if wants threads; then
  title Threads
  block "$dense" benchmark threads configs/vmamba/mask-rcnn_vssm-tiny_fpn_1x_coco.yaml --shape 800 1280 \
    --batch 1 --threads "$threads"
fi
if [ -n "$peers" ] && wants peers; then
  title Peers
  [ "$threads" != 0 ] || threads=$("$dense" version --json | sed -n 's/.*"threads" *: *\([0-9]*\).*/\1/p')
  "$peers" Benchmarks/Peers/peers.py "$dense" "$rounds" "$threads"
fi
