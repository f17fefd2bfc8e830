#!/usr/bin/env bash
# Runs a command on several hosts that are network namespaces of this machine, joined by a switch, and says how many bytes
# each has sent. For root on Linux.
#
#   Benchmarks/Scaling/namespaces.sh HOSTS RATE DELAY COMMAND...
#
# HOSTS: how many, one rank each. RATE: of each link, both ways, as tc has it (1gbit), or none. DELAY: on each way (1ms), or
# none; it needs a kernel with netem. Each host has a name, a network and processes of its own, but all share the cores: give
# the command --threads.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
hosts=$1 rate=$2 delay=$3
shift 3
folder=$(mktemp -d)

clean() {
  for ((host = 1; host <= hosts; host++)); do
    ip netns pids "scaling$host" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
    ip netns del "scaling$host" 2>/dev/null || true
  done
  ip link del scaling 2>/dev/null || true
  rm -rf "$folder"
}
trap clean EXIT

# What one end of a link lets out.
shape() {
  local parent=root
  if [ "$rate" != none ]; then
    "$@" root handle 1: tbf rate "$rate" burst 512kb latency 100ms
    parent='parent 1:1'
  fi
  # shellcheck disable=SC2086
  [ "$delay" = none ] || "$@" $parent netem delay "$delay" limit 100000
}

ip link add scaling type bridge
ip link set scaling up
list=
for ((host = 1; host <= hosts; host++)); do
  ip netns add "scaling$host"
  ip link add "sc$host" type veth peer name eth0 netns "scaling$host"
  ip link set "sc$host" master scaling up
  ip -n "scaling$host" addr add "10.77.0.$host/24" dev eth0
  ip -n "scaling$host" link set eth0 up
  ip -n "scaling$host" link set lo up
  shape tc qdisc add dev "sc$host"
  shape ip netns exec "scaling$host" tc qdisc add dev eth0
  list+=${list:+,}10.77.0.$host:1
done

# In place of ssh: the last number of the address is the namespace's.
cat >"$folder/agent" <<'AGENT'
#!/usr/bin/env bash
host=${1##*.}
shift
exec ip netns exec "scaling$host" unshare --uts --pid --fork --mount-proc \
  bash -c "hostname scaling$host; $*"
AGENT
chmod +x "$folder/agent"

sent() { ip netns exec "scaling$1" cat /sys/class/net/eth0/statistics/tx_bytes; }
status=0
ip netns exec scaling1 unshare --uts bash -c 'hostname scaling1; exec "$@"' - \
  mpirun --allow-run-as-root --mca plm_rsh_agent "$folder/agent" --bind-to none \
  --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
  --host "$list" "$@" || status=$?
for ((host = 1; host <= hosts; host++)); do
  echo "host $host has sent $(sent "$host") bytes"
done
exit $status
