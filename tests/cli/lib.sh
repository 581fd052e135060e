# shellcheck shell=bash
# lib: what the tests of the command share. Each test sources it, with the command's path as $1.
#
# A test runs in a directory of its own, which is removed at the end, together with any process that
# still runs. A failed check is printed and the test continues; it fails at its end. Every wait is
# bounded by $time_limit. Nothing sleeps to come after something else: wait_until polls.
set -uo pipefail
export LC_ALL=C

command=$(realpath -- "$1")
work_dir=$(mktemp -d)
cd "$work_dir" || exit 1
time_limit=60 # seconds; an idle machine needs milliseconds
checks=0
failures=0

clean_up() {
  local status=$? pid
  for pid in $(jobs -pr); do
    kill -KILL "$pid"
  done 2>/dev/null
  cd / && rm -rf -- "$work_dir"
  if ((status == 0)); then
    echo "$checks checks, $failures failed"
    ((checks > 0 && failures == 0)) || status=1
  fi
  exit "$status"
}
trap clean_up EXIT

skip() {
  echo "skipped: $*"
  exit 77
}

# Prints the failure with the line of the test that it belongs to.
fail() {
  local level=1
  while [[ ${BASH_SOURCE[level]} == */lib.sh ]]; do
    level=$((level + 1))
  done
  failures=$((failures + 1))
  echo "FAILED ${BASH_SOURCE[level]##*/}:${BASH_LINENO[level - 1]}: $*"
}

# check WHAT COMMAND…: the command succeeds.
check() {
  local what=$1
  shift
  checks=$((checks + 1))
  "$@" || fail "$what"
}

check_equal() { # WHAT EXPECTED GOT
  checks=$((checks + 1))
  [[ $2 == "$3" ]] || fail "$1: expected ${2@Q}, got ${3@Q}"
}

check_same() { # WHAT EXPECTED_FILE GOT_FILE
  checks=$((checks + 1))
  if ! cmp -- "$2" "$3"; then
    fail "$1: $2 and $3 differ"
    head -n 3 -- "$3" | head -c 300 | cat -v
  fi
}

check_empty() { # WHAT FILE
  checks=$((checks + 1))
  if [[ ! -e $2 || -s $2 ]]; then
    fail "$1: $2 does not exist or is not empty"
    head -n 3 -- "$2" | head -c 300 | cat -v
  fi
}

check_line() { # FILE PATTERN
  checks=$((checks + 1))
  if ! grep -Eq -- "$2" "$1"; then
    fail "$1 has no line that matches: $2"
    head -n 8 -- "$1" | head -c 800 | cat -v
  fi
}

# wait_until COMMAND…: until it succeeds, within the time limit.
wait_until() {
  local end=$((SECONDS + time_limit))
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.01
  done
}

# Runs the command to its end. Sets $status; `run` writes its streams to `out` and `err`.
run() { run_with "$@" >out 2>err; }
run_with() {
  timeout --kill-after=5 "$time_limit" "$command" "$@"
  status=$?
}

# Starts the command with the caller's redirections and sets $pid. A shell ignores some signals in
# background jobs; env restores their default actions. Descriptors 3 and 4 belong to the test.
start() {
  env --default-signal=INT,TERM,HUP,PIPE "$command" "$@" <&0 3>&- 4>&- &
  pid=$!
}

# Asks the shell, because the kernel may have reused the process number.
has_exited() { ! grep -qx "$1" <(jobs -pr); }

# Waits until the process started last has ended by itself, and sets $status.
wait_for_exit() {
  checks=$((checks + 1))
  if ! wait_until has_exited "$pid"; then
    fail "still running after $time_limit s"
    kill -KILL "$pid"
  fi
  wait "$pid"
  status=$?
} 2>/dev/null # bash reports jobs that a signal killed

has_line() { [[ -e $1 ]] && grep -Eq -- "$2" "$1"; } # FILE PATTERN

wait_for_line() { # FILE PATTERN
  check "$1 never had a line that matches: $2" wait_until has_line "$1" "$2"
}

# The counter's log after $1 transfers at capacity 0 or 1.
counter_log() {
  awk -v n="$1" 'BEGIN { for (k = 1; k <= n; k++) printf "Producer: %d\nConsumer: %d\n", k, k }'
}

# The occupancy invariant: each side of the counter's log counts from 1 without gaps, and after each
# line 0 <= puts - gets <= capacity. A rendezvous counts as capacity 1, because it logs two lines.
is_within_capacity() { # FILE CAPACITY
  awk -v capacity="$2" '
    BEGIN { if (capacity == 0) capacity = 1 }
    !/^(Producer|Consumer): [0-9]+$/ || $2 != ++number[$1] {
      print "line " NR ": " $0
      exit bad = 1
    }
    { occupancy = number["Producer:"] - number["Consumer:"] }
    occupancy < 0 || occupancy > capacity {
      print "line " NR ": occupancy " occupancy
      exit bad = 1
    }
    END { exit bad }' "$1"
}

is_instrumented() { grep -Eaq '__(asan|tsan|msan)_init' "$command"; }

# A number in a file's line of JSON statistics: FILE NAME.
json_number() { sed -En "s/^\{.*\"$2\":([0-9.e+-]+)[,}].*/\1/p" "$1" | tail -n 1; }

# How often the threads of a process have blocked.
voluntary_switches() {
  awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }' "/proc/$1"/task/*/status
}

# The process runs the command, and all its threads sleep, without having run between two samples.
is_idle() {
  local before
  [[ /proc/$1/exe -ef $command ]] || return 1
  before=$(voluntary_switches "$1")
  sleep 0.05
  ! grep -Eqs '^State:[[:space:]]+[^S[:space:]]' "/proc/$1"/task/*/status &&
    [[ $(voluntary_switches "$1") == "$before" ]]
}

wait_until_idle() { check "$1" wait_until is_idle "$pid"; } # WHAT
