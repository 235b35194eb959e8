# SPDX-License-Identifier: MIT
"""Signals that are ours, on stacks that a program made for its own handlers and no larger than those need."""
import pytest

from harness import only_trace, preload, preloaded, report, run, victim

VICTIM = victim("small_signal_stacks")


def looked_at(way, box, **settings):
    """The victim bare, and the victim while it is looked at."""
    return run([VICTIM, way]), preloaded([VICTIM, way, "asked"], box, settings={"report": "none", **settings})


def test_our_handler_writes_nothing_below_an_alternate_stack_that_has_room_for_the_kernels_frame_alone(box):
    bare, done = looked_at("smallest", box)
    assert (done.status, done.stdout) == (0, b"below 0\n") == (bare.status, bare.stdout), done
    assert report(only_trace(box))["summary"]["scan"]["done"]


def test_a_signal_that_ends_a_program_with_the_smallest_alternate_stack_ends_it_with_a_report(box):
    """Below that stack is no memory."""
    bare = run([VICTIM, "killed"])
    done = run([VICTIM, "killed", "asked"], preload(box))
    assert done.status == bare.status == 143 and "LEAK: " in done.text and "SIGTERM" in done.text, done
