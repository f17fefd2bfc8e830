#!/usr/bin/env bash
# Makes the tables of docs/speed.md: operations, scans, threads, and models, beside PyTorch and OpenVINO where they are wanted.
#
#   tools/benchmark.sh [--peers PYTHON] [--rounds N] [--threads N] [ops | scan | threads | MODEL:MODE ...]
#
#   --peers PYTHON   a Python that has torch, mmengine, mmcv-lite (or mmcv), mmsegmentation and mmdet, and perhaps openvino
#   --rounds N       how often each is run, ours and theirs in turn; the least time counts (default: 3)
#   --threads N      of all of them (default: the machine's cores)
#
# The machine should do nothing else. Peers run the same layers on the same sizes; for Mask R-CNN without what chooses, cuts
# and merges boxes, which ours does. Memory is what a process held at most, with its libraries.
set -euo pipefail
cd "$(dirname "$0")/.."

# Row, config, mode, batch, height and width.
rows="
vssm-tiny            configs/vmamba/vssm-tiny_300e_imagenet-224.yaml             forward 8 224 224
vssm-tiny            configs/vmamba/vssm-tiny_300e_imagenet-224.yaml             train   8 224 224
swin-tiny            configs/swin/swin-tiny_300e_imagenet-224.yaml               forward 8 224 224
swin-tiny            configs/swin/swin-tiny_300e_imagenet-224.yaml               train   8 224 224
deit-small           configs/deit/deit-small_300e_imagenet-224.yaml              forward 8 224 224
deit-small           configs/deit/deit-small_300e_imagenet-224.yaml              train   8 224 224
mask-rcnn-r50        configs/resnet/mask-rcnn_r50_fpn_1x_coco.yaml               forward 1 800 1280
mask-rcnn-r50        configs/resnet/mask-rcnn_r50_fpn_1x_coco.yaml               train   1 800 1280
mask-rcnn-vssm-tiny  configs/vmamba/mask-rcnn_vssm-tiny_fpn_1x_coco.yaml         forward 1 800 1280
mask-rcnn-vssm-tiny  configs/vmamba/mask-rcnn_vssm-tiny_fpn_1x_coco.yaml         train   1 800 1280
upernet-swin-tiny    configs/swin/upernet_swin-tiny_160k_ade20k-512x512.yaml     forward 1 512 512
upernet-swin-tiny    configs/swin/upernet_swin-tiny_160k_ade20k-512x512.yaml     train   2 512 512
upernet-vssm-tiny    configs/vmamba/upernet_vssm-tiny_160k_ade20k-512x512.yaml   forward 1 512 512
upernet-vssm-tiny    configs/vmamba/upernet_vssm-tiny_160k_ade20k-512x512.yaml   train   2 512 512
"

peers="" rounds=3 threads=$(nproc) wanted=()
usage() { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
number() { case "$2" in '' | *[!0-9]* | 0*) echo "$1: a whole number from 1 on is wanted" >&2; exit 2 ;; esac; }
while [ $# -gt 0 ]; do
  case "$1" in
    --peers) [ $# -gt 1 ] || usage; peers="$2"; shift 2 ;;
    --rounds) number "$1" "${2-}"; rounds="$2"; shift 2 ;;
    --threads) number "$1" "${2-}"; threads="$2"; shift 2 ;;
    -*) usage ;;
    *) wanted+=("$1"); shift ;;
  esac
done
if [ -n "$peers" ] && ! "$peers" -c 'import sys' 2> /dev/null; then
  echo "--peers $peers: does not run; name a Python" >&2
  exit 1
fi
for name in "${wanted[@]}"; do
  case "$name" in ops | scan | threads) continue ;; esac
  if ! awk -v name="$name" '$1 ":" $3 == name { found = 1 } END { exit !found }' <<< "$rows"; then
    echo "$name: is no row; there are ops scan threads $(awk 'NF { printf "%s:%s ", $1, $3 }' <<< "$rows")" >&2
    exit 2
  fi
