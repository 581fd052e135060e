#!/bin/bash
# Builds the benchmarks, optimized, and runs them.
#
# Usage: run.sh [FLAG…]; the flags are bench.py's: --quick, --rounds N, --pin, --only REGEX, --out DIR …
set -euo pipefail
cd "$(dirname "$0")/../.."

cmake --preset bench >/dev/null
cmake --build build/bench --parallel 2 >/dev/null
exec python3 tests/bench/bench.py --build build/bench "$@"
