# SPDX-License-Identifier: MIT
"""Patched functions keep their meaning, and what would be moved is what objdump sees there."""
import re
import subprocess
from pathlib import Path

import pytest

from harness import ROOT, include_floors

SHIM = ROOT / "shim"
PARTS = [SHIM / part for part in ("base/guard.c", "hook/decode_x86_64.c", "hook/examine_x86_64.c", "hook/exports.c",
                                  "hook/islands_x86_64.c", "hook/poke.c", "hook/patch_x86_64.c", "hook/thunk_x86_64.S")]
# clang 19 sees that a recursion returns its argument, and leaves the call out
CALLS = {"clang++": ["-fno-optimize-sibling-calls"]}
FLAGS = ["-O2", "-g", "-D_GNU_SOURCE", *include_floors(), "-w"]
LIBRARIES = ["libc.so.6", "libglib-2.0.so.0", "libgobject-2.0.so.0", "libgstreamer-1.0.so.0", "libavutil.so.57",
             "libavcodec.so.59", "libcrypto.so.3", "libgrpc.so.29", "libcairo.so.2", "libxml2.so.2",
             "libsystemd.so.0", "libstdc++.so.6"]
SHARED = LIBRARIES + ["libm.so.6", "libgio-2.0.so.0", "libavformat.so.59", "libssl.so.3", "libsqlite3.so.0", "libpython3.11.so.1.0",
                      "libz.so.1", "libcurl.so.4", "libX11.so.6", "libgtk-3.so.0", "libevent-2.1.so.7", "libdbus-1.so.3",
                      "libarchive.so.13", "libduktape.so.207", "libyuv.so.0", "libGL.so.1", "libOpenGL.so.0", "libattr.so.1",
                      "libfribidi.so.0", "libunistring.so.2"]
FOLDER = Path("/usr/lib/x86_64-linux-gnu")


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Builds a program with the parts of the shim that patch, which are compiled once."""
    parts = tmp_path_factory.mktemp("parts")
    for part in PARTS:
        subprocess.run(["gcc", "-std=gnu11", *FLAGS, "-fPIC", "-c", part, "-o", parts / (part.name + ".o")], check=True,
                       timeout=120)

    def build(folder, compiler, source, out, *flags):
        subprocess.run([compiler, *FLAGS, *flags, ROOT / "tests/unit" / source, *parts.iterdir(), "-o", folder / out],
                       check=True, timeout=120)
        return folder / out
    return build


@pytest.mark.parametrize("compiler, flags", [("g++", []), ("clang++", []), ("g++", ["-no-pie", "-fcf-protection"]),
                                             ("g++", ["-fno-omit-frame-pointer", "-fno-plt"])], ids=str)
def test_every_calling_convention_survives_both_thunks(build, tmp_path, compiler, flags):
    done = subprocess.run([build(tmp_path, compiler, "patch_abi.cpp", "abi", *CALLS.get(compiler, []), *flags)], capture_output=True, text=True,
                          timeout=60)
    assert "wrong:" not in done.stdout and done.returncode == 0, done
    assert int(re.search(r"(\d+) checks", done.stdout)[1]) > 22


@pytest.fixture(scope="module")
def examiner(build, tmp_path_factory):
    return build(tmp_path_factory.mktemp("examine"), "gcc", "patch_examine.c", "examine")


def instructions(path):
    """Addresses at which objdump sees instructions."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True).stdout
    return {int(found, 16) for found in re.findall(r"^ *([0-9a-f]+):\t", text, re.M)}


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_would_be_moved_has_the_boundaries_that_objdump_sees(examiner, library):
    path = FOLDER / library
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
    assert len(moved) >= 0.995 * len(lines), [line for line in lines if "refused" in line][:20]
    print(f"{library}: {len(moved)} of {len(lines)} can be moved, {len(wrong)} differ")


def test_nearly_every_exported_function_can_be_followed_and_the_libraries_go_on_working(build, tmp_path):
    here = [library for library in SHARED if (FOLDER / library).exists()]
    done = subprocess.run([build(tmp_path, "gcc", "patch_share.c", "share"), *here], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "wrong:" not in done.stdout and int(re.search(r"calls seen: (\d+)", done.stdout)[1]) > 100, done
    rows = [[int(word) for word in found] for found in re.findall(r"^\S+ (\d+) (\d+) (\d+)$", done.stdout, re.M)]
    functions, plain, followed = (sum(column) for column in zip(*rows))
    print(f"{done.stdout}{len(rows)} libraries: {functions} functions, {plain} in their own bytes, {followed} followed")
    assert rows and followed >= 0.995 * functions, done.stdout


@pytest.mark.parametrize("thunk", ["tail", "through"])
@pytest.mark.parametrize("compiler, flags, refused", [
    ("gcc", ["-O1"], {"empty", "last"}), ("gcc", ["-Os"], {"empty", "last"}),
    ("gcc", ["-O1", "-fno-pie", "-no-pie"], {"empty", "last"}), ("gcc", ["-Os", "-fcf-protection"], set()),
    ("clang", ["-Oz", "-falign-functions=1"], {"empty", "last"})], ids=str)
def test_functions_without_room_for_a_jump_are_followed_and_mean_the_same(build, tmp_path, compiler, flags, refused, thunk):
    program = build(tmp_path, compiler, "patch_short.c", "short", *flags)
    done = subprocess.run([program, thunk], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "wrong:" not in done.stdout, done
    assert set(re.findall(r"^(\w+) \d+: ", done.stdout, re.M)) <= refused, done.stdout


def test_a_breakpoint_on_a_byte_that_a_jump_borrows_leads_to_the_same_place(build, tmp_path):
    done = subprocess.run([build(tmp_path, "gcc", "patch_short.c", "short", "-O1"), "tail", "broken"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0 and "wrong:" not in done.stdout and "borrowed:" in done.stdout, done
