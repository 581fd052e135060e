#!/bin/bash
# The files of one folder of src form no circle, neither of includes nor of calls. A .c file and its
# header are one node. Calls are read from the object code, so a call through a pointer is none.
#
# Usage: circles.sh NM SRC ARCHIVE…
set -euo pipefail
nm=$1 src=$2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Every edge as "FOLDER FILE FOLDER FILE".
includes() {
  local file included folder
  for file in "$src"/*/*.[ch]; do
    folder=$(basename "$(dirname "$file")")
    while IFS= read -r included; do
      [[ $included == */* ]] || included=$folder/$included
      [[ -e $src/$included ]] || continue
      echo "$folder $(basename "${file%.*}") ${included%%/*} $(basename "${included%.*}")"
    done < <(sed -nE 's/^ *# *include *"([^"]*)".*/\1/p' "$file")
  done
}

# Symbols as "OBJECT TYPE NAME"; the object's folder is the one that has a source of its name.
symbols() {
  "$nm" -A "$1" 2>/dev/null |
    sed -nE 's/^[^ ]*[:(]([a-z_]+)\.c\.[a-z]+[):]+ *[0-9a-f]* ([A-Za-z]) (.*)$/\1 \2 \3/p'
}

calls() {
  local archive=$1 folders=$2
  symbols "$archive" >"$work/symbols"
  [[ -s $work/symbols ]] || { echo "$archive: its symbols cannot be read" >&2 && exit 1; }
  awk -v src="$src" -v folders="$folders" '
    $2 ~ /[TRDB]/ { home[$3] = $1 }
    $2 == "U" { uses[$1 " " $3] }
    function folder(file,   n, list, i, path) {
      n = split(folders, list, " ")
      for (i = 1; i <= n; i++) {
        path = src "/" list[i] "/" file ".c"
        if ((getline line < path) >= 0) { close(path); return list[i] }
      }
      return "?"
    }
    END {
      for (use in uses) {
        split(use, pair, " ")
        if (pair[2] in home) print folder(pair[1]), pair[1], folder(home[pair[2]]), home[pair[2]]
      }
    }' "$work/symbols"
}

includes >"$work/edges"
for archive in "${@:3}"; do
  case $archive in
    *handoff_cli*) calls "$archive" cli ;;
    *) calls "$archive" 'base slot time loop lane' ;;
  esac
done >>"$work/edges"

status=0
for folder in base slot time loop lane cli; do
  awk -v folder="$folder" '$1 == folder && $3 == folder && $2 != $4 { print $2, $4 }' \
    "$work/edges" | sort -u >"$work/graph"
  if ! tsort "$work/graph" >/dev/null 2>"$work/loop"; then
    members=$(sed -n 's/^tsort: \([a-z_]*\)$/\1/p' "$work/loop" | tr '\n' ' ')
    echo "src/$folder: a circle of: $members"
    status=1
  fi
done
[[ $(wc -l <"$work/edges") -gt 100 ]] || { echo 'too few edges found' && status=1; }
exit $status
