# SPDX-License-Identifier: MIT
"""How often a program calls functions of a library, as the kernel counts it: a truth that is not ours.

Needs perf events of type uprobe, thus root (or CAP_PERFMON) and a kernel that lets a container have them.
"""
import ctypes
import os
import re
import struct
import subprocess
from pathlib import Path

TYPE = Path("/sys/bus/event_source/devices/uprobe/type")
PERF_EVENT_OPEN = 298
DISABLED, INHERIT, ENABLE_ON_EXEC = 1 << 0, 1 << 1, 1 << 12


class Unavailable(Exception):
    """Why the kernel does not count for us."""


def file_offset(library, symbol):
    names = subprocess.run(["readelf", "-W", "--dyn-syms", library], capture_output=True, text=True, check=True).stdout
    value = int(re.search(rf"^\s*\d+: (\w+)\s+\d+ FUNC\s.* {symbol}(@@\S+)?$", names, re.M)[1], 16)
    segments = subprocess.run(["readelf", "-W", "-l", library], capture_output=True, text=True, check=True).stdout
    for offset, address, size in re.findall(r"LOAD\s+0x(\w+) 0x(\w+) 0x\w+ 0x(\w+)", segments):
        start = int(address, 16)
        if start <= value < start + int(size, 16):
            return value - start + int(offset, 16)
    raise ValueError(f"{symbol} lies in no segment of {library}")


def open_event(library, symbol, pid):
    if not TYPE.exists():
        raise Unavailable("the kernel has no perf events of type uprobe")
    path = ctypes.create_string_buffer(os.fsencode(library))
    attributes = bytearray(128)
    struct.pack_into("<II", attributes, 0, int(TYPE.read_text()), len(attributes))
    struct.pack_into("<Q", attributes, 40, DISABLED | INHERIT | ENABLE_ON_EXEC)
    struct.pack_into("<QQ", attributes, 56, ctypes.addressof(path), file_offset(library, symbol))
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    event = libc.syscall(PERF_EVENT_OPEN, buffer, pid, -1, -1, 0)
    if event < 0:
        raise Unavailable(f"perf_event_open of a uprobe: {os.strerror(ctypes.get_errno())}")
    return event


def count(argv, env, library, symbols):
    """Runs a program to its end; the calls of each function of a library, by its children too."""
    ready, go = os.pipe()
    child = os.fork()
    if not child:
        os.read(ready, 1)
        os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
        try:
            os.execve(argv[0], [str(a) for a in argv], env)
        finally:
            os._exit(127)
    events = []
    try:
        events = [open_event(str(library), symbol, child) for symbol in symbols]
        os.write(go, b"g")
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        child = 0
        if status:
            raise RuntimeError(f"{argv[0]} ended with {status}")
        return {symbol: struct.unpack("<Q", os.read(event, 8))[0] for symbol, event in zip(symbols, events)}
    finally:
        if child:
            os.kill(child, 9)
            os.waitpid(child, 0)
        for fd in [ready, go, *events]:
            os.close(fd)
