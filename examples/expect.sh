#!/bin/bash
# Runs a command, which must succeed and print exactly the contents of a file.
#
# Usage: expect.sh FILE command [argument…]
set -euo pipefail
expected=$1
shift
actual=$(mktemp)
trap 'rm -f "$actual"' EXIT
"$@" >"$actual"
diff -u "$expected" "$actual"