done
is_wanted() {
  local name
  [ ${#wanted[@]} -gt 0 ] || return 0
  for name in "${wanted[@]}"; do [ "$name" != "$1" ] || return 0; done
  return 1
}

echo "Building dense, which takes minutes the first time" >&2
swift build -c release --product dense > /dev/null
dense=.build/release/dense
# OpenBLAS chooses by the processor, unless these name another one.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

if is_wanted ops; then
  "$dense" benchmark ops --threads "$threads"
  echo
fi

if is_wanted scan; then
  for states in 16 1; do "$dense" benchmark scan --states "$states" --threads "$threads"; done
  echo
fi

if is_wanted threads; then
  "$dense" benchmark threads configs/vmamba/mask-rcnn_vssm-tiny_fpn_1x_coco.yaml --shape 800 1280 --threads "$threads"
  echo
fi

declare -A least most
# The smaller of what is there and a time in milliseconds, and the larger of what is there and of megabytes.
keep() {
  if [ -z "${least[$1]-}" ] || awk "BEGIN { exit !($2 < ${least[$1]}) }"; then least[$1]="$2"; fi
  if [ -z "${most[$1]-}" ] || [ "$3" -gt "${most[$1]}" ]; then most[$1]="$3"; fi
}
# A cell: time and memory, or nothing.
cell() { [ -n "${least[$1]-}" ] && printf ' %.0f ms, %.1f GB |' "${least[$1]}" "$(awk "BEGIN { print ${most[$1]} / 1024 }")" || printf ' |'; }
ours() {
  local json options=()
  # Weights that were not trained find few objects: so all are taken.
  case "$2" in *mask-rcnn*) options=(--cfg-options model.test_cfg.rcnn.score_thr=0) ;; esac
  json=$("$dense" benchmark model "$2" "${options[@]}" --mode "$3" --batch "$4" --shape "$5" "$6" \
    --threads "$threads" --rounds 3 --json "${@:7}")
  # Where the processor has no bfloat16, that was float32 once more.
  [ $# = 6 ] || grep -q '"precision":"bfloat16"' <<< "$json" || return 0
  keep "$1" "$(sed 's/.*"milliseconds":\([0-9.]*\),"mode".*/\1/' <<< "$json")" \
    $(($(sed 's/.*"process_memory":\([0-9]*\).*/\1/' <<< "$json") >> 20))
  if [ $# = 6 ]; then
    local ratio
    ratio=$(sed 's/.*"ratio":\([0-9.]*\).*/\1/' <<< "$json")
    if [ -z "${least[$1 P]-}" ] || awk "BEGIN { exit !($ratio > ${least[$1 P]}) }"; then least[$1 P]="$ratio"; fi
  fi
}

labels=("PyTorch float32" "PyTorch bfloat16" "OpenVINO float32" "OpenVINO bfloat16")
printf '| model | batch | float32 | of P | bfloat16 |'
[ -z "$peers" ] || printf ' %s |' "${labels[@]}" "their best to ours"
printf '\n| --- | --- | --- | --- | --- |'
[ -z "$peers" ] || printf ' --- |%.0s' "${labels[@]}" last
echo
while read -r name config mode batch height width; do
  [ -n "$name" ] && is_wanted "$name:$mode" || continue
  least=() most=()
  for ((round = 0; round < rounds; round++)); do
    echo "$name, $mode: round $((round + 1)) of $rounds" >&2
    ours float32 "$config" "$mode" "$batch" "$height" "$width"
    [ "$mode" = train ] || ours bfloat16 "$config" "$mode" "$batch" "$height" "$width" --half
    [ -n "$peers" ] || continue
    while IFS=$'\t' read -r label milliseconds megabytes; do keep "$label" "$milliseconds" "$megabytes"; done < <(
      "$peers" -W ignore Benchmarks/Peers/peers.py "$name" "$mode" "$batch" "$height" "$width" "$threads" \
        2> >(grep '^note:' >&2) || echo "note: peers of $name, $mode have ended with status $?" >&2)
  done
  printf '| %s, %s, %sx%s | %s |' "$name" "$mode" "$height" "$width" "$batch"
  cell float32
  printf ' %.2f P |' "${least[float32 P]}"
  cell bfloat16
  if [ -n "$peers" ]; then
    best=""
    for label in "${labels[@]}"; do
      time="${least[$label]-}"
      cell "$label"
      if [ -n "$time" ] && { [ -z "$best" ] || awk "BEGIN { exit !($time < $best) }"; }; then best="$time"; fi
    done
    own="${least[float32]}"
    if [ -n "${least[bfloat16]-}" ] && awk "BEGIN { exit !(${least[bfloat16]} < $own) }"; then own="${least[bfloat16]}"; fi
    [ -n "$best" ] && awk "BEGIN { printf \" %.2f |\", $best / $own }" || printf ' |'
  fi
  echo
done <<< "$rows"
