#!/bin/bash
# Runs the stress tests that have an amount of work to reach: a million shuts, and a billion items
# through one cell; or a share of them. All of it takes some minutes on an idle machine.
#
# Usage: full.sh [BUILD/tests [SHARE]]
#   SHARE  1 in so many: 10 runs a tenth
set -euo pipefail
tests=${1:-$(dirname "$0")/../../build/test/tests} share=${2:-1}
export HANDOFF_TEST_SECONDS=7200 # for each test of a program

# HANDOFF_STRESS divides the tests' usual amounts.
divisor() { awk -v usual="$1" -v share="$share" 'BEGIN { print usual * share }'; }
HANDOFF_STRESS=$(divisor 0.1) "$tests/test_stress_shut"
HANDOFF_STRESS=$(divisor 0.0001) "$tests/test_stress_billion"
