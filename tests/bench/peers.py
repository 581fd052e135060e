"""The peers: what each one needs and how it is built. The report names each peer that cannot be
built, with the reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REGISTRY = Path("/usr/share/cargo/registry")
BUILD_SECONDS = 300


class Missing(Exception):
    """A peer cannot be built; the message says why."""


def run(*command, **options):
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS,
                          stdin=subprocess.DEVNULL, check=False, **options)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise Missing(f"{command[0]} failed: " + next((l for l in lines if "rror" in l), lines[-1]))
    return done.stdout + done.stderr


def need(tool, package):
    if shutil.which(tool) is None:
        raise Missing(f"no {tool} (Debian: {package})")


def is_fresh(target, *sources):
    return target.exists() and all(target.stat().st_mtime >= s.stat().st_mtime for s in sources)


def package_flags(package, debian):
    need("pkg-config", "pkg-config")
    try:
        return run("pkg-config", "--cflags", "--libs", package, "libuv").split()
    except Missing:
        raise Missing(f"no {package} (Debian: {debian})") from None


def build_go(name, out):
    need("go", "golang-go")
    target, source = out / f"go_{name}", HERE / "go" / f"{name}.go"
    if not is_fresh(target, source):
        run("go", "build", "-o", target, source,
            env={**os.environ, "GOCACHE": str(out.resolve() / "go-cache"), "CGO_ENABLED": "0"})
    return [target]


def build_java(out):
    need("javac", "default-jdk-headless")
    source = HERE / "java" / "Queues.java"
    if not is_fresh(out / "java" / "Queues.class", source):
        run("javac", "-d", out / "java", source)
    return ["java", "-cp", out / "java", "Queues"]


def build_rust_std(out):
    need("rustc", "rustc")
    target = out / "rust_std"
    sources = [HERE / "rust" / name for name in ("std.rs", "scenarios.rs")]
    if not is_fresh(target, *sources):
        run("rustc", "-C", "opt-level=3", "--edition", "2021", "-o", target, sources[0])
    return [target]


def build_crossbeam(out):
    need("cargo", "cargo")
    if not list(REGISTRY.glob("crossbeam-channel-*")):
        raise Missing("no crossbeam-channel (Debian: librust-crossbeam-channel-dev)")
    # Built from a copy, because cargo writes into the directory of its manifest.
    copy = out / "rust"
    shutil.copytree(HERE / "rust", copy, dirs_exist_ok=True)
    run("cargo", "build", "--release", "--offline", "--quiet",
        "--config", 'source.crates-io.replace-with="debian"',
        "--config", f'source.debian.directory="{REGISTRY}"',
        "--manifest-path", copy / "crossbeam" / "Cargo.toml", "--target-dir", out / "crossbeam")
    return [out / "crossbeam" / "release" / "crossbeam"]


def build_ghc(out):
    need("ghc", "ghc")
    target, source = out / "mvar", HERE / "haskell" / "MVar.hs"
    if not is_fresh(target, source):
        run("ghc", "-v0", "-O2", "-threaded", "-rtsopts", "-with-rtsopts=-N2",
            "-outputdir", out / "haskell", "-o", target, source)
    return [target]


def build_glib(out):
    need("cc", "gcc")
    flags = package_flags("glib-2.0", "libglib2.0-dev")
    target = out / "glib"
    sources = [HERE / "glib" / "asyncqueue.c", HERE / "c" / "scenarios.c", HERE / "c" / "harness.c"]
    if not is_fresh(target, *sources):
        run("cc", "-std=gnu11", "-O3", "-DNDEBUG", "-Wall", "-Wextra", "-I", HERE / "c",
            "-o", target, *sources, *flags, "-pthread")
    return [target]


def build_boost(out):
    need("c++", "g++")
    if not Path("/usr/include/boost/fiber/all.hpp").exists():
        raise Missing("no Boost.Fiber (Debian: libboost-fiber-dev)")
    target, source = out / "boost_fiber", HERE / "boost" / "fiber.cpp"
    if not is_fresh(target, source):
        run("c++", "-std=c++17", "-O3", "-DNDEBUG", "-Wall", "-Wextra", "-o", target, source,
            "-lboost_fiber", "-lboost_context", "-pthread")
    return [target]


PEERS = {
    "go": (lambda out: build_go("channel", out), ["go", "version"]),
    "go_late": (lambda out: build_go("late", out), None),
    "go_lines": (lambda out: build_go("lines", out), None),
    "java": (build_java, ["java", "-version"]),
    "rust_std": (build_rust_std, ["rustc", "--version"]),
    "crossbeam": (build_crossbeam, None),
    "ghc": (build_ghc, ["ghc", "--numeric-version"]),
    "glib": (build_glib, ["pkg-config", "--modversion", "glib-2.0"]),
    "boost_fiber": (build_boost, None),
    "python": (lambda out: [sys.executable, HERE / "python" / "queues.py"],
               [sys.executable, "--version"]),
}


def version(name, command):
    if name == "crossbeam":
        return sorted(REGISTRY.glob("crossbeam-channel-*"))[-1].name.rpartition("-")[2]
    if name == "boost_fiber":
        header = Path("/usr/include/boost/version.hpp").read_text(encoding="utf-8")
        return header.partition('BOOST_LIB_VERSION "')[2].partition('"')[0].replace("_", ".")
    return run(*command).splitlines()[0] if command else None


def build(out, wanted):
    """Builds the wanted peers. Returns their commands, their versions and why some are missing."""
    out.mkdir(parents=True, exist_ok=True)
    commands, versions, missing = {}, {}, {}
    for name, (recipe, version_command) in PEERS.items():
        if name not in wanted:
            continue
        try:
            commands[name] = [str(word) for word in recipe(out)]
            if found := version(name, version_command):
                versions[name] = found
        except (Missing, OSError, subprocess.TimeoutExpired) as reason:
            missing[name] = str(reason)
    return commands, versions, missing
