#!/bin/sh
# Installs the packages that handoff needs, with the system's package manager.
#
# Usage: third_party/install.sh [--test | --ci]
#   (nothing)  packages for building and running the command
#   --test     and for the tests
#   --ci       and for .ci/run: compilers, checkers, sanitizers, coverage
#
# Prints what it installs before it starts, and nothing if nothing is missing. Supports apt (Debian,
# Ubuntu), dnf (Fedora), apk (Alpine), pacman (Arch) and brew (macOS). Needs root or sudo.
set -eu

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

set_wanted=${1-}
case $#$set_wanted in
  0 | 1--test | 1--ci) ;;
  1-h | 1--help) usage && exit 0 ;;
  *) usage >&2 && exit 2 ;;
esac

manager=none
for candidate in apt-get dnf apk pacman brew; do
  if command -v "$candidate" >/dev/null; then
    manager=$candidate
    break
  fi
done

# For each package manager: the packages, how to ask whether one is installed, how to install. On
# macOS the compiler comes with Xcode's command line tools, and there is no valgrind.
refresh=true
case $manager in
  apt-get)
    build='gcc libc6-dev make cmake pkg-config libuv1-dev'
    test='libcmocka-dev'
    ci='g++ clang clang-format clang-tidy libclang-rt-dev valgrind gcovr shellcheck spin'
    is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
    refresh='apt-get update -qq'
    install='env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends'
    ;;
  dnf)
    build='gcc make cmake pkgconf-pkg-config libuv-devel'
    test='libcmocka-devel diffutils'
    ci='gcc-c++ clang clang-tools-extra compiler-rt libasan libubsan libtsan valgrind gcovr
      ShellCheck util-linux'
    is_installed() { rpm -q --whatprovides "$1" >/dev/null 2>&1; }
    install='dnf install -y -q'
    ;;
  apk)
    build='gcc musl-dev make cmake pkgconf libuv-dev'
    test='cmocka-dev bash coreutils diffutils'
    ci='g++ clang clang-extra-tools compiler-rt valgrind gcovr shellcheck setarch'
    is_installed() { apk info -e "$1" >/dev/null 2>&1; }
    install='apk add -q --no-progress'
    ;;
  pacman)
    build='gcc make cmake pkgconf libuv'
    test='cmocka diffutils'
    ci='clang compiler-rt valgrind gcovr shellcheck'
    is_installed() { pacman -Q "$1" >/dev/null 2>&1; }
    # -y without -u would leave the system partly upgraded.
    install='pacman -Syu --noconfirm --needed -q'
    ;;
  brew)
    build='cmake pkgconf libuv'
    # The test scripts need a newer bash than that of macOS.
    test='cmocka bash'
    ci='llvm gcovr shellcheck spin'
    is_installed() { brew list --versions "$1" >/dev/null 2>&1; }
    install='brew install -q'
    ;;
  none)
    fail 'found no package manager of apt, dnf, apk, pacman and brew. Install a C11 compiler,' \
      'make, CMake 3.25, pkg-config and libuv 1.44 with its headers, or later versions of them;' \
      'for the tests also bash 5 and cmocka 1.1.5'
    ;;
esac

is_cmake_new_enough() {
  version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  [ -n "$version" ] || return 1
  major=${version% *}
  minor=${version#* }
  [ "$major" -gt 3 ] || { [ "$major" -eq 3 ] && [ "$minor" -ge 25 ]; }
}

case $set_wanted in
  --test) packages="$build $test" ;;
  --ci) packages="$build $test $ci" ;;
  *) packages=$build ;;
esac
missing=
for package in $packages; do
  # A new enough CMake may have been installed without the package manager.
  if [ "$package" = cmake ] && is_cmake_new_enough; then
    continue
  fi
  is_installed "$package" || missing="$missing $package"
done

if [ -n "$missing" ]; then
  as_root=
  if [ "$manager" != brew ] && [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "needs root or sudo to install:$missing"
    as_root=sudo
  fi
  echo "install.sh: installing with $manager:$missing"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # These variables are lists of words, so they are split on purpose.
  # shellcheck disable=SC2086
  { $as_root $refresh && $as_root $install $missing; } >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "could not install with: $install$missing"
  }
fi

is_cmake_new_enough || fail 'the CMake of this system is older than 3.25; install a newer one'
