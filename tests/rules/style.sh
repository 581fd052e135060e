#!/bin/bash
# Files under 300 lines, one noun each, opening with what they are for.
#
# Usage: style.sh SRC
set -euo pipefail
src=$1

status=0
complain() {
  echo "$*"
  status=1
}

seen=0
while IFS= read -r file; do
  seen=$((seen + 1))
  name=${file#"$src"/}
  lines=$(wc -l <"$file")
  [[ $name == handoff.h || $lines -lt 300 ]] || complain "$name: $lines lines; files stay under 300"
  [[ $(head -c 3 "$file") == '/* ' ]] || complain "$name: does not open with a comment: what is it for?"
  [[ ! $name =~ (util|common|misc|helper) ]] || complain "$name: is no noun of its own"
done < <(find "$src" -name '*.[ch]')
[[ $seen -gt 0 ]] || complain "$src: no file found"
exit $status
