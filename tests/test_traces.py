# SPDX-License-Identifier: MIT
"""Traces that nobody needs go away, nothing else does, and `leakshim run` puts its own where it is told to."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import LEAKSHIM, Server, counted, environment, only_trace, preload, preloaded, report, run, traces, victim, wait_until

SHOWN = {"keep": "leaks"}
DAYS = 2 * 86400


def text(done):
    return (done.stdout + done.stderr).decode(errors="replace")


def age(path, seconds=DAYS):
    """Makes a file look as if nothing had happened to it for a while."""
    os.utime(path, (time.time() - seconds,) * 2)


def listed(folder, *arguments):
    done = run([LEAKSHIM, "traces", *arguments, folder])
    assert done.status == 0, done
    return done.stdout.decode()


def make_dead(folder):
    """A trace of a process that was killed."""
    with Server([victim("lost_while_it_runs")], preload(folder), folder) as server:
        path = wait_until(lambda: traces(folder, "lost_while_it_runs"), "a trace")[0]
        wait_until(lambda: open(path, "rb").read(8) == b"LEAKSHIM", "its header")
        server.end(signal.SIGKILL)
    return path


def test_traces_lists_what_lives_has_ended_and_was_killed(box):
    dead = make_dead(box)
    preloaded([victim("leak_then_end"), "exit"], box)
    with Server([victim("lost_while_it_runs")], preload(box), box) as server:
        wait_until(lambda: len(traces(box, "lost_while_it_runs")) == 2, "its trace")
        lines = listed(box).splitlines()
        states = {line.split()[0]: line.split()[1] for line in lines[1:-1]}
        assert states[str(server.pid)] == "alive"
        assert states[dead.name.split(".")[-2]] == "killed"
        assert sorted(states.values()) == ["alive", "ended", "killed"], lines
        assert "removed 2 of 3" in listed(box, "--remove")
        assert [path.name.split(".")[-2] for path in traces(box)] == [str(server.pid)]


def test_traces_removes_only_what_is_older_and_ours(box):
    preloaded([victim("leak_then_end"), "exit"], box)
    (mine,) = traces(box)
    assert "removed 0 of 1" in listed(box, "--remove", "--older", "1d")
    other = box / "other.1.trace"
    other.write_bytes(b"no trace at all" * 1000)
    linked = box / "linked.2.trace"
    linked.symlink_to(mine)
    twice = box / "twice.3.trace"
    shutil.copy(mine, twice)
    os.link(twice, box / "its other name")
    assert "removed 1 of 1" in listed(box, "--remove")
    assert not mine.exists() and other.exists() and linked.is_symlink() and twice.exists()


def test_traces_leaves_a_folder_that_others_can_write_to_alone(box):
    preloaded([victim("leak_then_end"), "exit"], box)
    box.chmod(0o777)
    done = run([LEAKSHIM, "traces", "--remove", box])
    assert done.status == 2 and len(traces(box)) == 1


@pytest.mark.parametrize("words", [["--older", "1d"], ["--remove", "--older", "soon"], ["a", "b"]])
def test_traces_says_what_it_wants(words):
    done = run([LEAKSHIM, "traces", *words])
    assert done.status == 2 and "traces wants" in text(done) or "--older wants" in text(done), done


def test_at_a_start_old_traces_of_processes_that_are_gone_are_removed(box):
    dead = make_dead(box)
    kept, foreign = box / "kept.trace", box / "foreign.trace"
    subprocess.run(["/usr/bin/cp", "--sparse=always", dead, kept], check=True) # it is cut to size by nobody
    foreign.write_bytes(b"no trace at all" * 1000)
    foreign.chmod(0o600)
    with Server([victim("lost_while_it_runs")], preload(box), box):
        alive = wait_until(lambda: [path for path in traces(box, "lost_while_it_runs") if path != dead], "its trace")[0]
        for path in (dead, alive, foreign):
            age(path)
        preloaded([victim("leak_then_end"), "exit"], box)
        assert not dead.exists() and kept.exists() and alive.exists() and foreign.exists()


def test_at_the_start_of_a_run_old_traces_of_earlier_runs_are_removed(box):
    env = environment(TMPDIR=box)
    run([LEAKSHIM, "run", "--", victim("leak_then_end"), "exit"], env)
    (old,) = traces(box)
    age(old)
    run([LEAKSHIM, "run", "--", victim("leak_then_end"), "exit"], env)
    assert not old.parent.exists() and len(traces(box)) == 1


def test_a_clean_run_leaves_no_trace_unless_it_is_wanted(box):
    env = environment(TMPDIR=box)
    assert run([LEAKSHIM, "run", "--", victim("closes_stderr"), "open", "clean"], env).status == 0
    assert not traces(box) and not list(box.glob("leakshim-*/run-*"))
    env["LEAKSHIM_OPTIONS"] = "keep=always"
    assert run([LEAKSHIM, "run", "--", victim("closes_stderr"), "open", "clean"], env).status == 0
    assert len(traces(box)) == 1


def test_a_program_that_only_became_another_one_leaves_no_trace(box):
    preloaded(["/usr/bin/env", victim("leak_then_end"), "exit"], box, settings=SHOWN)
    assert [path.name.split(".")[0] for path in traces(box)] == ["leak_then_end"]


def test_run_obeys_dir_and_trace_and_makes_the_folder(box):
    env = environment(LEAKSHIM_OPTIONS=f"dir={box}/a/b:level=paranoid")
    done = run([LEAKSHIM, "run", "--", victim("leak_then_end"), "exit"], env)
    assert done.status == 3 and str(only_trace(box / "a" / "b")) in text(done), done
    env = environment(LEAKSHIM_OPTIONS=f"trace={box}/mine.trace")
    done = run([LEAKSHIM, "run", "--", victim("leak_then_end"), "exit"], env)
    assert done.status == 3 and (box / "mine.trace").exists(), done


def went_to_shared_memory(done):
    assert done.status == 3 and "trace /dev/shm/leakshim-" in text(done), done
    return Path("/dev/shm/" + text(done).split("trace /dev/shm/")[1].split(";")[0])


def test_run_goes_elsewhere_where_the_usual_folder_is_somebody_elses(box):
    usual = box / f"leakshim-{os.geteuid()}"
    usual.mkdir()
    usual.chmod(0o777)
    path = went_to_shared_memory(run([LEAKSHIM, "run", "--", victim("leak_then_end"), "exit"], environment(TMPDIR=box)))
    path.unlink()
    path.parent.rmdir()


def test_where_run_goes_since_no_setting_can_hold_a_colon_there_its_traces_are_found(box):
    env = environment(TMPDIR=box / "a:b")
    path = went_to_shared_memory(run([LEAKSHIM, "run", "--", victim("leak_then_end"), "exit"], env))
    try:
        assert str(path) in text(run([LEAKSHIM, "traces"], env))
    finally:
        path.unlink()
        path.parent.rmdir()


def test_run_tells_of_a_daemon_that_goes_on_living(box):
    done = run([LEAKSHIM, "run", "--", "/bin/sh", "-c", f"setsid {victim('lost_while_it_runs')} > {box}/out 2>&1 & "
                f"while ! [ -s {box}/out ]; do sleep 0.05; done"], environment(TMPDIR=box))
    try:
        words = [line for line in text(done).splitlines() if "goes on living" in line]
        assert len(words) == 1 and "leakshim report " in words[0], done
        pid = int(words[0].split("report ")[1])
        assert run([LEAKSHIM, "report", pid]).status == 0
    finally:
        for line in words:
            os.kill(int(line.split("report ")[1]), signal.SIGKILL)


BECOMES_A_DAEMON = r"""
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **arguments)
{
	volatile char *lost;

	if (daemon(1, 1))
		return 2;
	while (access(arguments[1], F_OK))
		usleep(20000);
	lost = malloc(100);
	lost[0] = (char)count;
	lost = 0;
	return 0;
}
"""


def test_a_daemon_that_has_allocated_nothing_when_its_starter_ends_is_named_and_leaves_its_trace(box):
    assert run(["gcc", "-g", "-x", "c", "-", "-o", box / "daemon"], stdin=BECOMES_A_DAEMON.encode()).status == 0
    process = subprocess.Popen([LEAKSHIM, "run", "--", box / "daemon", box / "go"], env=environment(TMPDIR=box), stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    words = b""
    while b"its trace will come" not in words and (line := process.stderr.readline()):
        words += line
    (box / "go").touch()
    process.communicate(timeout=60)
    (folder,) = box.glob("leakshim-*/run-*")
    assert b"goes on living" in words and str(folder).encode() in words, words
    trace = wait_until(lambda: traces(folder, "daemon"), "its trace")[0]
    wait_until(lambda: run([LEAKSHIM, "check", trace]).status == 1, "the end of it")
    assert counted(report(trace), "main") == (1, 100)


def test_a_forked_process_that_has_not_allocated_yet_is_named_as_that(box):
    with Server(["/usr/bin/python3", "-c", "import os, time\nif not os.fork():\n    time.sleep(100)\ntime.sleep(100)"],
                {**preload(box), "PYTHONMALLOC": "pymalloc"}, box) as server:
        child = wait_until(lambda: open(f"/proc/{server.pid}/task/{server.pid}/children").read().split(), "a child")[0]
        time.sleep(0.2)
        done = run([LEAKSHIM, "report", child])
        assert "is not being traced" not in text(done), done


def test_the_report_of_a_program_that_became_another_one_leads_to_the_trace_of_that(tmp_path):
    env = environment(TMPDIR=tmp_path)
    run([LEAKSHIM, "run", "-o", tmp_path / "one.trace", "--", "/bin/sh", "-c", f"exec {victim('leak_then_end')} exit"], env)
    other, = [path for path in traces(tmp_path) if path.name != "one.trace"]
    said = text(run([LEAKSHIM, "report", tmp_path / "one.trace"], env))
    assert "replaced by exec; nothing was missed until then." in said, said
    assert f"went on as another program: leakshim report {other}\n" in said, said
    other.unlink()
    said = text(run([LEAKSHIM, "report", tmp_path / "one.trace"], env))
    assert "went on as another program: leakshim traces lists its trace, if it was kept\n" in said, said


def test_the_report_of_a_program_that_became_others_leads_to_the_first_of_them(tmp_path):
    preloaded(["/bin/sh", "-c", f"exec /bin/sh -c 'exec {victim('leak_then_end')} exit'"], tmp_path)
    first, second, last = traces(tmp_path)
    for before, after in ((first, second), (second, last)):
        assert f"leakshim report {after}\n" in text(run([LEAKSHIM, "report", before])), before
    assert "went on" not in text(run([LEAKSHIM, "report", last]))


def test_where_leakshim_run_tells_of_the_other_program_itself_its_report_leads_nowhere(tmp_path):
    done = run([LEAKSHIM, "run", "-o", tmp_path / "one.trace", "--", "/bin/sh", "-c", f"exec {victim('leak_then_end')} exit"],
               environment(TMPDIR=tmp_path))
    assert "replaced by exec; nothing was missed until then." in done.text and "went on" not in done.text, done
