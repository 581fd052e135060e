#!/bin/bash
# A room includes only rooms below it; pace sees no libuv and slot sees no loop; the command sees of
# the library nothing but its header.
#
# Usage: includes.sh SRC
set -euo pipefail
src=$1

# Lowest first. Rooms on one line are of one height and may know each other.
heights=(
  'pace lead gather queue cpu annotate'
  'lock park'
  'lot'
  'slot end pass inspect'
  'thread'
  'alarm alarm_timer alarm_timerfd'
  'tick'
  'port busy_poll request'
  'lane permit report worker'
)
# Calls of libuv that a room may make, for those that may not make all.
declare -A calls=(
  [pace]='none'
  [lead]='none'
  [gather]='none'
  [queue]='none'
  [cpu]='none'
  [annotate]='none'
  [lock]='uv_mutex_|uv_cond_'
  [slot]='uv_thread_t\b|uv_available_parallelism\b'
  [end]='uv_hrtime\b'
  [inspect]='uv_hrtime\b|uv_thread_(t|self|equal)\b'
  [pass]='none'
  [park]='uv_mutex_|uv_cond_|uv_hrtime\b'
  [lot]='none'
  [thread]='uv_hrtime\b|uv_thread_self\b'
)
iso_c='assert|ctype|errno|inttypes|limits|stdalign|stdatomic|stdbool|stddef|stdint|stdlib|string'

status=0
complain() {
  echo "$*"
  status=1
}

# The code of a file: no comments, and no words in quotes but those of #include.
code() {
  awk '{
    line = $0; out = ""
    while (line != "") {
      if (inside) {
        end = index(line, "*/")
        if (end == 0) break
        line = substr(line, end + 2); inside = 0
      } else {
        start = index(line, "/*")
        if (start == 0) { out = out line; break }
        out = out substr(line, 1, start - 1); line = substr(line, start + 2); inside = 1
      }
    }
    if (out !~ /^#include/) gsub(/"[^"]*"/, "\"\"", out)
    print out
  }' "$1"
}

declare -A height=()
for h in "${!heights[@]}"; do
  for room in ${heights[h]}; do height[$room]=$h; done
done

seen=0
for file in "$src"/*.[ch]; do
  name=${file##*/}
  room=${name%.*}
  case $room in
    handoff) continue ;;                                # the public header: below all rooms
    version) allowed=-1 ;;                              # stands alone
    *) allowed=${height[$room]-} ;;
  esac
  if [[ -z $allowed ]]; then
    complain "$name: no room of this name in $0; say where it stands"
    continue
  fi
  seen=$((seen + 1))
  while read -r kind included; do
    if [[ $kind == system ]]; then
      stem=${included%.h}
      if [[ -n ${height[$stem]-} ]]; then
        complain "$name: <$included> is a room of ours: include it in quotes"
      elif [[ $room == pace && ! $stem =~ ^($iso_c)$ ]]; then
        complain "$name: <$included> is not of ISO C"
      fi
    elif [[ $included != handoff.h && $included != "$room.h" ]]; then
      other=${height[${included%.h}]-}
      if [[ -z $other ]]; then
        complain "$name: \"$included\" is no room"
      elif ((other > allowed)); then
        complain "$name: \"$included\" is above it"
      fi
    fi
  done < <(code "$file" | sed -nE \
    -e 's/^ *# *include *"([^"]*)".*/own \1/p' -e 's/^ *# *include *<([^>]*)>.*/system \1/p')
  if [[ -n ${calls[$room]-} ]]; then
    while read -r call; do
      [[ $call =~ ^(${calls[$room]}) ]] || complain "$name: uses $call, and is to see no loop"
    done < <(code "$file" | grep -oE '\buv_[a-z_]+' | sort -u)
  fi
done
[[ $seen -gt 0 ]] || complain "$src: no room found"

for file in "$src"/cli/*.[ch]; do
  name=cli/${file##*/}
  while read -r kind included; do
    if [[ $kind == system ]]; then
      [[ -z ${height[${included%.h}]-} ]] || complain "$name: <$included> is a room of the library"
    elif [[ $included != handoff.h && ($included == */* || ! -e $src/cli/$included) ]]; then
      complain "$name: \"$included\" is neither handoff.h nor the command's own"
    fi
  done < <(code "$file" | sed -nE \
    -e 's/^ *# *include *"([^"]*)".*/own \1/p' -e 's/^ *# *include *<([^>]*)>.*/system \1/p')
done
exit $status
