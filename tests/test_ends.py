# SPDX-License-Identifier: MIT
"""However a program ends, the trace is complete, counts exactly and names the end."""
import os
import subprocess
import time

import pytest

from harness import (LEAKSHIM, counted, end_group, only_trace, preload, preloaded, report, run,
                     traces, under_run, victim, wait_until)

# way to end -> status as a shell shows it, what the report calls the end when nobody watched the
# process die, and when `leakshim run` did
ENDS = {
    "return": (2, "exit", "exit"),
    "exit": (3, "exit", "exit"),
    "_exit": (4, "_exit", "_exit"),
    "_Exit": (5, "_exit", "_exit"),
    "quick_exit": (6, "quick_exit", "quick_exit"),
    "abort": (134, "abort", "abort"),
    "segv": (139, "signal", "signal"),
    "term": (143, "signal", "signal"),
    "kill": (137, "none", "signal"),
    "exec": (0, "exec", "exec"),
}


def check_both_sites(whole):
    assert counted(whole, "few") == (10, 1000)
    assert counted(whole, "many") == (10000, 500000)
    assert whole["summary"]["complete"] is True


@pytest.mark.parametrize("way", ENDS)
def test_preloaded_program_is_counted_exactly_and_its_end_is_named(way, box):
    done = preloaded([victim("leak_then_end"), way], box)
    status, end, _ = ENDS[way]
    assert done.status == status, done
    whole = report(only_trace(box, "leak_then_end"))
    check_both_sites(whole)
    assert whole["summary"]["end"] == end


@pytest.mark.parametrize("way", ENDS)
def test_leakshim_run_passes_the_status_on_and_reports_every_end(way, box):
    done = under_run([victim("leak_then_end"), way], box / "t.trace")
    status, _, end = ENDS[way]
    assert done.status == status, done
    assert done.stdout == b""
    whole = report(box / "t.trace")
    check_both_sites(whole)
    assert whole["summary"]["end"] == end
    assert "LEAK:" in done.text
    assert "10,000 times" in done.text and "10 times" in done.text, done


def test_exit_prints_the_report_on_stderr_and_says_where_the_trace_is(box):
    done = preloaded([victim("leak_then_end"), "exit"], box)
    assert done.stdout == b""
    assert sum(line.startswith("LEAK:") for line in done.text.splitlines()) >= 2, done
    assert str(only_trace(box)) in done.text


def test_report_none_prints_nothing(box):
    done = preloaded([victim("leak_then_end"), "exit"], box, settings={"report": "none"})
    assert (done.status, done.stdout, done.text) == (3, b"", "")
    check_both_sites(report(only_trace(box)))


def test_what_a_program_still_holds_when_it_execs_is_no_leak(box):
    done = under_run(["/bin/bash", "-c", "exec true"], box / "t.trace")
    assert done.status == 0, done
    assert report(box / "t.trace")["summary"]["end"] == "exec"
    assert "LEAK:" not in done.text, done


def test_what_is_made_after_an_exec_that_failed_is_reported(box):
    done = under_run([victim("failed_exec")], box / "t.trace")
    assert done.status == 137, done
    assert "10,000 times" in done.text and "no leaks" not in done.text, done


def test_exec_of_the_same_program_leaves_a_trace_for_each(box):
    done = preloaded([victim("leak_then_end"), "exec_self"], box)
    assert done.status == 3, done
    ends = [report(trace)["summary"]["end"] for trace in traces(box, "leak_then_end")]
    assert sorted(ends) == ["exec", "exit"]
    for trace in traces(box, "leak_then_end"):
        check_both_sites(report(trace))


def test_kill_9_still_leaves_a_report(box):
    done = preloaded([victim("leak_then_end"), "kill"], box)
    assert done.status == 137
    done = run([LEAKSHIM, "report", only_trace(box)])
    assert done.status == 0, done
    assert b"10,000 times" in done.stdout and b"few" in done.stdout


@pytest.mark.parametrize("way", ["exit", "_exit", "abort", "kill"])
def test_fork_child_has_a_trace_of_its_own_without_the_parents_blocks(way, box):
    done = preloaded([victim("fork_both_leak"), way], box)
    assert done.status == 0, done
    whole = [report(trace) for trace in traces(box, "fork_both_leak")]
    assert len(whole) == 2
    child = next(r for r in whole if counted(r, "leak_in_child")[0])
    parent = next(r for r in whole if r is not child)
    assert counted(child, "leak_in_child") == (7, 490)
    assert counted(child, "leak_before") == (0, 0)
    assert counted(parent, "leak_before") == (10, 1000)
    assert counted(parent, "leak_in_child") == (0, 0)
    assert parent["summary"]["end"] == "exit"


def test_child_that_allocates_between_fork_and_exec_breaks_nothing(box):
    done = preloaded([victim("leak_between_fork_and_exec")], box)
    assert done.status == 0, done
    ends = {}
    for trace in traces(box, "leak_between_fork_and_exec"):
        whole = report(trace)
        ends[whole["summary"]["end"]] = counted(whole, "leak_before")
    assert ends["exit"] == (10, 1000)
    assert ends.get("exec", (0, 0)) == (0, 0)


