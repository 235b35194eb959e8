# SPDX-License-Identifier: MIT
"""Where /proc shows the numbers of another PID namespace, or a process whose first thread is gone, nothing is missed."""
import os

import pytest

from harness import LEAKSHIM, Server, children, only_trace, preload, preloaded, report, run, stack, victim, wait_until

QUIET = {"report": "none"}
NAMESPACE = ["/usr/bin/unshare", "-p", "-f"]  # /proc stays that of the namespace above


def found(whole):
    """{function: {(class, count)}}"""
    result = {}
    for group in whole["leaks"]:
        result.setdefault(next(f for f in stack(group) if f), set()).add((group["class"], group["count"]))
    return result


def may_make_a_namespace():
    if run([*NAMESPACE, "/bin/true"]).status:
        pytest.skip("no PID namespaces here")


@pytest.mark.parametrize("name, place", [("held_by_thread", "stack"), ("held_by_thread", "tls"), ("held_in_data", "stack"),
                                         ("held_by_kernel", "timer"), ("held_in_register", "condition"),
                                         ("held_in_odd_memory", "not copied")])
def test_in_a_pid_namespace_below_the_one_of_proc_the_verdicts_are_the_same(name, place, box):
    may_make_a_namespace()
    if place == "timer" and not os.path.exists("/proc/self/timers"):
        pytest.skip("this kernel has no /proc/PID/timers")
    classes = []
    for way in ("held", "lost"):
        folder = box / way
        folder.mkdir()
        done = run([*NAMESPACE, victim(name), place, way], preload(folder, **QUIET))
        assert done.status == 0, done
        classes.append(found(report(only_trace(folder, name))).get("make_hidden"))
    assert classes == [{("reachable", 1)}, {("definite", 1)}]


def test_a_program_in_a_pid_namespace_below_ours_can_be_looked_at_and_is_not_taken_for_dead(box):
    may_make_a_namespace()
    env = preload(box, **QUIET)
    with Server([*NAMESPACE, victim("outlived_by_a_thread"), "60"], env, box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the program")
        pid = children(server.pid)[0]
        done = run([LEAKSHIM, "snapshot", pid, "-o", box / "copy"])
        assert done.status == 0, done
        assert found(report(box / "copy"))["lose"] == {("definite", 7)}
        whole = report(only_trace(box, "outlived_by_a_thread"))
        assert whole["summary"]["running"]
        os.kill(int(pid), 9)


def test_a_process_whose_first_thread_has_left_is_judged_as_any_other(box):
    done = preloaded([victim("outlived_by_a_thread")], box, settings=QUIET)
    assert done.status == 0, done
    whole = found(report(only_trace(box)))
    assert (whole["lose"], whole["hold"], whole["hold_one"]) == ({("definite", 7)}, {("reachable", 1)}, {("reachable", 1)})
    assert whole["hold_in_vain"] == {("definite", 1)}


def test_a_process_whose_first_thread_has_left_can_be_looked_at(box):
    with Server([victim("outlived_by_a_thread"), "60"], preload(box, **QUIET), box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the program")
        for command in (["snapshot", server.pid, "-o", box / "copy"], ["report", server.pid]):
            done = run([LEAKSHIM, *command])
            assert done.status == 0 and b"7 times so far, 777 bytes" in done.stdout, done
        whole = report(only_trace(box))
        assert whole["summary"]["running"] and found(whole)["lose"] == {("definite", 7)}


@pytest.mark.parametrize("way", ["fork", "exec"])
def test_no_process_of_ours_is_the_first_one_of_a_namespace_that_the_program_makes(way, box):
    done = preloaded([victim("makes_a_namespace"), way], box)
    if done.status == 77:
        pytest.skip("no PID namespaces here")
    assert done.status == 0, done
    if way == "fork":
        assert "the trace is" in done.text, done
        assert report(only_trace(box))["summary"]["scan"]["failure"]
