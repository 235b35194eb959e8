# SPDX-License-Identifier: MIT
"""What nobody saw is not said: neither that nothing was lost where nobody looked, nor why something failed if it was for another reason."""
import os
import signal
import subprocess

import pytest

from harness import LEAKSHIM, end_group, only_trace, preload, preloaded, public_copy, report, run, victim, wait_until

CLAIMS = ("nothing was missed", "no leaks.", "no leaks,", "in flight", "in-flight")


def deprived(box, *words, **settings):
    (box / "empty").mkdir(exist_ok=True)
    done = run([victim("deprived"), *words], {**preload(box, **settings), "EMPTY": str(box / "empty")})
    if done.status == 77:
        pytest.skip(f"this system does not let a program do that: {words}")
    return done


@pytest.fixture
def asked(box):
    """Runs to its first "tell", has a report made there, and goes on to its end; returns what stands on stderr."""

    def run_and_ask(*words, ready=lambda text: "leakshim: trace" in text, **settings):
        log = box / "log"
        with open(log, "wb") as errors:
            process = subprocess.Popen([victim("deprived"), *words], env=preload(box, **settings), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
        try:
            if process.stdout.readline() != b"ready\n":
                pytest.skip("this system does not let a program do that")
            os.kill(process.pid, signal.SIGUSR1)
            wait_until(lambda: ready(log.read_text()), "the report")
            process.stdin.write(b"\n")
            process.stdin.close()
            process.wait(60)
            return log.read_text()
        finally:
            end_group(process.pid)
            process.wait()

    return run_and_ask


@pytest.mark.parametrize("words, why", [
    (["lose", "memory"], "no memory for it"), (["lose", "data"], "no memory for it"), (["lose", "proc"], "/proc/self/maps"),
    (["lose", "thread", "no file"], "threads could not be listed"), (["lose", "root"], "/proc/self/maps"),
    (["lose", "kill"], "ended so that nobody could look")])
def test_what_nobody_could_look_at_is_not_called_clean(words, why, box):
    done = deprived(box, *words)
    trace = only_trace(box)
    text = run([LEAKSHIM, "report", trace]).stdout.decode()
    assert "leakshim: NOT CLASSIFIED" in text and why in text and not any(claim in text for claim in CLAIMS), text
    assert not any(claim in done.text for claim in CLAIMS), done
    whole = report(trace)
    assert why in whole["summary"]["not_classified"] and whole["summary"]["classes"]["unclassified"]["blocks"] >= 20
    checked = run([LEAKSHIM, "check", trace])
    assert checked.status == 2 and why in checked.stdout.decode(), checked


def test_what_was_made_after_the_latest_look_is_not_in_flight_where_the_end_could_not_look(asked, box):
    text = asked("lose", "tell", "lose", "memory")
    whole = report(only_trace(box))
    assert whole["summary"]["classes"]["definite"]["blocks"] == 20 and whole["summary"]["classes"]["in-flight"]["blocks"] == 0
    assert whole["summary"]["classes"]["unclassified"]["blocks"] == 20, whole["summary"]
    assert "made after the latest look; the latest scan for pointers failed" in text.split("leakshim: report of ")[2], text
    assert run([LEAKSHIM, "check", only_trace(box)]).status == 1
    assert run([LEAKSHIM, "check", "--fail-on", "held", only_trace(box)]).status == 2


def test_what_was_made_between_a_look_and_a_kill_is_not_in_flight(asked, box):
    asked("tell", "lose", "kill", age=0)
    assert report(only_trace(box))["summary"]["classes"]["in-flight"]["blocks"] == 0
    assert run([LEAKSHIM, "check", only_trace(box)]).status == 2


@pytest.mark.parametrize("words", [["thread", "memory"], ["thread", "no file"], ["thread", "kill"], ["thread", "proc"]])
def test_a_thread_of_which_nobody_knows_whether_it_has_ended_is_no_leak(words, box):
    done = deprived(box, *words)
    text = run([LEAKSHIM, "report", only_trace(box)]).stdout.decode()
    assert "LEAK: 20 times" in text and "thread.pthread_join" not in text + done.text, (text, done)
    assert "thread.pthread_join" in run([LEAKSHIM, "report", "--show", "all", only_trace(box)]).stdout.decode()


def test_a_thread_that_runs_is_no_leak_where_nobody_has_looked_yet(box):
    process = subprocess.Popen([victim("deprived"), "lose", "thread", "tell"], env=preload(box), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        process.stdout.readline()
        for what in (process.pid, only_trace(box)):
            text = run([LEAKSHIM, "report", what]).stdout.decode()
            assert "thread.pthread_join" not in text and "LEAK: 20 times so far" in text, text
            assert f"nobody has looked yet; next: leakshim snapshot {process.pid}" in text, text
    finally:
        end_group(process.pid)
        process.wait()


def test_what_a_thread_holds_is_not_lost_where_the_threads_cannot_be_listed(box):
    done = deprived(box, "detached", "files")
    summary = report(only_trace(box))["summary"]
    assert summary["classes"]["definite"]["blocks"] == summary["classes"]["possible"]["blocks"] == 0, summary
    assert "RLIMIT_NOFILE" in done.text and "given up the right" not in done.text, done


def test_a_program_with_one_thread_is_judged_where_its_threads_cannot_be_listed(box):
    done = deprived(box, "lose", "files")
    assert report(only_trace(box))["summary"]["classes"]["definite"]["blocks"] == 20, done


@pytest.mark.parametrize("words, why", [(["files"], "may not open another file (RLIMIT_NOFILE)"),
                                        (["root"], "does not lie at its place any more as the program sees it")])
def test_the_true_reason_is_said_why_no_report_comes_by_itself(words, why, box):
    done = deprived(box, "lose", *words)
    assert why in done.text and "given up the right" not in done.text and f"leakshim report {only_trace(box)}" in done.text, done


def test_who_gave_up_its_rights_and_has_no_other_place_says_so(box):
    if os.getuid():
        pytest.skip("wants root, to become somebody else")
    shim, analyzer, (program,) = public_copy(box, victim("gives_up_its_rights"))
    folder = box / "own"
    folder.mkdir(0o700)
    done = run([program], {**preload(box, trace=folder / "a.trace", analyzer=analyzer), "LD_PRELOAD": shim})
    assert done.status == 4 and "has given up the right to read its own trace" in done.text, done


def test_a_limit_that_the_program_could_lift_does_not_stop_the_report(box):
    done = deprived(box, "lose", "files softly")
    assert "LEAK: 20 times" in done.text and "cannot be opened" not in done.text, done


def test_a_report_whose_program_is_killed_says_where_the_trace_is(box):
    done = deprived(box, "lose", "stack")
    assert f"the trace is {only_trace(box)}" in done.text or "LEAK: 20 times" in done.text, done


def test_a_program_that_runs_where_there_is_no_proc_is_not_said_to_have_ended(asked):
    first = asked("lose", "proc", "tell").split("leakshim: report of ")[1]
    assert "still running" in first and "without a word" not in first, first


def test_where_nothing_was_alive_no_threads_are_counted(asked):
    first = asked("tell", report="signal", ready=lambda text: "by class" in text).split("leakshim: report of ")[1]
    assert "scan of 0" not in first, first


def test_a_trace_that_was_removed_is_called_that(box):
    process = subprocess.Popen([victim("deprived"), "lose", "tell"], env=preload(box), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        process.stdout.readline()
        assert "is traced" in run([LEAKSHIM, "doctor", process.pid]).stdout.decode()
        only_trace(box).unlink()
        for command in ("report", "snapshot", "top"):
            said = run([LEAKSHIM, command, process.pid], cwd=box)
            assert said.status == 2 and "its trace was removed" in said.text, said
        assert "is traced" not in run([LEAKSHIM, "doctor", process.pid]).stdout.decode()
    finally:
        end_group(process.pid)
        process.wait()


@pytest.mark.parametrize("level", ["paranoid", "simple"])
def test_where_there_is_no_space_for_the_trace_that_is_the_reason(level, box):
    disk = box / "disk"
    disk.mkdir()
    if run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=192k", "none", disk]).status:
        pytest.skip("cannot mount a tmpfs here")
    try:
        done = preloaded([victim("keeps_many"), "300000", "20", "30"], disk, settings={"level": level})
    finally:
        run(["/usr/bin/umount", disk])
    said = done.text
    assert "NOT COMPLETE" in said and "no space for the trace" in said, done
    assert not any(wrong in said for wrong in ("nobody could look", "did not look", "none of it was allocated", "no leaks.")), done
