#!/bin/bash
# The public header compiles by itself, as the strict language that it promises, without a warning.
#
# Usage: header.sh HEADER INCLUDE_DIRS(;) LANGUAGE STANDARD [COMPILER]
set -euo pipefail
header=$1 dirs=$2 language=$3 standard=$4 compiler=${5-}

if [[ -z $compiler || $compiler == *NOTFOUND ]]; then
  echo "skipped: there is no compiler of $language on this machine"
  exit 77
fi
includes=()
IFS=';' read -ra list <<<"$dirs"
for dir in "${list[@]}"; do
  includes+=(-isystem "$dir")
done

# Strict C hides the POSIX types that <uv.h> needs unless they are asked for.
for definition in -D_POSIX_C_SOURCE=200809L -D_GNU_SOURCE; do
  echo "$compiler -x $language -std=$standard $definition"
  printf '#include "%s"\n%s\n' "$header" \
    'int use(void); int use(void) { return (int)sizeof(handoff_slot_t); }' |
    "$compiler" -x "$language" -std="$standard" -pedantic-errors -Wall -Wextra -Werror \
      "$definition" "${includes[@]}" -fsyntax-only -
done
