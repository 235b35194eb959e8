# SPDX-License-Identifier: MIT
"""What each workload is run with: nothing, leakshim at each level, and the peers that Debian packages.

Of every tool only the part that lives in the program is measured: no report, no leak check at the end,
no second process, except where the tool has no such part by itself.
"""
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

LEVELS = ["disabled", "simple", "advanced", "paranoid"]


@dataclass
class Variant:
    name: str
    title: str
    preload: str = ""
    env: dict = field(default_factory=dict)  # {box}: a folder of this run, empty before it, removed after it
    prefix: list = field(default_factory=list)
    part: float = 1  # a peer much slower than the program gets a part of the work, and once only
    fails: tuple = (0,)
    traces: bool = False  # must leave a trace in {box}
    only: tuple = ()  # workloads that it is for; none: all


BARE = Variant("bare", "the program alone")


def leakshim(build, level):
    options = f"level={level}:report=none:dir={{box}}:keep=always"
    return Variant(level, f"leakshim, level={level}", str(Path(build, "shim", "libleakshim.so").resolve()),
                   {"LEAKSHIM_OPTIONS": options}, traces=level != "disabled")


@dataclass
class Peer:
    """package: what to install; file: what it must have brought; the first that exists is used."""
    package: str
    files: list
    title: str
    env: dict = field(default_factory=dict)
    prefix: list = field(default_factory=list)
    part: float = 1
    fails: tuple = (0,)
    only: tuple = ()

    def file(self):
        found = [path for pattern in self.files for path in sorted(Path("/").glob(pattern))]
        return found[0] if found else None


LIB = "usr/lib/*-linux-gnu/"
PEERS = {
    "heaptrack": Peer("heaptrack", ["usr/lib/heaptrack/libheaptrack_preload.so", LIB + "heaptrack/libheaptrack_preload.so"],
                      "heaptrack's preloaded part alone, every block, events to /dev/null",
                      {"DUMP_HEAPTRACK_OUTPUT": "/dev/null"}),
    "lsan": Peer("liblsan0", [LIB + "liblsan.so.0"],
                 "gcc's LeakSanitizer preloaded, every block, stacks by frame pointers, no check at the end",
                 {"LSAN_OPTIONS": "detect_leaks=0"}),
    "jemalloc-512k": Peer("libjemalloc2", [LIB + "libjemalloc.so.2"],
                          "jemalloc and its profiler, a sample every 512 KiB",
                          {"MALLOC_CONF": "prof:true,prof_final:false,lg_prof_sample:19"}),
    "jemalloc-all": Peer("libjemalloc2", [LIB + "libjemalloc.so.2"], "jemalloc and its profiler, every block",
                         {"MALLOC_CONF": "prof:true,prof_final:false,lg_prof_sample:0"}, part=0.05),
    "heapprofile": Peer("libgoogle-perftools4", [LIB + "libtcmalloc.so.4"], "gperftools' heap profiler, every block",
                        {"HEAPPROFILE": "{box}/profile", "HEAP_PROFILE_ALLOCATION_INTERVAL": "0",
                         "HEAP_PROFILE_INUSE_INTERVAL": "0"}, part=0.05),
    "heapcheck": Peer("libgoogle-perftools4", [LIB + "libtcmalloc.so.4"],
                      "gperftools' heap checker, HEAPCHECK=normal, with its check at the end",
                      {"HEAPCHECK": "normal"}, part=0.05, fails=(0, 1)),
    "gst-leaks": Peer("libgstreamer1.0-0", [LIB + "gstreamer-1.0/libgstcoretracers.so"],
                      "GStreamer's own leaks tracer with full stacks",
                      {"GST_TRACERS": "leaks(stack-traces-flags=full)"}, part=0.0005, only=("gst-buffers",)),
    "valgrind": Peer("valgrind", ["usr/bin/valgrind"], "Valgrind's memcheck, leak check at the end",
                     prefix=["/usr/bin/valgrind", "-q", "--leak-check=summary"], part=0.2),
}


def peer(name):
    """(variant, None), or (None, why not)."""
    one = PEERS[name]
    file = one.file()
    if not file:
        return None, f"{one.package} is not installed"
    if name.startswith("jemalloc") and not jemalloc_profiles(file):
        return None, f"{file} is built without its profiler"
    preload = "" if one.prefix or one.only else str(file)
    return Variant(name, one.title, preload, one.env, one.prefix, one.part, one.fails, only=one.only), None


def jemalloc_profiles(file):
    """A jemalloc without --enable-prof complains of the option."""
    env = {"LD_PRELOAD": str(file), "MALLOC_CONF": "prof:true,prof_final:false"}
    done = subprocess.run(["/bin/true"], env=env, capture_output=True, text=True)
    return done.returncode == 0 and "Invalid" not in done.stderr


def package_version(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", PEERS[name].package], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else "unknown"
