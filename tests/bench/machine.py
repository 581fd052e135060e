"""The machine and the build, because figures mean nothing without them."""

import os
import platform
import subprocess
from pathlib import Path


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "unknown"
    return (done.stdout or done.stderr).strip().partition("\n")[0] or "unknown"


def cpu_model():
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        return first_line("sysctl", "-n", "machdep.cpu.brand_string")
    return platform.machine()


def system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def cached(build, name):
    for line in (build / "CMakeCache.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return line.partition("=")[2]
    return ""


def is_virtual():
    path = Path("/proc/cpuinfo")
    return path.exists() and "hypervisor" in path.read_text(encoding="utf-8")


def describe(build):
    compiler = first_line(cached(build, "CMAKE_C_COMPILER"), "--version")
    return {
        "cpu": cpu_model() + (" (virtual)" if is_virtual() else ""),
        "cores": os.cpu_count(),
        "usable cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load before": [round(load, 2) for load in os.getloadavg()],
        "system": system(),
        "kernel": f"{platform.system()} {platform.release()}",
        "libuv": first_line("pkg-config", "--modversion", "libuv"),
        "compiler": f"{compiler}, {cached(build, 'CMAKE_BUILD_TYPE')}",
        "handoff": first_line("git", "-C", cached(build, "CMAKE_HOME_DIRECTORY"), "describe",
                              "--always", "--dirty"),
    }
