# shellcheck shell=bash
# lib: what the tests of the command share. Each sources it first, with the command's path as $1.
#
# A test works in a directory of its own, which goes away with whatever the test has left running. A
# failed check is told and the test goes on; at its end the test fails. Nothing waits without a bound,
# and nothing sleeps to be after something else: until_true asks again and again.
set -uo pipefail
export LC_ALL=C

command=$(realpath -- "$1")
room=$(mktemp -d)
cd "$room" || exit 1
patience=20 # seconds for what takes milliseconds on an idle machine
checks=0
failures=0

leave() {
  local status=$? pid
  for pid in $(jobs -pr); do
    kill -KILL "$pid"
  done 2>/dev/null
  cd / && rm -rf -- "$room"
  if ((status == 0)); then
    echo "$checks checks, $failures failed"
    ((checks > 0 && failures == 0)) || status=1
  fi
  exit "$status"
}
trap leave EXIT

skip() {
  echo "skipped: $*"
  exit 77
}

# Names the line of the test that it was called for.
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
    fail "$1: $2 is not there, or not empty"
    head -n 3 -- "$2" | head -c 300 | cat -v
  fi
}

check_says() { # FILE PATTERN
  checks=$((checks + 1))
  if ! grep -Eq -- "$2" "$1"; then
    fail "$1 has no line like: $2"
    head -n 8 -- "$1" | head -c 800 | cat -v
  fi
}

# until_true SECONDS COMMAND…
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.01
  done
}

# Runs the command to its end: `out`, `err` and $status. Redirections of run are the command's, but for
# standard output and error, for which there is run_with.
run() { run_with "$@" >out 2>err; }
run_with() {
  timeout --kill-after=5 "${limit:-50}" "$command" "$@"
  status=$?
}

# Starts the command, with the redirections of start, and with the signals that a shell's background
# job ignores as a foreground job has them: $pid. Descriptors 3 and 4 are the test's own.
start() {
  env --default-signal=INT,TERM,HUP,PIPE "$command" "$@" <&0 3>&- 4>&- &
  pid=$!
}

# Asked of the shell: a number may be another process's by now.
is_gone() { ! grep -qx "$1" <(jobs -pr); }

# What was started last ends by itself, soon: $status.
ends() {
  checks=$((checks + 1))
  if ! until_true "$patience" is_gone "$pid"; then
    fail "still running after $patience s"
    kill -KILL "$pid"
  fi
  wait "$pid"
  status=$?
} 2>/dev/null # bash tells of jobs that died of a signal

has() { [[ -e $1 ]] && grep -Eq -- "$2" "$1"; } # FILE PATTERN

# appears FILE PATTERN
appears() { check "$1 never had a line like: $2" until_true "$patience" has "$1" "$2"; }

# Text of the counter after $1 hand-offs at capacity 0 or 1.
counted() { awk -v n="$1" 'BEGIN { for (k = 1; k <= n; k++) printf "Producer: %d\nConsumer: %d\n", k, k }'; }

# The text of the counter in a file is lawful at a capacity: each side counts, and the producer is ahead
# by 0 to that many (1 at a rendezvous, whose two halves are two lines).
is_lawful() { # FILE CAPACITY
  awk -v capacity="$2" '
    BEGIN { if (capacity == 0) capacity = 1 }
    !/^(Producer|Consumer): [0-9]+$/ || $2 != ++number[$1] { print "line " NR ": " $0; exit bad = 1 }
    { ahead = number["Producer:"] - number["Consumer:"] }
    ahead < 0 || ahead > capacity { print "line " NR ": ahead by " ahead; exit bad = 1 }
    END { exit bad }' "$1"
}

is_instrumented() { grep -Eaq '__(asan|tsan|msan)_init' "$command"; }

# A number from the line of JSON statistics in a file: FILE NAME.
stat_of() { sed -En "s/^\{.*\"$2\":([0-9.e+-]+)[,}].*/\1/p" "$1" | tail -n 1; }

# Times that the threads of a process went to sleep by themselves.
switches_of() { awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }' "/proc/$1"/task/*/status; }

# The process is the command by now, and no thread of it does anything: all sleep, through two looks.
is_still() {
  local before
  [[ /proc/$1/exe -ef $command ]] || return 1
  before=$(switches_of "$1")
  sleep 0.05
  ! grep -Eqs '^State:[[:space:]]+[^S[:space:]]' "/proc/$1"/task/*/status &&
    [[ $(switches_of "$1") == "$before" ]]
}
