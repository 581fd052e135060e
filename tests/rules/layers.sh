#!/bin/bash
# A folder of src includes only itself and the folders below it, and calls of libuv only what its
# layer may know. The command sees nothing of the library but its public header.
#
# Usage: layers.sh SRC
set -euo pipefail
src=$1

# Lowest first: the folders that each folder includes.
folders='base slot time loop lane cli'
declare -A includes=(
  [base]='base'
  [slot]='base slot'
  [time]='base time'
  [loop]='base slot time loop'
  [lane]='base slot time loop lane'
  [cli]='cli'
)
# What each may use of libuv; a folder that is not listed may use all of it.
declare -A libuv=(
  [base]='uv_mutex_|uv_cond_|uv_hrtime\b'
  [slot]='uv_hrtime\b|uv_available_parallelism\b|uv_thread_(t|self|equal)\b'
)

status=0
complain() {
  echo "$*"
  status=1
}

# A file without comments and strings. Includes keep theirs.
code() { sed -E '/^ *# *include/!s/"([^"\\]|\\.)*"/""/g; s|/\*.*\*/||g; /\/\*/,/\*\//d' "$1"; }

seen=0
for folder in $folders; do
  for file in "$src/$folder"/*.[ch]; do
    name=$folder/${file##*/}
    seen=$((seen + 1))
    while IFS= read -r included; do
      [[ $included != handoff.h ]] || continue
      other=${included%%/*}
      [[ $included == */* ]] || other=$folder
      if [[ ! -e $src/$included && ! -e $src/$folder/$included ]]; then
        complain "$name: \"$included\" does not exist in src"
      elif [[ " ${includes[$folder]} " != *" $other "* ]]; then
        complain "$name: \"$included\" is not in a layer below"
      fi
    done < <(code "$file" | sed -nE 's/^ *# *include *"([^"]*)".*/\1/p')
    [[ -n ${libuv[$folder]-} ]] || continue
    while IFS= read -r call; do
      [[ $call =~ ^(${libuv[$folder]}) ]] || complain "$name: $call is not for this layer"
    done < <(code "$file" | grep -oE '\buv_[a-z_]+' | sort -u)
  done
done
for folder in "$src"/*/; do
  [[ " $folders package " == *" $(basename "$folder") "* ]] ||
    complain "$folder: no layer of this name in $0"
done
if code "$src/time/schedule.c" | grep -qE '\buv_[a-z_]+'; then
  complain 'time/schedule.c: pure arithmetic does not call libuv'
fi
[[ $seen -gt 30 ]] || complain "$src: only $seen files found"
exit $status
