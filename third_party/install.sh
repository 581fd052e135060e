#!/bin/sh
# Installs what handoff needs, with the system's own package manager.
#
# Usage: third_party/install.sh [--test | --ci]
#   (nothing)  what building and running the command needs
#   --test     and what its tests need
#   --ci       and what .ci/run needs: checkers, sanitizers, coverage
#
# Says what it installs before it does; says nothing when nothing is missing. Knows apt (Debian,
# Ubuntu), dnf (Fedora), apk (Alpine), pacman (Arch) and brew (macOS). Works as root, or by sudo.
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

# What each one calls the packages, how it tells that one is there, how it installs. The compiler of
# macOS comes with Xcode's command line tools; valgrind and strace do not exist there.
refresh=true
case $manager in
  apt-get)
    build='gcc libc6-dev make cmake pkg-config libuv1-dev'
    test='libcmocka-dev'
    ci='g++ clang clang-format clang-tidy libclang-rt-dev valgrind gcovr shellcheck strace spin'
    is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
    refresh='apt-get update -qq'
    install='env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends'
    ;;
  dnf)
    build='gcc make cmake pkgconf-pkg-config libuv-devel'
    test='libcmocka-devel diffutils'
    ci='gcc-c++ clang clang-tools-extra compiler-rt libasan libubsan libtsan valgrind gcovr
      ShellCheck strace util-linux'
    is_installed() { rpm -q --whatprovides "$1" >/dev/null 2>&1; }
    install='dnf install -y -q'
    ;;
  apk)
    build='gcc musl-dev make cmake pkgconf libuv-dev'
    test='cmocka-dev bash coreutils diffutils'
    ci='g++ clang clang-extra-tools compiler-rt valgrind gcovr shellcheck strace setarch'
    is_installed() { apk info -e "$1" >/dev/null 2>&1; }
    install='apk add -q --no-progress'
    ;;
  pacman)
    build='gcc make cmake pkgconf libuv'
    test='cmocka diffutils'
    ci='clang compiler-rt valgrind gcovr shellcheck strace'
    is_installed() { pacman -Q "$1" >/dev/null 2>&1; }
    # With -y alone the system would be left half upgraded.
    install='pacman -Syu --noconfirm --needed -q'
    ;;
  brew)
    build='cmake pkgconf libuv'
    # The bash of macOS is older than the test scripts.
    test='cmocka bash'
    ci='llvm gcovr shellcheck spin'
    is_installed() { brew list --versions "$1" >/dev/null 2>&1; }
    install='brew install -q'
    ;;
  none)
    fail 'knows no package manager of this system. Needed: a C11 compiler, make, CMake 3.25, pkg-config,' \
      'libuv 1.44 with its headers; for the tests also cmocka 1.1.5; or later ones'
    ;;
esac

cmake_will_do() {
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
  # One that will do may have come from elsewhere.
  if [ "$package" = cmake ] && cmake_will_do; then
    continue
  fi
  is_installed "$package" || missing="$missing $package"
done

if [ -n "$missing" ]; then
  as_root=
  if [ "$manager" != brew ] && [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "be root, or have sudo, to install:$missing"
    as_root=sudo
  fi
  echo "install.sh: installing with $manager:$missing"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # Split on purpose: these are lists of words.
  # shellcheck disable=SC2086
  { $as_root $refresh && $as_root $install $missing; } >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "failed: $install$missing"
  }
fi

cmake_will_do || fail 'this system packages a CMake older than 3.25; install a newer one'
