# SPDX-License-Identifier: MIT
"""Patched functions keep their meaning, and what would be moved is what objdump sees there."""
import re
import subprocess
from pathlib import Path

import pytest

from harness import ROOT, include_floors

SHIM = ROOT / "shim"
PARTS = [SHIM / part for part in ("base/guard.c", "hook/decode_x86_64.c", "hook/patch_x86_64.c", "hook/thunk_x86_64.S")]
# clang 19 sees that a recursion returns its argument, and leaves the call out
CALLS = {"clang++": ["-fno-optimize-sibling-calls"]}
FLAGS = ["-O2", "-g", "-D_GNU_SOURCE", *include_floors(), "-w"]
LIBRARIES = ["libc.so.6", "libglib-2.0.so.0", "libgobject-2.0.so.0", "libgstreamer-1.0.so.0", "libavutil.so.57",
             "libavcodec.so.59", "libcrypto.so.3", "libgrpc.so.29", "libcairo.so.2", "libxml2.so.2",
             "libsystemd.so.0", "libstdc++.so.6"]


def build(folder, compiler, source, out, *flags):
    objects = []
    for part in PARTS:
        objects.append(folder / (part.name + ".o"))
        subprocess.run(["gcc", "-std=gnu11", *FLAGS, "-fPIC", "-c", part, "-o", objects[-1]], check=True, timeout=120)
    subprocess.run([compiler, *FLAGS, *flags, ROOT / "tests/unit" / source, *objects, "-o", folder / out],
                   check=True, timeout=120)
    return folder / out


@pytest.mark.parametrize("compiler, flags", [("g++", []), ("clang++", []), ("g++", ["-no-pie", "-fcf-protection"]),
                                             ("g++", ["-fno-omit-frame-pointer", "-fno-plt"])], ids=str)
def test_every_calling_convention_survives_both_thunks(tmp_path, compiler, flags):
    done = subprocess.run([build(tmp_path, compiler, "patch_abi.cpp", "abi", *CALLS.get(compiler, []), *flags)], capture_output=True, text=True,
                          timeout=60)
    assert "wrong:" not in done.stdout and done.returncode == 0, done
    assert int(re.search(r"(\d+) checks", done.stdout)[1]) > 22


@pytest.fixture(scope="module")
def examiner(tmp_path_factory):
    return build(tmp_path_factory.mktemp("examine"), "gcc", "patch_examine.c", "examine")


def instructions(path):
    """Addresses at which objdump sees instructions."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True).stdout
    return {int(found, 16) for found in re.findall(r"^ *([0-9a-f]+):\t", text, re.M)}


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_would_be_moved_has_the_boundaries_that_objdump_sees(examiner, library):
    path = Path("/usr/lib/x86_64-linux-gnu") / library
    if not path.exists():
        pytest.skip(f"not installed: {library}")
    lines = subprocess.run([examiner, path], capture_output=True, text=True, check=True).stdout.splitlines()
    seen = instructions(path)
    moved = [[int(word, 0 if i else 16) for i, word in enumerate(line.split())]
             for line in lines if "refused" not in line]
    wrong = [f"{at:x}" for at, size, *offsets in moved
             if any(at + offset not in seen for offset in [*offsets, size])
             or any(at + i in seen for i in range(size) if i not in offsets)]
    assert len(wrong) <= len(moved) // 1000, wrong  # data between functions misleads objdump
    assert len(moved) >= 0.97 * len(lines), [line for line in lines if "refused" in line][:20]
    print(f"{library}: {len(moved)} of {len(lines)} can be moved, {len(wrong)} differ")
