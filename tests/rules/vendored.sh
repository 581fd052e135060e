#!/bin/bash
# third_party/ says how a dependency is found or installed; it holds none.
#
# Usage: vendored.sh THIRD_PARTY
set -euo pipefail

foreign=$(find "$1" -type f ! -name '*.cmake' ! -name README.md ! -name install.sh)
large=$(find "$1" -type f -size +16k)
[[ -z $foreign ]] || echo "not a way to find or install: $foreign"
[[ -z $large ]] || echo "too large to be ours: $large"
[[ -z $foreign && -z $large && -e $1/README.md ]]
