#!/bin/bash
# cli.usage: what is refused before anything starts: exit 2, one line that names the flag and the value,
# nothing on standard output, nothing created. And what --help and --version say.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

# refused NAMES ARGUMENT…: NAMES are words, split at |, that the message has to have.
refused() {
  local names=$1 name
  shift
  limit=$patience run -o created "$@" </dev/null
  check_equal "$*: status" 2 "$status"
  check_empty "$*: standard output" out
  check_equal "$*: lines" 1 "$(wc -l <err)"
  check_says err '^handoff: '
  while read -rd '|' name; do
    check "$*: the message has $name: $(<err)" grep -qF -- "$name" err
  done <<<"$names|"
  check_equal "$*: what is in the directory" 'err out' "$(echo *)"
}

for value in '' ' ' x -1 -1s +1 1x 1S 1d 1s2 1.2.3 1,5s '1 s' ' 1s' 1ms1s 1s1s s . 0.1ns 9999999h \
  99999999999999999999 1e3 0x10 inf nan; do
  for flag in --every --produce-every --consume-every --for; do
    refused "$flag|'$value'" "$flag" "$value"
    refused "$flag|'$value'" "$flag=$value"
  done
  refused "-e|'$value'" -e "$value"
done
for value in '' 10 0/s 10/ /s 10/x -1/s 1/0s 10//s 10/s/s 1/-1s '10 /s' 99999999999/s ten/s; do
  refused "--rate|'$value'" --rate "$value"
  refused "-r|'$value'" -r "$value"
done
refused "10/s" -r 10
for value in '' x -1 1.5 +1 1k 1048577 99999999999999999999999 ' 1' 0x1; do
  refused "--capacity|'$value'" --capacity "$value"
  refused "-c|'$value'" -c "$value"
done
for value in '' x -1 1.5 +1 1k 18446744073709551616 '1 '; do
  refused "--count|'$value'" --count "$value"
  refused "-n|'$value'" -n "$value"
done
for value in '' never SKIP 'skip,' burst burst= burst=0 burst=-1 burst=x burst=1048577 'skip '; do
  refused "--late|'$value'" --late "$value"
done
for value in '' xml JSON 1; do
  refused "--stats|'$value'" "--stats=$value"
done
refused "--output|''" --output ''
refused "-o|''" -o ''

for flag in --every --rate --produce-every --consume-every --late --capacity --count --for --output \
  -e -r -c -n -o; do
  refused "$flag|needs a value" "$flag"
done
for flag in --null --quiet --verbose --help --version; do
  refused "$flag|takes no value" "$flag=yes"
done
refused '--evry|--every' --evry 1s
refused '--nothing' --nothing
refused '-x' -x
refused '--co' --co 1 # may be --count or --consume-every

refused SOURCE ''
refused "'b'|second SOURCE" a b
refused '--null' -0
refused '-- CMD' a -- echo
# Long and hostile values neither flood nor steer a terminal.
refused '--every' --every "$(head -c 100000 /dev/zero | tr '\0' 9)"
check 'a long value: a short message' test "$(wc -c <err)" -lt 300
refused '--every' --every $'\e[31m\n\r'
check 'a hostile value: no control bytes' bash -c '! tr -d "\n" <err | grep -q "[[:cntrl:]]"'
# A later good value does not excuse a bad one.
refused "-e|'x'" -e x -e 1s

# With the streams closed too it is a usage error, and nothing else happens.
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
  rm -f out err
  eval "run_with -o created -e x $closed" 2>/dev/null
  check_equal "$closed" 2 "$status"
  check "$closed: nothing created" test ! -e created
done

# A terminal is not what `-` is for. Without a terminal at hand, one is made.
if script -qec true /dev/null </dev/null >terminal 2>&1; then
  script -qec "timeout $patience '$command' -o created -" /dev/null </dev/null >terminal 2>&1
  check_equal 'a terminal as input: status' 2 $?
  check_says terminal '^handoff: -: standard input is a terminal'
  check 'a terminal as input: nothing created' test ! -e created
else
  echo 'not checked: a terminal as input; there is no script(1) that makes one'
fi
rm -f terminal

for flag in -h --help; do
  run "$flag"
  check_equal "$flag" 0 "$status"
  check_empty "$flag" err
  check_says out '^Usage: handoff'
done
for flag in -V --version; do
  run "$flag"
  check_equal "$flag" 0 "$status"
  check_empty "$flag" err
  check_says out '^handoff [0-9]+\.[0-9]+\.[0-9]+ \(libuv [0-9.]+\)$'
  check_equal "$flag: lines" 1 "$(wc -l <out)"
done
run -e 0 -n 3 missing --help
check_equal '--help beats what comes before it' 0 "$status"
check_says out '^Usage: handoff'
run_with --help >/dev/full 2>err
check_equal '--help >/dev/full' 3 "$status"
check_says err '^handoff: standard output: no space left on device'
