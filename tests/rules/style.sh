#!/bin/bash
# What a reader can count on in every file: 100 columns; functions of at most 60 lines; a C file of
# src opens with its name and its job; each folder of src has a README of at most 40 lines; the
# table in tests/README.md names every source file.
#
# Usage: style.sh ROOT
set -euo pipefail
cd "$1"

status=0
complain() {
  echo "$*"
  status=1
}

files() { find . \( -name .git -o -name build -o -name corpus \) -prune -o -type f "$@" -print; }

# Columns, not bytes. Table rows and links of Markdown cannot be wrapped.
seen=0
while IFS= read -r file; do
  seen=$((seen + 1))
  exempt='^$'
  [[ $file != *.md ]] || exempt='^[0-9]+:[|]|https?://'
  while IFS= read -r line; do
    complain "$file:${line%%:*}: wider than 100 columns"
  done < <(LC_ALL=C.UTF-8 grep -nE '^.{101,}' "$file" | grep -vE "$exempt")
done < <(files \( -name '*.[ch]' -o -name '*.md' -o -name '*.py' -o -name '*.sh' -o -name '*.pml' \
  \))
[[ $seen -gt 100 ]] || complain "only $seen files found"

# A function begins with a line at the margin that ends in "{" and ends with "}" at the margin.
while IFS= read -r file; do
  awk -v name="$file" '
    /^[a-z].*\) \{$/ { start = FNR; next }
    /^\}/ && start {
      if (FNR - start + 1 > 60) { print name ":" start ": " FNR - start + 1 " lines"; bad = 1 }
      start = 0
    }
    END { exit bad }' "$file" || status=1
done < <(files -name '*.[ch]')

while IFS= read -r file; do
  stem=$(basename "${file%.*}")
  [[ $(head -n 1 "$file") == "/* $stem: "* ]] ||
    complain "$file: does not open with \"/* $stem: \" and its job"
  [[ ! $stem =~ (util|common|misc|helper) ]] || complain "$file: its name is no noun of its own"
  [[ $file == *.h || $file == ./src/cli/main.c ]] || grep -q "$stem" tests/README.md ||
    complain "$file: tests/README.md does not say where its tests are"
done < <(files -path './src/*' -name '*.[ch]')

for folder in src/*/; do
  [[ $folder != src/package/ ]] || continue
  [[ -e ${folder}README.md ]] || { complain "$folder: has no README.md" && continue; }
  lines=$(wc -l <"${folder}README.md")
  [[ $lines -le 40 ]] || complain "${folder}README.md: $lines lines; at most 40"
done
lines=$(wc -l <README.md)
[[ $lines -le 120 ]] || complain "README.md: $lines lines; at most 120"
exit $status
