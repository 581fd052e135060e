#!/bin/bash
# Builds and runs an application that uses handoff: as an installed CMake package, by pkg-config, or
# as a subdirectory of its own build.
#
# Usage: embed.sh package|pkgconfig|subdirectory SOURCE_DIR BINARY_DIR COMPILER C_FLAGS
set -euo pipefail
way=$1 source=$2 binary=$3 compiler=$4 flags=${5-}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
consumer=$source/tests/rules/consumer

build_consumer() {
  cmake -S "$consumer" -B "$work/build" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="$flags" "$@"
  cmake --build "$work/build"
}

case $way in
  package)
    cmake --install "$binary" --prefix "$work/prefix"
    build_consumer -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
  pkgconfig)
    command -v pkg-config >/dev/null || { echo 'skipped: there is no pkg-config' && exit 77; }
    cmake --install "$binary" --prefix "$work/prefix"
    directory=$(dirname "$(find "$work/prefix" -name handoff.pc)")
    export PKG_CONFIG_PATH=$directory${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    # The prefix was another at configure time.
    read -ra words <<<"$(pkg-config --cflags --libs handoff)"
    read -ra options <<<"$flags"
    mkdir "$work/build"
    "$compiler" "${options[@]}" "$consumer/main.c" -o "$work/build/consumer" "${words[@]}"
    ;;
  subdirectory)
    build_consumer -DHANDOFF_SOURCE_DIR="$source"
    ;;
esac
library=$(find "$work" -name 'libhandoff.*' -print -quit)
LD_LIBRARY_PATH=$(dirname "$library") "$work/build/consumer"
