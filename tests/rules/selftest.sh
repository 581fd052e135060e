#!/bin/bash
# The rules can fail: each is run on a copy of the tree with a fault planted, and must name it.
#
# Usage: selftest.sh ROOT NM ARCHIVE COMPILER
set -euo pipefail
root=$(realpath "$1") nm=$2 archive=$(realpath "$3") compiler=$4
rules=$root/tests/rules

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

copy() {
  rm -rf "$work/tree"
  mkdir "$work/tree"
  cp -r "$root/src" "$root/tests" "$root/README.md" "$work/tree/"
  cd "$work/tree"
}

# fails EXPECTED RULE ARGUMENT…: the rule fails and says so.
fails() {
  local output
  if output=$(bash "$rules/$2" "${@:3}" 2>&1); then
    echo "$2 passes although: $1"
    status=1
  elif [[ $output != *"$1"* ]]; then
    echo "$2 does not say \"$1\" but: $output"
    status=1
  fi
}

copy
printf '#include "lane/lane.h"\n' >>src/slot/ring.h
fails 'slot/ring.h: "lane/lane.h" is not in a layer below' layers.sh src
copy
printf 'void f(void) { uv_run(0, 0); }\n' >>src/slot/waitq.c
fails 'slot/waitq.c: uv_run is not for this layer' layers.sh src
copy
printf '#include "slot/transfer.h"\n' >>src/slot/waitq.h
fails 'src/slot: a circle of:' circles.sh "$nm" src "$archive"
copy
cp "$archive" planted.a
cat >waitq.c <<'END'
int handoff__transfer(void);
int planted(void);
int planted(void) { return handoff__transfer(); }
END
"$compiler" -c waitq.c -o waitq.c.o
ar q planted.a waitq.c.o 2>/dev/null
fails 'src/slot: a circle of:' circles.sh "$nm" src planted.a
copy
printf '/* %0101d */\n' 0 >>src/base/lock.c
fails './src/base/lock.c' style.sh .
copy
{ echo 'static void f(void) {' && seq 60 | sed 's/.*/  ;/' && echo '}'; } >>src/base/lock.c
fails '62 lines' style.sh .
copy
sed -i '1s/.*/\/* something else *\//' src/base/lock.c
fails 'does not open with' style.sh .
copy
seq 41 >src/base/README.md
fails 'at most 40' style.sh .
copy
cp src/base/lock.c src/base/unlisted.c
fails 'tests/README.md does not say where its tests are' style.sh .
exit $status
