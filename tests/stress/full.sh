#!/bin/bash
# The stress tests that have a size to reach, at that size: a million shuts, a billion items through one cell. Takes some
# two minutes on a quiet machine, and many more on one that is not.
#
# Usage: full.sh [BUILD/tests]
set -euo pipefail
tests=${1:-$(dirname "$0")/../../build/test/tests}
export HANDOFF_TEST_SECONDS=7200 # for each of a program's tests

HANDOFF_STRESS=0.1 "$tests/test_stress_shut"
HANDOFF_STRESS=0.0001 "$tests/test_stress_billion"
