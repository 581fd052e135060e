#!/bin/bash
# What the library calls, exports and keeps, read from its object code. It exports what the header
# declares and no more. It uses nothing that belongs to the application: the default loop, the
# shared thread pool, signals, output, the environment. It has no mutable globals.
#
# Usage: symbols.sh NM OBJDUMP ARCHIVE HEADER C_FLAGS
set -euo pipefail
nm=$1 objdump=$2 archive=$3 header=$4 flags=${5-}

if [[ $flags =~ -fsanitize|--coverage|-fprofile ]]; then
  echo 'skipped: an instrumented build has globals and calls of its own'
  exit 77
fi

status=0
complain() {
  echo "$*"
  status=1
}

forbidden='uv_(default_loop|loop_init|run|stop|walk|queue_work|sleep|signal_.*|fs_.*|getaddrinfo)
uv_(getnameinfo|random|os_getenv|os_environ|spawn|print_.*|disable_stdio_inheritance)
signal|sigaction|sigprocmask|pthread_sigmask|raise|kill|abort|exit|_exit|_Exit|quick_exit|atexit
(__)?v?f?printf(_chk)?|v?dprintf|puts|putchar|putc|fputs|fputc|fwrite|perror|syslog
stdin|stdout|stderr|getenv|secure_getenv|setenv|environ|fork|exec.*|system|popen
sleep|usleep|nanosleep|clock_nanosleep|pthread_yield|thrd_sleep|thrd_yield'

defined=$("$nm" -g --defined-only "$archive" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
called=$("$nm" -u "$archive" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u)
[[ $called == *uv_mutex_lock* ]] || complain "$archive: its symbols cannot be read"

# Only two files yield: the lock, where the holder of a spinlock does not run, and the worker that
# cannot report its end.
while read -r object; do
  [[ $object == @(lock|worker).c* ]] || complain "$object calls sched_yield"
done < <("$nm" -A -u "$archive" 2>/dev/null |
  sed -nE 's/^[^:]*[:(]([a-z_]+\.c[^:)]*)[:)].* U sched_yield.*/\1/p')

while read -r pattern; do
  while read -r symbol; do
    complain "calls $symbol"
  done < <(grep -xE "$pattern" <<<"$called")
done <<<"$forbidden"

while read -r symbol; do
  complain "defines $symbol, which is not named handoff_…"
done < <(grep -vE '^handoff_' <<<"$defined")

# The header's functions: the name before the parenthesis, in what HANDOFF_API begins.
declared=$(tr '\n' ' ' <"$header" | grep -oE 'HANDOFF_API [^(;]*\(' |
  grep -oE 'handoff_[a-z_]+ *\($' | tr -d ' (' | sort -u)
visible=$("$objdump" -t "$archive" |
  awk '$2 == "g" && $0 !~ /\.hidden/ && $0 !~ /\*UND\*/ { print $NF }' | sort -u)
while read -r symbol; do
  complain "the header declares $symbol, but the library does not export it"
done < <(comm -23 <(echo "$declared") <(echo "$visible"))
while read -r symbol; do
  complain "exports $symbol, which the header does not declare"
done < <(comm -13 <(echo "$declared") <(echo "$visible"))

# Tables of pointers that only the loader writes (.data.rel.ro) are constants.
while read -r symbol; do
  complain "keeps a mutable global: $symbol"
done < <("$objdump" -t "$archive" | awk '
  $0 ~ /[[:space:]](\.data|\.bss|\.tdata|\.tbss|\.sdata|\.sbss|\*COM\*)/ &&
    $0 !~ /\.data\.rel\.ro/ && $2 != "d" && $3 != "d" { print $NF }')
exit $status
