#!/usr/bin/env bash
# Makes a Debian package and a tarball of the command: the program with Swift's libraries in it, pages of the manual,
# completions for bash, zsh and fish, the configs and the docs. The same program and files give the same bytes.
#
#   tools/package.sh [FOLDER]     dist unless given
#
# DENSE=FILE packs a program that is built already. SOURCE_DATE_EPOCH is the time of all files, the last commit's unless
# given; DEBFULLNAME and DEBEMAIL say who answers for the package.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C TZ=UTC

out=${1:-dist}
[ $# -le 1 ] || { echo "usage: tools/package.sh [FOLDER]" >&2; exit 2; }
for tool in dpkg-deb dpkg-shlibdeps strip; do
  command -v "$tool" >/dev/null || { echo "package: $tool is missing: apt-get install dpkg-dev" >&2; exit 1; }
done
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}

program=${DENSE:-}
if [ -z "$program" ]; then
  # In a folder of its own: what was compiled for Swift's shared libraries does not name the static ones.
  building=(swift build -c release --product dense --static-swift-stdlib --scratch-path .build-package)
  "${building[@]}"
  program=$("${building[@]}" --show-bin-path)/dense
fi
if readelf -d "$program" | grep -q 'NEEDED.*libswift'; then
  echo "package: $program needs Swift's own libraries, which Debian does not have: build it with --static-swift-stdlib" >&2
  exit 1
fi
version=$("$program" --version)
revision=1
machine=$(dpkg --print-architecture)
name=dense_$version-${revision}_$machine

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/root
share=$root/usr/share
docs=$share/doc/dense
mkdir -p "$root/usr/bin" "$share/man/man1" "$docs" "$share/dense" "$root/DEBIAN" "$out"

# What knows where it was built is left out.
strip --strip-unneeded --remove-section=.comment --remove-section=.note -o "$root/usr/bin/dense" "$program"
cp -r configs "$share/dense/"
cp -r README.md docs "$docs/"
install -D data/README.md "$docs/data/README.md"
cp NOTICE tools/packaging/copyright "$docs/"
# What stands under a licence of its own has it in a file beside LICENSE.
for file in LICENSE-*; do
  [ -f "$file" ] || continue
  licence=$(basename "${file#LICENSE-}" .txt)
  sed -i "s/^License: Apache-2.0 and .*/& and $licence/" "$docs/copyright"
  { printf '\nLicense: %s\n' "$licence"; sed 's/[[:space:]]*$//; s/^$/./; s/^/ /' "$file"; } >>"$docs/copyright"
done
install -D tools/launch.sh "$share/dense/tools/launch.sh"

"$program" manual --out-dir "$share/man/man1" --date "$(date -d "@$SOURCE_DATE_EPOCH" +%F)" >/dev/null
for page in "$share"/man/man1/*; do gzip -9n "$page"; done
complete() {
  mkdir -p "$(dirname "$2")"
  # They are read, not run.
  "$program" --generate-completion-script "$1" | sed '1{/^#!/d}' >"$2"
}
complete bash "$share/bash-completion/completions/dense"
complete zsh "$share/zsh/vendor-completions/_dense"
complete fish "$share/fish/vendor_completions.d/dense.fish"

maintainer="${DEBFULLNAME:-DensePrediction authors} <${DEBEMAIL:-dense@example.org}>"
gzip -9n <CHANGELOG.md >"$docs/changelog.gz"
gzip -9n >"$docs/changelog.Debian.gz" <<CHANGES
dense ($version-$revision) bookworm; urgency=medium

  * The changes of this version are in changelog.gz.

 -- $maintainer  $(date -d "@$SOURCE_DATE_EPOCH" -R)
CHANGES

# What it is linked with, by the packages and versions that have it.
mkdir "$stage/debian"
printf 'Source: dense\n\nPackage: dense\nArchitecture: any\n' >"$stage/debian/control"
depends=$(cd "$stage" && dpkg-shlibdeps -O root/usr/bin/dense 2>"$stage/notes" | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { cat "$stage/notes" >&2; exit 1; }
# What it opens when it is first used: pictures cannot be read without the codecs, all else is for who wants it.
recommends=libopenmpi3
core=$(readelf -d "$program" | sed -n 's/.*NEEDED.*libopencv_core\.so\.\([0-9]*\).*/\1/p')
while read -r module; do
  package=$(dpkg-query -S "*/libopencv_$module.so.$core" | sed 's/:.*//' | head -n 1)
  [[ ", $depends, $recommends," != *", $package"[,\ ]* ]] || continue
  if [ "$module" = imgcodecs ]; then depends+=", $package"; else recommends+=", $package"; fi
done < <(strings -n 8 "$program" | grep -oE 'libopencv_[a-z0-9]+\.so\.%' | sed 's/libopencv_\(.*\)\.so\.%/\1/' | sort -u)

cat >"$root/DEBIAN/control" <<CONTROL
Package: dense
Version: $version-$revision
Section: science
Priority: optional
Architecture: $machine
Maintainer: $maintainer
Installed-Size: $(du -k --apparent-size -s "$root/usr" | cut -f 1)
Depends: $depends
Recommends: $recommends
Suggests: openmpi-bin
Description: object detection, segmentation and classification on any CPU
 Trains, tests and runs Mask R-CNN, Faster R-CNN, UperNet and classifiers with
 VMamba, Swin, DeiT and ResNet backbones. Names, config keys and numbers agree
 with mmdetection, mmsegmentation and pycocotools, and checkpoints published
 for PyTorch are loaded as they are. It needs neither Python nor a GPU.
CONTROL
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"

find "$root" -type d -exec chmod 755 {} +
find "$root" -type f -exec chmod 644 {} +
chmod 755 "$root/usr/bin/dense" "$share/dense/tools/launch.sh"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group --threads-max=1 -Zxz --build "$root" "$out/$name.deb" >/dev/null

# The same tree for machines without dpkg, and for folders such as /usr/local or one's own.
printf '%s\n' "The program needs what these packages of Debian 12 have:" "$depends" "and for some of it:" "$recommends" \
  >"$docs/DEPENDS"
install -m 644 LICENSE "$docs/LICENSE"
touch -d "@$SOURCE_DATE_EPOCH" "$docs/DEPENDS" "$docs/LICENSE" "$docs"
archive=dense-$version-$machine
tar -C "$root/usr" --transform "s,^\.,$archive," --sort=name --format=gnu --numeric-owner --owner=0 --group=0 \
  --mtime="@$SOURCE_DATE_EPOCH" -c . | xz -T1 >"$out/$archive.tar.xz"
ls -l "$out/$name.deb" "$out/$archive.tar.xz"
echo "Depends: $depends"
echo "Recommends: $recommends"