@pytest.mark.parametrize("way", ["vfork", "vfork_fails", "spawn", "raw_clone", "system", "popen"])
def test_children_leave_the_parents_counts_alone(way, box):
    done = preloaded([victim("start_children"), way], box)
    bare = run([victim("start_children"), way])
    assert (done.status, done.stdout) == (bare.status, bare.stdout), done
    parents = [t for t in traces(box, "start_children") if t.name.split(".")[-2] == str(done.pid)]
    assert len(parents) == 1, traces(box)
    whole = report(parents[0])
    assert counted(whole, "leak") == (15, 1500)
    assert whole["summary"]["end"] == "exit"
    assert whole["summary"]["complete"] is True


def test_follow_no_leaves_fork_children_alone(box):
    done = preloaded([victim("fork_both_leak")], box, settings={"follow": "no"})
    assert done.status == 0, done
    assert [t.name for t in traces(box)] == [f"fork_both_leak.{done.pid}.trace"]
    assert counted(report(only_trace(box)), "leak_before") == (10, 1000)


def test_daemon_that_closes_every_descriptor_is_followed(box):
    note = box / "note"
    done = preloaded([victim("daemon_leaks"), note], box)
    assert done.status == 0, done
    pid = int(wait_until(lambda: note.exists() and note.read_text().strip(), "the daemon"))
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the daemon's end")
    trace = [t for t in traces(box) if t.name == f"daemon_leaks.{pid}.trace"]
    assert len(trace) == 1, traces(box)
    whole = report(trace[0])
    assert counted(whole, "leak_as_daemon") == (10, 1000)
    assert whole["summary"]["end"] == "exit"


def test_thread_that_outlives_main_is_counted(box):
    done = preloaded([victim("thread_outlives_main")], box)
    assert done.status == 0, done
    whole = report(only_trace(box))
    assert counted(whole, "leak_late") == (10, 1000)
    assert whole["summary"]["end"] == "exit"


def test_threads_that_still_allocate_do_not_disturb_the_report(box):
    done = preloaded([victim("threads_churn_while_main_returns")], box)
    assert done.status == 0, done
    whole = report(only_trace(box))
    assert counted(whole, "leak") == (10, 1000)
    assert counted(whole, "churn")[0] <= 4


def test_fork_from_threads_that_allocate_never_hangs(box):
    done = preloaded([victim("fork_while_threads_churn")], box, settings={"report": "none"})
    assert done.status == 0, done
    assert len(traces(box)) == 201


def test_many_programs_at_once_have_a_trace_each(box):
    script = "for i in 1 2 3 4 5 6 7 8; do '%s' exit & done; wait" % victim("leak_then_end")
    done = preloaded(["/bin/sh", "-c", script], box, settings={"report": "none"})
    assert done.status == 0, done
    found = traces(box, "leak_then_end")
    assert len(found) == 8
    for trace in found:
        check_both_sites(report(trace))


@pytest.mark.parametrize("way, status", [("_exit", 4), ("quick_exit", 6), ("abort", 134), ("segv", 139),
                                         ("term", 143)])
def test_an_end_while_another_thread_holds_the_loaders_lock_does_not_hang(way, status, box):
    library = box / "hangs.so"
    subprocess.run(["/usr/bin/cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], check=True,
                   input=b"#include <unistd.h>\n__attribute__((constructor)) static void f(void) { sleep(100); }")
    done = preloaded([victim("end_while_a_library_loads"), library, way], box, timeout=30)
    assert done.status == status, done
    assert counted(report(only_trace(box)), "leak") == (10, 1000)


def test_a_missing_analyzer_is_said_in_one_line_and_harms_nothing(box):
    done = preloaded([victim("leak_then_end"), "exit"], box, settings={"analyzer": "/nowhere/leakshim"})
    assert (done.status, done.stdout) == (3, b"")
    lines = done.text.splitlines()
    assert len(lines) <= 2 and "leakshim" in done.text and "report" in done.text, done
    check_both_sites(report(only_trace(box)))


def test_report_of_a_program_that_still_runs_counts_what_is_alive(box):
    program = subprocess.Popen([victim("leak_then_end"), "pause"], env=preload(box),
                               start_new_session=True)
    try:
        trace = wait_until(lambda: traces(box, "leak_then_end"), "a trace")[0]
        wait_until(lambda: run([LEAKSHIM, "report", trace]).status == 0, "a trace that has begun")
        wait_until(lambda: counted(report(trace), "many") == (10000, 500000), "all blocks")
        whole = report(trace)
        assert counted(whole, "few") == (10, 1000)
        assert whole["summary"]["end"] == "none"
        time.sleep(0.1)
        assert program.poll() is None
    finally:
        end_group(program.pid)
        program.wait()
