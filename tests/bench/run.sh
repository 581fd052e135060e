#!/bin/bash
# Builds the benchmarks with optimization and runs them.
#
# Usage: run.sh [OPTION…], with the options of bench.py: --quick, --rounds N, --only REGEX, …
#        run.sh --against DIR [OPTION…] compares two builds; DIR is a build/bench directory.
set -euo pipefail
cd "$(dirname "$0")/../.."

cmake --preset bench >/dev/null
cmake --build build/bench --parallel 2 >/dev/null
exec python3 tests/bench/bench.py --build build/bench "$@"
