#!/bin/bash
# Runs the library's code under the scheduler, then breaks it: each mutant in mutants.sh must be
# found, by a check that is named there, and the failed run must replay twice, step by step.
#
# Usage: run.sh [--full] [MUTANT…]
#   --full  1,000,000 seeds for the unchanged code, instead of 10,000
#   MUTANT  only these mutants
# Needs a C compiler. CFLAGS in the environment says where <uv.h> is, if the compiler does not know.
set -euo pipefail
export LC_ALL=C
seeds=10000 limit=200000
if [[ ${1-} == --full ]]; then
  seeds=1000000
  shift
fi
selected=" $* "
root=$(cd "$(dirname "$0")/../.." && pwd)
read -ra compile <<<"${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -w ${CFLAGS-}"
# Without address space randomisation a broken run replays even if it traces a pointer.
link_flags=(-no-pie "-Wl,--wrap="{malloc,calloc,free,memcpy,handoff__parker_sleep})

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# in_background COMMAND…: at most two at a time.
running=0
in_background() {
  if ((running == 2)); then
    wait -n
    running=1
  fi
  "$@" &
  running=$((running + 1))
}

row='%-50s %-9s %7s %7s  %s\n'
verdict() {
  # shellcheck disable=SC2059 # the format of the table
  printf "$row" "$@"
  [[ $5 != FAILED* ]] || touch failed
}

# -------------------------------------------------------------------------------------- building --

# list_of NAME: the files of a list in CMakeLists.txt.
list_of() { sed -n "/^set($1 /,/)/p" "$root/tests/sched/CMakeLists.txt" | grep -o '[a-z_/]*\.c'; }

build_shim() {
  "${compile[@]}" -O2 -I"$root/src" -I"$root/tests" -c "$root/tests/sched/$1" -o "shim/${1%.c}.o"
}

# build FOLDER FILE: compiles the file in the folder, or else that in src/.
build() {
  local source=$1/$2
  [[ -e $source ]] || source=$root/src/$2
  "${compile[@]}" -fsanitize=thread -MMD -I"$1" -I"$root/src" -c "$source" -o "$1/${2//\//_}.o"
}

# link FOLDER: links FOLDER/sched from the objects there, and from unchanged ones for the rest.
link() {
  local file objects=()
  for file in "${library[@]//\//_}"; do
    [[ -e $1/$file.o ]] && objects+=("$1/$file.o") || objects+=("unchanged/$file.o")
  done
  "${compile[@]}" shim.o "${objects[@]}" "${link_flags[@]}" -o "$1/sched"
}

# mutate FOLDER FILE OLD NEW…: builds the code with this file so changed. Says why if it cannot.
mutate() {
  local folder=$1 changed=$2 text rest file
  text=$(<"$root/src/$changed")
  shift 2
  while (($# != 0)); do
    rest=${text#*"$1"}
    if [[ $rest == "$text" || $rest == *"$1"* ]]; then
      echo "$changed does not have exactly once: $1"
      return 1
    fi
    text=${text%%"$1"*}$2$rest
    shift 2
  done
  mkdir -p "$folder/${changed%/*}"
  echo "$text" >"$folder/$changed"
  for file in "${library[@]}"; do
    if grep -q "/src/$changed\>" "unchanged/${file//\//_}.d"; then
      build "$folder" "$file" || return 1
    fi
  done
  link "$folder"
}

# -------------------------------------------------------------------------------------- checking --

# expect NAME FOLDER CHECKS: a seed fails, by one of the checks, and its run replays.
expect() {
  local name=$1 sched=./$2/sched checks=$3 output kind seed step replay again
  if output=$(HANDOFF_SEEDS=$limit timeout 100 "$sched"); then
    verdict "$name" '' '' '' "FAILED: survived $limit seeds"
    return
  fi
  kind=$(sed -nE 's/^FAILED: ([a-z]+): .*/\1/p' <<<"$output")
  read -r seed step < <(sed -nE 's/^  HANDOFF_SEED=(.*), step (.*), by .*/\1 \2/p' <<<"$output")
  replay=$(HANDOFF_SEED=$seed "$sched") && kind=none
  again=$(HANDOFF_SEED=$seed "$sched") && kind=none
  if [[ -z $kind || ($checks != any && ! $kind =~ ^($checks)$) ]]; then
    verdict "$name" "$kind" "$seed" "$step" "FAILED: not found by $checks: ${output%%$'\n'*}"
  elif [[ $replay != "$again" || $replay != *"$output" ]]; then
    verdict "$name" "$kind" "$seed" "$step" 'FAILED: does not replay'
  else
    verdict "$name" "$kind" "$seed" "$step" 'found; replayed twice'
  fi
}

check_caught() {
  local folder=$1 more=$2 name=$3 checks=$4 output
  if ! output=$(mutate "$folder" "${@:5}" 2>&1); then
    verdict "$name" '' '' '' "FAILED: $output"
    return
  fi
  expect "$name" "$folder" "$checks"
  if [[ -n $more ]]; then
    HANDOFF_RACES=0 expect "$name, without races" "$folder" "$more"
  fi
}

check_sound() {
  local output
  if ! output=$(mutate "$1" "${@:3}" 2>&1); then
    verdict "$2" '' '' '' "FAILED: $output"
  elif output=$(HANDOFF_SEEDS=$seeds "./$1/sched"); then
    verdict "$2" '' "$seeds" '' 'sound'
  else
    verdict "$2" '' '' '' "FAILED: $output"
  fi
}

# The commands of mutants.sh, which describes them.
count=0 more=''
is_selected() { [[ $selected == '  ' || $selected == *" $1 "* ]]; }
caught() {
  count=$((count + 1))
  ! is_selected "$1" || in_background check_caught "mutant$count" "$more" "$@"
}
sound() {
  count=$((count + 1))
  ! is_selected "$1" || in_background check_sound "mutant$count" "$@"
}
no_races() { more=$1 && "${@:2}" && more=''; }

# --------------------------------------------------------------------------------------- the run --

mapfile -t library < <(list_of library)
mapfile -t shim < <(list_of shim)
mkdir shim unchanged
for file in "${shim[@]}"; do
  in_background build_shim "$file"
done
for file in "${library[@]}"; do
  in_background build unchanged "$file"
done
wait
running=0
ld -r shim/*.o -o shim.o
link unchanged
if [[ $selected == '  ' ]]; then
  echo "HANDOFF_SEEDS=$seeds, the unchanged code:"
  HANDOFF_SEEDS=$seeds ./unchanged/sched || exit 1
  echo
fi
# shellcheck disable=SC2059 # the format of the table
printf "$row" mutant found_by seed step verdict
# shellcheck source=tests/sched/mutants.sh
. "$root/tests/sched/mutants.sh"
wait
[[ ! -e failed ]]
