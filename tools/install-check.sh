#!/usr/bin/env bash
# Installs the Debian package in a fresh root and uses it there: the version, pages and completions, a training of two
# steps, a prediction, removal. Says why it does nothing where there is no debootstrap, root or mirror of packages.
#
#   tools/install-check.sh [FILE.deb]     without it tools/package.sh makes one
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
  echo "install-check: skipped: $1"
  exit 0
}
[ "$(id -u)" -eq 0 ] || skip "a new root needs the rights of root"
command -v debootstrap >/dev/null || skip "there is no debootstrap (apt-get install debootstrap)"
command -v apt-get >/dev/null || skip "there is no apt-get, which knows where packages are"
# Where this machine has Debian 12 from.
mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(SITE)' 'Identifier: Packages' |
  sed -n 's/^bookworm main //p' | head -n 1)
[ -n "$mirror" ] || skip "this machine has no source of Debian 12's packages"

stage=$(mktemp -d)
root=$stage/root
mounted=
clean() {
  [ -z "$mounted" ] || umount "$root/proc" || true
  rm -rf --one-file-system "$stage"
}
trap clean EXIT

package=${1:-}
if [ -z "$package" ]; then
  tools/package.sh "$stage" >"$stage/package.log" || { cat "$stage/package.log"; exit 1; }
  cat "$stage/package.log"
  package=$(ls "$stage"/*.deb)
fi
begin=$SECONDS
echo "== a new root of Debian 12"
if ! debootstrap --variant=minbase bookworm "$root" "$mirror" >"$stage/debootstrap.log" 2>&1; then
  tail -n 3 "$stage/debootstrap.log"
  # A mirror that cannot be reached is no fault of the package; anything later is one.
  [ -x "$root/usr/bin/dpkg" ] || skip "debootstrap brought nothing from this machine's mirror"
  skip "debootstrap cannot make a root on this machine"
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"
# How packages are reached, where that is said.
apt-config dump | grep -iE '^Acquire::https?::' >"$root/etc/apt/apt.conf.d/99reach" || true
mountpoint -q "$root/proc" || { mount -t proc proc "$root/proc" && mounted=1; } || skip "/proc cannot be mounted"

inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
in_home() { inside sh -ec "cd /root && $1"; }
fail() {
  echo "install-check: $1" >&2
  exit 1
}

echo "== install ($((SECONDS - begin)) s)"
cp "$package" "$root/root/dense.deb"
inside dpkg-query -W -f '${Package}\n' | sort >"$stage/before"
inside apt-get update -qq
inside apt-get install -y -qq --no-install-recommends /root/dense.deb >"$stage/install.log" 2>&1 || {
  tail -n 20 "$stage/install.log"
  fail "the package does not install"
}
inside dpkg-query -W -f '${Package}\n' | sort >"$stage/after"
echo "   $(comm -13 "$stage/before" "$stage/after" | wc -l) packages"
inside dpkg -V dense | grep . && fail "files differ from the package's"
for file in man/man1/dense.1.gz man/man1/dense-train.1.gz bash-completion/completions/dense \
  zsh/vendor-completions/_dense fish/vendor_completions.d/dense.fish dense/configs/quickstart/boxes.yaml \
  doc/dense/copyright; do
  # Small roots may be told to leave documents out.
  [ -s "$root/usr/share/$file" ] || [[ $file == @(man|doc)/* ]] || fail "/usr/share/$file is missing"
done

echo "== use ($((SECONDS - begin)) s)"
in_home 'dense version'
in_home 'dense trian' >/dev/null 2>"$stage/misspelt" && fail "'dense trian' is taken for a command"
grep -q "Did you mean 'train'" "$stage/misspelt" || fail "'dense trian' does not name the nearest command"
# Configs of the package, from a folder that has none; data and work directory are one's own.
in_home 'dense data synthesize reef --out reef --images 14 --size 64x96'
in_home 'dense train configs/quickstart/boxes.yaml --quiet --work-dir run --cfg-options data_root=reef \
  train_cfg.max_iters=2 train_cfg.val_interval=2 train_dataloader.batch_size=2 default_hooks.report=null'
in_home 'dense predict run reef/images/validation/*.jpg --score-thr 0 --out-dir pictures --json >predictions.json'
in_home 'test -s predictions.json && test "$(ls pictures | wc -l)" -ge 2'
echo "   $(in_home 'ls pictures | wc -l') pictures, $(in_home 'wc -c <predictions.json') bytes of predictions"

echo "== remove ($((SECONDS - begin)) s)"
inside dpkg --purge dense >/dev/null
left=$(cd "$root" && find usr etc var/lib -path '*dense*' ! -path '*var/lib/dpkg*' ! -path '*var/lib/apt*' -print)
[ -z "$left" ] || fail "left behind: $left"
echo "install-check: passed ($((SECONDS - begin)) s)"
