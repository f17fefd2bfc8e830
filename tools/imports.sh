#!/usr/bin/env bash
# Holds the walls: every file imports only what its target names in Package.swift, and rooms name only rooms above them
# there; a room names nothing that it does not import. (SwiftPM lets a target import whatever its dependencies have imported.)
set -euo pipefail
cd "$(dirname "$0")/.."

description=$(swift package describe --type json 2>/dev/null)
modules=$(jq -r '.targets[].c99name' <<<"$description" | sort)
faults=0
while IFS=$'\t' read -r target path dependencies; do
  allowed=" $target $dependencies "
  imports=$(grep -rhoE '^(@testable )?import [A-Za-z_]+' "$path" --include=*.swift | sed -E 's/.*import //' | sort -u || true)
  while read -r found; do
    # Foundation and the like are no targets of this package, nor of those that it uses.
    grep -qx "$found" <<<"$modules" || [[ " ArgumentParser DequeModule " == *" $found "* ]] || continue
    if [[ $allowed != *" $found "* ]]; then
      echo "$path: imports $found, which Package.swift does not name for $target" >&2
      faults=$((faults + 1))
    fi
  done <<<"$imports"
  [[ $path == Sources/* ]] || continue
  for named in $dependencies; do
    if ! grep -qx "$named" <<<"$imports"; then
      echo "$path: never imports $named, which Package.swift names for $target" >&2
      faults=$((faults + 1))
    fi
  done
done < <(jq -r '.targets[] | [.c99name, .path,
  ((.target_dependencies // []) + ((.product_dependencies // []) | map(gsub("-"; ""))) | join(" "))] | @tsv' <<<"$description")
[ $faults -eq 0 ] || exit 1
