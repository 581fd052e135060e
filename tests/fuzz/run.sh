#!/bin/bash
# Fuzzes each target for a while, one after the other, and merges what it finds into the kept
# corpus: the fewest inputs that together reach everything that is reached. Seeds, which people
# wrote, stay.
#
# Usage: run.sh [SECONDS [calls|lines|options…]]    default: 60, all targets
#
# Needs clang with libFuzzer. A crash ends the run; its input is kept beside the build's corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
targets=("${@:2}")
[[ ${#targets[@]} -gt 0 ]] || targets=(calls lines options)

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz >/dev/null

limits=(-max_len=512 -len_control=20 -timeout=20)
for target in "${targets[@]}"; do
  fuzzer=build/fuzz/tests/fuzz_$target
  found=build/fuzz/tests/found/$target
  kept=tests/fuzz/corpus/$target
  echo "=== $target, $seconds s"
  nice "$fuzzer" -max_total_time="$seconds" "${limits[@]}" -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$found-" "$found" "$kept" 2>&1 | grep -vE '# Uses:|Recommended dictionary'

  # Merged into an empty directory, so that superfluous inputs go. Edges and states count, but not
  # how often they are reached, which keeps the corpus small.
  merged=$(mktemp -d)
  cp "$kept"/seed-* "$merged"
  "$fuzzer" -set_cover_merge=1 -use_counters=0 "${limits[@]}" "$merged" "$kept" "$found" 2>&1 |
    sed -n 's/^MERGE-OUTER: \(.*new files.*\)/\1/p'
  find "$kept" -type f ! -name 'seed-*' -delete
  cp "$merged"/* "$kept"
  rm -r "$merged"
  echo "kept: $(find "$kept" -type f | wc -l) files, $(cat "$kept"/* | wc -c) bytes"
done
