#!/bin/bash
# What README says is so: the example is the compiled file, the flags are those of --help, the files that
# it links to are there.
#
# Usage: readme.sh ROOT [COMMAND]
set -euo pipefail
root=$1
readme=$root/README.md

status=0
complain() {
  echo "README.md: $*"
  status=1
}

awk '/^```c$/ { fenced = 1; next } /^```$/ { fenced = 0 } fenced' "$readme" |
  diff -u "$root/examples/embed.c" - || complain 'its example is not examples/embed.c'

lines=$(grep -cE '[^[:space:]]' "$root/examples/embed.c")
[[ $lines -le 25 ]] || complain "its example has $lines lines; 25 are promised"

while IFS= read -r link; do
  [[ -e $root/$link ]] || complain "links to $link, which is not there"
done < <(grep -oE '\]\([^)#:]+\)' "$readme" | sed 's/^](//; s/)$//')

if [[ $# -gt 1 ]]; then
  flags() { grep -oE -- '(^|[^-[:alnum:]])--[a-z]+(-[a-z]+)*' | grep -oE -- '--[a-z-]+' | sort -u; }
  in_help=$("$2" --help | flags)
  in_table=$(grep -E '^\| `-' "$readme" | flags)
  for flag in $in_help; do
    grep -qxe "$flag" <<<"$in_table" || [[ $flag =~ ^--(quiet|verbose|help|version)$ ]] ||
      complain "$flag is in --help and not in its table"
  done
  for flag in $in_table; do
    grep -qxe "$flag" <<<"$in_help" || complain "$flag is in its table and not in --help"
  done
fi
exit $status
