# SPDX-License-Identifier: MIT
"""What the program closes is closed: no process of ours keeps it open, not for an instant."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import LEAKSHIM, Server, children, preload, run, victim, wait_until

WAYS = ["epoll", "pipe", "flock", "listen"]


def look(pid, way):
    """Asks for one and waits until it is over."""
    if way == "signal":
        os.kill(pid, signal.SIGUSR1)
        time.sleep(0.03)
    else:
        assert run([LEAKSHIM, "snapshot", pid, "-o", "/dev/null"]).status in (0, 1, 2)


def looked_at(box, pid, server, looks):
    began = time.monotonic()
    for i in range(looks):
        look(pid, ("request", "signal")[i % 2])
        if time.monotonic() - began > 20:
            break
    wait_until(lambda: b" wrong of " in server.log.read_bytes(), "the victim", 60)
    return re.search(rb"(\d+) wrong of (\d+)", server.log.read_bytes())


@pytest.mark.parametrize("settings", [{}, {"pause": 0}], ids=["copy", "without a copy"])
@pytest.mark.parametrize("way", WAYS)
def test_what_the_program_closes_is_closed_at_once_also_under_looks(way, settings, box):
    env = preload(box, report="signal", **settings)
    with Server([victim("closes_under_looks"), way, "2", box / "file"], env, box) as server:
        wait_until(lambda: os.path.exists(box / "file") or way != "flock", "the file")
        time.sleep(0.2)
        found = looked_at(box, server.pid, server, 12)
        assert int(found[1]) == 0 and int(found[2]) > 100


@pytest.mark.parametrize("way", WAYS)
def test_what_a_thread_closes_while_the_report_at_the_end_is_made_is_closed_at_once(way, box):
    for _ in range(3):
        done = run([victim("closes_under_looks"), way, "60", box / "file", "exit"], preload(box, level="paranoid"))
        assert done.status == 0 and "LEAK" in done.text and b"wrong" not in done.stdout, done


def test_what_a_fork_child_closes_is_closed_at_once_also_under_looks(box):
    env = preload(box, report="none")
    with Server([victim("closes_under_looks"), "epoll", "2", box / "file", "fork"], env, box) as server:
        wait_until(lambda: list(box.glob("*.trace")), "a trace")
        time.sleep(0.2)
        pids = {int(path.name.split(".")[-2]) for path in box.glob("closes*.trace")} - {server.pid}
        for pid in pids:
            for _ in range(8):
                run([LEAKSHIM, "snapshot", pid, "-o", "/dev/null"])
        wait_until(lambda: b" wrong of " in server.log.read_bytes(), "the victim", 60)
        assert pids and b"\n0 wrong of " in b"\n" + server.log.read_bytes()


@pytest.mark.parametrize("way", WAYS)
def test_without_close_range_the_same_holds(way, box):
    env = preload(box, report="none")
    argv = [victim("under_docker_filter"), "old", victim("closes_under_looks"), way, "2", box / "file"]
    with Server(argv, env, box) as server:
        time.sleep(0.4)
        for n in range(5):
            done = run([LEAKSHIM, "snapshot", server.pid, "-o", box / f"copy.{n}"])
        assert b"scan of" in done.stdout, done
        wait_until(lambda: b" wrong of " in server.log.read_bytes(), "the victim", 60)
        assert b"\n0 wrong of " in b"\n" + server.log.read_bytes()


@pytest.mark.parametrize("settings", [{}, {"pause": 0}], ids=["copy", "without a copy"])
def test_who_keeps_a_close_waiting_is_not_modest_yet(settings, box):
    """A modest process waits a second for a processor of a busy machine, and the program's close() with it."""
    if not shutil.which("strace"):
        pytest.skip("wants strace")
    env = preload(box, report="none", **settings)
    with Server(["strace", "-f", "-e", "trace=setpriority,readlink", "-o", box / "calls", victim("lost_while_it_runs")], env, box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        for turn in range(300):
            if turn % 30 == 0:
                for pid in children(server.pid):
                    if Path(f"/proc/{pid}/comm").read_text().startswith("lost_while"):
                        os.kill(pid, signal.SIGUSR1)
            if "setpriority" in (box / "calls").read_text():
                break
            time.sleep(0.1)
        time.sleep(0.5)
        lines = (box / "calls").read_text().splitlines()
    modest = {line.split()[0] for line in lines if "setpriority(PRIO_PROCESS, 0, 19)" in line}
    for one in modest:
        own = [line for line in lines if line.split()[0] == one]
        first = next(i for i, line in enumerate(own) if "setpriority" in line)
        assert not any("/fd/" in line for line in own[first:]), own
    assert any("/fd/" in line for line in lines) and modest, lines[-20:]


@pytest.mark.parametrize("settings", [{}, {"pause": 0}], ids=["copy", "without a copy"])
def test_a_look_leaves_the_program_as_likely_to_be_killed_for_want_of_memory_as_it_was(settings, box):
    env = preload(box, report="none", **settings)
    with Server([victim("lost_while_it_runs")], env, box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        before = open(f"/proc/{server.pid}/oom_score_adj").read()
        look(server.pid, "request")
        assert open(f"/proc/{server.pid}/oom_score_adj").read() == before
