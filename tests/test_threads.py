# SPDX-License-Identifier: MIT
"""A thread that has ended and that nobody joined is told of as what it is: a stack that stays."""
import pytest

from harness import LEAKSHIM, Server, only_trace, preload, preloaded, report, run, stack, victim, wait_until

QUIET = {"report": "none"}


def threads(whole):
    return [(group["class"], group["count"], group["bytes"], group["release"]) for group in whole["leaks"]
            if group["type"] == "thread" and "start" in stack(group)]


@pytest.mark.parametrize("how", ["lost", "c11 lost"])
def test_threads_that_nobody_joined_are_leaks_with_the_stack_of_their_creation(how, box):
    done = preloaded([victim("never_joined"), how], box, settings=QUIET)
    assert done.status == 0, done
    trace = only_trace(box)
    (group,) = threads(report(trace))
    assert (group[0], group[1], group[3]) == ("definite", 5, "pthread_join()")
    assert group[2] == 5 * 256 * 1024 or how == "c11 lost" and group[2] > 5 * 65536
    assert run([LEAKSHIM, "check", trace]).status == 1


def test_threads_that_ended_and_can_still_be_joined_are_reachable(box):
    done = preloaded([victim("never_joined"), "held"], box, settings=QUIET)
    assert done.status == 0, done
    assert threads(report(only_trace(box))) == [("reachable", 5, 5 * 256 * 1024, "pthread_join()")]
    assert run([LEAKSHIM, "check", only_trace(box)]).status == 0


@pytest.mark.parametrize("how", ["joined", "detached", "born detached", "detaches itself", "joined in time",
                                 "joined by trying", "c11 joined", "c11 detached"])
def test_threads_that_were_joined_or_detached_are_nothing_to_tell_of(how, box):
    done = preloaded([victim("never_joined"), how], box, settings=QUIET)
    assert done.status == 0, done
    assert threads(report(only_trace(box))) == []


def test_threads_that_still_run_are_no_leaks(box):
    done = preloaded([victim("never_joined"), "running"], box, settings=QUIET)
    assert done.status == 0, done
    assert [group[:2] for group in threads(report(only_trace(box)))] == [("reachable", 5)]


def test_growth_of_what_libc_keeps_is_told_when_two_moments_are_compared(box):
    with Server([victim("opens_more_and_more")], preload(box, **QUIET), box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the program")
        for name in ("one", "two"):
            assert run([LEAKSHIM, "snapshot", server.pid, "-o", box / name]).status in (0, 1)
    done = run([LEAKSHIM, "diff", box / "one", box / "two"])
    assert b"runtime:" in done.stdout and b"_IO_file_doallocate" in done.stdout, done
