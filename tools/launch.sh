#!/usr/bin/env bash
# Trains on several ranks, and starts again from the last checkpoint when a rank or its machine dies.
#
#   tools/launch.sh [-n RANKS] [--hosts HOST[:SLOTS],...] [--max-restarts N] [--mpirun 'mpirun OPTIONS'] -- train CONFIG ...
#
# In a job of Slurm, --mpirun 'srun --mpi=pmix --kill-on-bad-exit=1' starts the ranks that the job has.
#
# A restart leaves out the machines that do not answer, and has as many ranks as the others have slots: the weights are the
# same bits, however many there are. To stop with a checkpoint, send SIGTERM or SIGINT to this script: all ranks finish
# their step.
set -uo pipefail

ranks= hosts= restarts=3 mpirun=mpirun dense=${DENSE:-dense}
usage() {
  sed -n '2,10s/^# \{0,1\}//p' "$0"
  exit 2
}
number() { [[ $2 =~ ^[0-9]{1,6}$ ]] || { echo "$1: '$2' is no number" >&2; exit 2; }; }
while [ $# -gt 0 ]; do
  [ "$1" = -- ] || [ $# -ge 2 ] || usage
  case $1 in
    -n) ranks=$2; number -n "$2"; shift 2 ;;
    --hosts) hosts=$2; shift 2 ;;
    --max-restarts) restarts=$2; number --max-restarts "$2"; shift 2 ;;
    --mpirun) mpirun=$2; shift 2 ;;
    --) shift; break ;;
    *) usage ;;
  esac
done
[ "${1:-}" = train ] || usage
read -ra mpirun <<<"$mpirun"
arguments=("$@")

# The machines of HOST:SLOTS,... that answer.
alive() {
  local found=() entry
  for entry in ${1//,/ }; do
    if [ "${entry%%:*}" = localhost ] || [ "${entry%%:*}" = "$(hostname)" ] ||
      ssh -o BatchMode=yes -o ConnectTimeout=5 "${entry%%:*}" true 2>/dev/null; then
      found+=("$entry")
    else
      echo "launch: ${entry%%:*} does not answer: it is left out" >&2
    fi
  done
  (IFS=,; echo "${found[*]}")
}

slots() {
  local sum=0 entry
  for entry in ${1//,/ }; do
    [[ $entry == *:* ]] && sum=$((sum + ${entry##*:})) || sum=$((sum + 1))
  done
  echo "$sum"
}

# mpirun ends all ranks at once when one dies, and not two seconds later, machine by machine: it is told to stop by SIGUSR1.
export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-0}

# What the ranks take as a wish to stop: mpirun hands it on, and kills nobody, as it does on SIGTERM.
child= stopped=
stop() {
  stopped=1
  [ -z "$child" ] || kill -USR1 "$child" 2>/dev/null
}
trap stop TERM INT HUP

attempt=0
while :; do
  options=()
  if [ -n "$hosts" ]; then
    hosts=$(alive "$hosts")
    [ -n "$hosts" ] || { echo "launch: no machine answers" >&2; exit 1; }
    options+=(--host "$hosts")
    room=$(slots "$hosts")
    [ -n "$ranks" ] && [ "$ranks" -le "$room" ] || ranks=$room
  fi
  [ -z "$ranks" ] || options+=(-n "$ranks")
  # In a session of its own: Control-C reaches this script alone.
  setsid "${mpirun[@]}" "${options[@]}" "$dense" "${arguments[@]}" &
  child=$!
  while :; do
    wait "$child"
    status=$?
    # A signal ends `wait`, but not the run.
    kill -0 "$child" 2>/dev/null || break
  done
  child=
  # Done; wrong usage, which no restart mends; or stopped with a checkpoint: by this script, or by SIGHUP, SIGINT, SIGUSR1 or
  # SIGTERM to the ranks, as Slurm sends them when a job's time is up.
  case $status in 0 | 2 | 129 | 130 | 138 | 143) exit $status ;; esac
  [ -z "$stopped" ] || exit $status
  attempt=$((attempt + 1))
  if [ $attempt -gt "$restarts" ]; then
    echo "launch: ended with status $status after $restarts restarts" >&2
    exit $status
  fi
  # From the newest checkpoint, where there is one.
  folder=
  for ((place = 0; place < $#; place++)); do
    case ${arguments[place]} in
      --work-dir) folder=${arguments[place + 1]:-} ;;
      --work-dir=*) folder=${arguments[place]#*=} ;;
    esac
  done
  if [ -z "$folder" ]; then
    name=$(basename "${arguments[1]:-}")
    folder=work_dirs/${name%.*}
  fi
  if [ -e "$folder/last_checkpoint" ] && [[ " ${arguments[*]} " != *" --resume"* ]]; then
    arguments+=(--resume)
    set -- "${arguments[@]}"
  fi
  echo "launch: ended with status $status; restart $attempt of $restarts" >&2
done
