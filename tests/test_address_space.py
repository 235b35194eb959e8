# SPDX-License-Identifier: MIT
"""What a scan costs follows the memory that is used, not the address space that is reserved; and it finds the same."""
import subprocess

import pytest

from harness import environment, only_trace, preload, preloaded, report, run, victim

QUIET = {"report": "none", "keep": "always"}
GIB = {"private": 16384, "none": 16384, "shared": 1024, "file": 64, "copy": 64, "block": 8, "guard": 1}


def classified(trace):
    whole = report(trace)
    assert whole["summary"]["scan"]["done"] and not whole["summary"]["scan"]["failure"], whole["summary"]["scan"]
    found = {}
    for group in whole["leaks"]:
        if group["bytes"] // group["count"] in (150, 250):
            found[group["bytes"] // group["count"]] = (group["class"], group["count"])
    return found, whole["summary"]["scan"]["unread"]


RIGHT = {150: ("reachable", 1), 250: ("definite", 2)}


def ended(done):
    if b"no address space" in done.stdout or b"no guards" in done.stdout:
        pytest.skip("not to be had here: " + done.stdout.decode())
    assert done.status == 0, done


@pytest.mark.parametrize("way", GIB)
def test_reserved_memory_costs_nothing_and_what_it_holds_is_found(way, box):
    done = preloaded([victim("reserves"), way, GIB[way], box / "sparse"], box, settings=QUIET, timeout=10)
    ended(done)
    assert classified(only_trace(box)) == (RIGHT, [])


@pytest.mark.parametrize("way, gib", [("private", 64), ("none", 4096), ("shared", 16), ("file", 16), ("copy", 16), ("block", 8)])
def test_kernels_without_pagemap_scan_find_the_same(way, gib, box):
    argv = [victim("under_docker_filter"), "old", victim("reserves"), way, gib, box / "sparse"]
    ended(preloaded(argv, box, settings=QUIET))
    assert classified(only_trace(box, "reserves")) == (RIGHT, [])


def test_a_program_with_threadsanitizer_ends_soon_and_is_classified(box):
    source = box / "program.c"
    source.write_text("""#include <pthread.h>
#include <stdlib.h>
static void *held;
static void *work(void *x) { held = malloc(150); return x; }
int main(void) { pthread_t t; if (pthread_create(&t, 0, work, 0)) return 1; pthread_join(t, 0);
	for (int i = 0; i < 2; i++) { void *volatile p = malloc(250); p = 0; (void)p; }
	char volatile clean[8192]; for (int i = 0; i < 8192; i++) clean[i] = 0; return clean[0]; }
""")
    if subprocess.run(["cc", "-g", "-fsanitize=thread", "-o", box / "program", source], capture_output=True).returncode:
        pytest.skip("no ThreadSanitizer")
    if run([box / "program"], environment()).status:
        pytest.skip("ThreadSanitizer does not run on this system")
    done = run([box / "program"], preload(box, **QUIET), timeout=20)
    assert done.status == 0, done
    assert classified(only_trace(box, "program"))[0] == RIGHT
