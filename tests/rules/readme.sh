#!/bin/bash
# What the documents say is so: their code is that of the compiled examples, their flags are those
# of --help, the files that they link to exist.
#
# Usage: readme.sh ROOT [COMMAND]
set -euo pipefail
root=$1

status=0
complain() {
  echo "$*"
  status=1
}

# block FILE NUMBER: the NUMBERth fenced block of C code.
block() {
  awk -v wanted="$2" '
    /^```c$/ { fenced = 1; count++; next }
    /^```$/ { fenced = 0 }
    fenced && count == wanted' "$root/$1"
}

# excerpt FILE NUMBER EXAMPLE: that block is a run of whole lines of the example.
excerpt() {
  local code
  code=$(block "$1" "$2")
  [[ -n $code && $(<"$root/$3") == *"$code"* ]] || complain "$1: C block $2 is not in $3"
}

excerpt README.md 1 examples/inbox.c
excerpt docs/embedding.md 1 examples/inbox.c
excerpt docs/embedding.md 2 examples/embed.c
[[ $(block docs/embedding.md 2) == "$(<"$root/examples/embed.c")" ]] ||
  complain 'docs/embedding.md: C block 2 is not the whole of examples/embed.c'

while IFS= read -r file; do
  while IFS= read -r link; do
    [[ -e $(dirname "$file")/$link ]] || complain "$file: links to $link, which does not exist"
  done < <(grep -oE '\]\([^)#:]+[)#]' "$file" | sed 's/^](//; s/[)#]$//')
done < <(find "$root" \( -name .git -o -name build \) -prune -o -name '*.md' -print)

if [[ $# -gt 1 ]]; then
  flags() { grep -oE -- '(^|[^-[:alnum:]])--[a-z]+(-[a-z]+)*' | grep -oE -- '--[a-z-]+' | sort -u; }
  in_help=$("$2" --help | flags)
  in_table=$(grep -E '^\| `-' "$root/docs/command.md" | flags)
  for flag in $in_help; do
    grep -qxe "$flag" <<<"$in_table" || complain "docs/command.md: its table lacks $flag"
  done
  for flag in $in_table; do
    grep -qxe "$flag" <<<"$in_help" || complain "docs/command.md: $flag is not in --help"
  done
fi
exit $status
