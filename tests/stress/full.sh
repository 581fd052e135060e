#!/bin/bash
# Runs the stress tests that have an amount of work to reach: a million shuts, and a billion items
# through one cell. Takes about two minutes on an idle machine, and many more on a busy one.
#
# Usage: full.sh [BUILD/tests]
set -euo pipefail
tests=${1:-$(dirname "$0")/../../build/test/tests}
export HANDOFF_TEST_SECONDS=7200 # for each test of a program

HANDOFF_STRESS=0.1 "$tests/test_stress_shut"
HANDOFF_STRESS=0.0001 "$tests/test_stress_billion"
