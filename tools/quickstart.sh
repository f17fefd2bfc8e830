#!/usr/bin/env bash
# From a bare machine to a trained model: installs what is missing, builds, draws the Reef, trains, evaluates and
# draws predictions. What an earlier start has done is not done again, and a training that was interrupted goes on.
#
#   tools/quickstart.sh [detector|segmentor|classifier]
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-detector}
case $kind in
  detector | segmentor | classifier) ;;
  *)
    echo "usage: tools/quickstart.sh [detector|segmentor|classifier]" >&2
    exit 2
    ;;
esac
if [ $# -gt 1 ]; then
  echo "usage: tools/quickstart.sh [detector|segmentor|classifier]" >&2
  exit 2
fi
if ! command -v swift >/dev/null; then
  echo "error: there is no Swift compiler: install Swift 6.3 from https://swift.org/install and start again" >&2
  exit 1
fi

config=configs/quickstart/$kind.yaml
data=data/reef
task=scenes
if [ "$kind" = classifier ]; then
  data=data/reef-animals
  task=classification
fi
work=work_dirs/quickstart_$kind
pictures=$work/predictions
dense=.build/release/dense
begin=$SECONDS
step_begin=$SECONDS

step() {
  step_begin=$SECONDS
  echo
  echo "== $1"
}
finish() { echo "   ($1: $((SECONDS - step_begin)) s)"; }

step "1/6  Install what is missing"
tools/install.sh
finish install

step "2/6  Build the command dense"
swift build -c release --product dense
finish build

step "3/6  Draw the data set into $data"
"$dense" data synthesize reef --task "$task" --out "$data"
finish "data set"

# The end as the config has it: the checkpoint of that name says that the training is done.
length() { "$dense" config print "$config" | sed -n "s/^.*$1: *\([0-9][0-9]*\).*\$/\1/p" | head -n 1; }
iterations=$(length max_iters)
epochs=$(length max_epochs)
if [ -n "$iterations" ]; then
  end="$iterations iterations"
  checkpoint=$work/iter_$iterations.safetensors
else
  end="$epochs epochs"
  checkpoint=$work/epoch_$epochs.safetensors
fi

step "4/6  Train $config ($end)"
if [ -f "$checkpoint" ]; then
  echo "trained already: $checkpoint"
elif [ -f "$work/last_checkpoint" ]; then
  echo "an earlier training was interrupted: it goes on from $(cat "$work/last_checkpoint")"
  "$dense" train "$config" --work-dir "$work" --resume
else
  "$dense" train "$config" --work-dir "$work"
fi
finish training

step "5/6  Evaluate on the pictures that were held out"
if [ -f "$work/evaluation.txt" ] && [ "$work/evaluation.txt" -nt "$checkpoint" ]; then
  echo "evaluated already:"
  cat "$work/evaluation.txt"
else
  "$dense" test "$config" "$checkpoint" | tee "$work/.evaluation.part"
  mv "$work/.evaluation.part" "$work/evaluation.txt"
fi
finish evaluation

step "6/6  Draw predictions"
if [ "$kind" = classifier ]; then
  # Two of each class.
  images=("$data"/val/*/000[12].jpg)
else
  images=("$data"/images/validation/*.jpg)
fi
"$dense" predict "$config" "$checkpoint" "${images[@]:0:12}" --score-thr 0.5 --out-dir "$pictures"
finish predictions

echo
echo "Done in $((SECONDS - begin)) s. Look at:"
echo "  $pictures/  predictions on pictures that the model has never seen"
echo "  $work/evaluation.txt  how good they are"
echo "  $checkpoint  the trained model: $dense predict $config $checkpoint IMAGE --out-dir DIR"
echo "  $data/  the data set; $config  what was trained, and how"
