"""The machine itself: system, kernel, cores, memory, disk, containers, and what its kernel allows."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from pathlib import Path

from humanevalpack.doctor.facts import Fact, Level, read
from humanevalpack.resources import resource_dir
from humanevalpack.sandbox.supervisor.system_calls import program_filter
from humanevalpack.sandbox.warm import discard, warm_root

_GIB = 1 << 30
_A_WORKER = 3 * _GIB // 2
"""Bytes that the largest allowed program holds (Java's)."""
_CACHE = 2 * _GIB
"""Bytes that prepared files, images apart, may need."""


def machine_facts() -> list[Fact]:
    """Return what this machine is and what its kernel allows; on other systems than Linux only what Python knows."""
    facts = [Fact("Python", f"{platform.python_version()} ({sys.executable})"), _system()]
    if sys.platform != "linux":
        return facts
    return [*facts, _cores(), _memory(), _cache(), _container(), _control_groups(), _seccomp(), _user_namespaces()]


def container() -> str:
    """Return what kind of container this process runs in, or "" for none that is known."""
    if Path("/.dockerenv").exists():
        return "Docker"
    if Path("/run/.containerenv").exists():
        return "Podman"
    named = re.search(r"(?:^|\0)container=([^\0]+)", read("/proc/1/environ") or "")
    if named:
        return named[1]
    groups = re.search(r"docker|kubepods|lxc|containerd", read("/proc/1/cgroup") or "")
    return groups[0] if groups else ""


def _system() -> Fact:
    release = re.search(r'^PRETTY_NAME="?([^"\n]*)', read("/etc/os-release") or "", re.MULTILINE)
    name = release[1] if release else platform.system()
    value = f"{name}, kernel {platform.release()}, {platform.machine()}"
    if sys.platform != "linux":
        return Fact("system", value, "note", "use sandbox docker: the others need Linux (docs/doctor.md)")
    try:
        program_filter()
    except OSError as error:
        return Fact("system", value, "problem", str(error))
    return Fact("system", value)


def _cores() -> Fact:
    usable = len(os.sched_getaffinity(0))
    quota = re.match(r"(\d+) (\d+)", read("/sys/fs/cgroup/cpu.max") or "")
    if quota and int(quota[1]) / int(quota[2]) < usable:
        allowed = int(quota[1]) / int(quota[2])
        return Fact("cores", f"{usable}, of which a control group allows {allowed:g}", "note", _workers(int(allowed)))
    return Fact("cores", str(usable))


def _memory() -> Fact:
    sizes = dict(re.findall(r"^(\w+): +(\d+) kB", read("/proc/meminfo") or "", re.MULTILINE))
    total, free = (int(sizes.get(name, 0)) * 1024 for name in ("MemTotal", "MemAvailable"))
    limit = read("/sys/fs/cgroup/memory.max") or ""
    if limit.isdigit():
        total, free = min(total, int(limit)), min(free, int(limit))
    value = f"{total / _GIB:.1f} GiB, {free / _GIB:.1f} GiB of it free"
    room = free // _A_WORKER
    if room < len(os.sched_getaffinity(0)):
        return Fact("memory", value, "note", f"a program may hold 1.5 GiB: {_workers(room)}")
    return Fact("memory", value)


def _workers(number: int) -> str:
    return f"run fewer programs at a time: --workers {max(1, number)}"


def _cache() -> Fact:
    root, temporary = warm_root()
    free = shutil.disk_usage(root).free
    if temporary:
        discard(root)
    value = f"{root}, {free / _GIB:.1f} GiB free"
    if temporary:
        advice = "name a folder that can be written, or every run prepares its files anew: export XDG_CACHE_HOME=FOLDER"
        return Fact("cache", f"{value} (temporary)", "note", advice)
    if free < _CACHE:
        return Fact("cache", value, "note", "make room, or name another disk: export XDG_CACHE_HOME=FOLDER")
    return Fact("cache", value)


def _container() -> Fact:
    return Fact("inside a container", container() or "no")


def _control_groups() -> Fact:
    version = "2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "1"
    return Fact("control groups", f"version {version}" if Path("/sys/fs/cgroup").is_dir() else "none")


def _seccomp() -> Fact:
    actions = read("/proc/sys/kernel/seccomp/actions_avail")
    if actions is None:
        return Fact("system call filter", "none", "problem", "use a kernel that has CONFIG_SECCOMP_FILTER")
    return Fact("system call filter", "seccomp")


def _user_namespaces() -> Fact:
    """Say what an ordinary user may; root needs none of it."""
    refusals = refused_namespaces()
    if not refusals:
        return Fact("user namespaces", "allowed")
    level: Level = "fine" if os.geteuid() == 0 else "note"
    said = "; ".join(setting for setting, _ in refusals)
    return Fact("user namespaces", f"refused to ordinary users: {said}", level, "; ".join(mend for _, mend in refusals))


def refused_namespaces() -> list[tuple[str, str]]:
    """Return (setting of the kernel that refuses user namespaces, command that allows them)."""
    profile = f"sudo cp {resource_dir('sandboxes') / 'namespaces' / 'apparmor-bwrap'} /etc/apparmor.d/bwrap"
    settings = (
        ("user.max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"),
        ("kernel.unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),  # Debian
        (  # Ubuntu from 23.10 on
            "kernel.apparmor_restrict_unprivileged_userns",
            "1",
            f"{profile} && sudo apparmor_parser -r /etc/apparmor.d/bwrap",
        ),
    )
    return [
        (f"{name}={value}", mend)
        for name, value, mend in settings
        if read("/proc/sys/" + name.replace(".", "/")) == value
    ]
