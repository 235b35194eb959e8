# SPDX-License-Identifier: MIT
"""Filters of system calls: the program lives as it does without the shim, and the report says what was not done."""
import os
import re
import signal

import pytest

from harness import (LEAKSHIM, SHIM, Server, counted, only_trace, preload, preloaded, report, run, under_run, victim,
                     wait_until)

# ways to put a filter in force that the shim sees
SEEN = ["prctl", "seccomp", "tsync", "thread", "errno", "lie", "trap", "strict", "fork"]
SAYS = "took system calls away from itself"
ASIDE = "a filter of system calls of which nobody can know what it kills for"


def text(done):
    return done.stderr.decode(errors="replace")


@pytest.mark.parametrize("way", ["preloaded", "run"])
@pytest.mark.parametrize("how", SEEN)
def test_behind_a_list_of_calls_the_program_does_what_it_does_alone(how, way, box):
    bare = run([victim("behind_a_list"), how])
    assert bare.status == 7 and b"done" in bare.stdout, bare
    if way == "run":
        done = under_run([victim("behind_a_list"), how], box / "trace")
    else:
        done = preloaded([victim("behind_a_list"), how], box)
    assert (done.status, done.stdout) == (bare.status, bare.stdout), done


@pytest.mark.parametrize("how", SEEN[:-1])
def test_behind_a_list_every_block_is_recorded_and_the_report_says_what_was_not_done(how, box):
    done = under_run([victim("behind_a_list"), how], box / "trace")
    whole = report(box / "trace")
    assert counted(whole, "lose") == (3, 300), done
    assert whole["summary"]["complete"] is True
    assert whole["summary"]["filter"]["seen"] is True
    assert whole["summary"]["filter"]["opaque"] is (how == "strict")
    if how == "strict":  # leaves by a call of its own, which nobody hears of
        return
    assert "openat" in whole["summary"]["filter"]["calls"]
    assert whole["summary"]["scan"]["done"] is False and SAYS in whole["summary"]["scan"]["failure"]
    assert f"{SAYS}" in text(done) and "not made by leakshim for that:" in text(done), done


@pytest.mark.parametrize("how", ["prctl", "errno", "trap"])  # whether the calls kill, fail or are answered by the program
def test_behind_a_list_the_preloaded_program_says_where_its_trace_is(how, box):
    done = preloaded([victim("behind_a_list"), how], box)
    assert f"leakshim report {only_trace(box)}" in text(done), done


def test_a_kill_for_a_call_of_ours_is_named(box):
    done = under_run([victim("behind_a_list"), "raw"], box / "trace")
    assert done.status == 128 + signal.SIGSYS
    assert re.search("system call of leakshim's own was under way when the program was killed: [a-z]+", text(done)), done


def test_a_filter_that_was_not_installed_changes_nothing(box):
    done = under_run([victim("behind_a_list"), "fault"], box / "trace")
    assert done.status == 7, done
    whole = report(box / "trace")
    assert SAYS not in text(done) and whole["summary"]["filter"] is None and whole["summary"]["scan"]["done"] is True
    assert whole["summary"]["classes"]["definite"]["blocks"] == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_behind_a_list_without_what_our_handlers_need_signals_do_what_they_do_alone(number, box):
    with Server([victim("behind_a_list"), "wait"], preload(box), box) as server:
        wait_until(lambda: b"done" in server.log.read_bytes(), "the end of its work")
        assert server.end(number) == 128 + number


@pytest.mark.parametrize("how", ["prctl", "trap", "errno", "lie"])
@pytest.mark.parametrize("way", ["preloaded", "run", "only the second"])
def test_a_program_started_behind_a_list_does_what_it_does_alone(how, way, box):
    program = [victim("behind_a_list"), how, victim("leak_then_end"), "exit"]
    bare = run(program)
    assert bare.status == 3, bare
    if way == "run":
        done = under_run(program, box / "trace")
    elif way == "preloaded":
        done = preloaded(program, box)
    else:
        program[2:2] = ["/usr/bin/env", f"LD_PRELOAD={SHIM}", f"LEAKSHIM_OPTIONS=dir={box}"]
        done = run(program)
    assert (done.status, done.stdout) == (bare.status, bare.stdout), done
    assert ASIDE in text(done) or "permission denied" in text(done), done


def test_under_run_a_harmless_filter_that_was_there_before_keeps_nothing_from_us(box):
    done = run([victim("under_docker_filter"), LEAKSHIM, "run", "-o", box / "trace", "--", victim("leak_then_end"), "exit"])
    assert done.status == 3, done
    whole = report(box / "trace")
    assert counted(whole, "few") == (10, 1000)
    assert whole["summary"]["scan"]["done"] is True


def test_under_run_under_a_harmless_filter_children_by_posix_spawn_are_traced(box):
    script = "import os; os.waitpid(os.posix_spawn(*sys.argv[1:2], sys.argv[1:], os.environ), 0)"
    done = run([victim("under_docker_filter"), LEAKSHIM, "run", "--", "/usr/bin/python3", "-c", "import sys;" + script,
                victim("leak_then_end"), "exit"])
    assert ASIDE not in text(done) and "few" in text(done), done


def test_in_a_container_whose_engine_is_known_a_preloaded_program_is_traced(box):
    if os.geteuid():
        pytest.skip("wants root, to make namespaces")
    done = run(["/usr/bin/unshare", "-p", "-f", "--mount-proc", victim("under_docker_filter"), "/usr/bin/env",
                *(f"{k}={v}" for k, v in preload(box, env={}).items()), "container=podman", victim("leak_then_end"), "exit"])
    assert done.status == 3, done
    assert counted(report(only_trace(box, "leak_then_end")), "few") == (10, 1000)


def test_behind_a_list_without_proc_a_program_that_follows_is_left_alone(box):
    if os.geteuid():
        pytest.skip("wants root, to make namespaces")
    program = [victim("behind_a_list"), "prctl", victim("leak_then_end"), "exit"]
    hidden = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    assert run([*hidden, *program]).status == 3
    done = preloaded([*hidden, *program], box)
    assert done.status == 3 and ASIDE in text(done), done
