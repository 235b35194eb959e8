# SPDX-License-Identifier: MIT
"""A look holds the program for as long as it says, and somebody who waits for it does not wait long."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import LEAKSHIM, SHIM, Server, children, preload, preloaded, report, run, traces, victim, wait_until


def niceness(pid):
    try:
        return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[16])
    except OSError:
        return None


def test_a_scan_that_somebody_waits_for_has_the_priority_of_the_program(box):
    with Server([victim("lost_while_it_runs")], preload(box, report="none"), box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        mine, seen = niceness(server.pid), set()
        for i in range(40):
            asker = subprocess.Popen([LEAKSHIM, "snapshot", str(server.pid), "-o", box / f"copy{i}"], stdout=subprocess.DEVNULL)
            while asker.poll() is None:
                seen |= {niceness(child) for child in children(server.pid)} - {None}
            if seen:
                break
        assert seen == {mine}


def test_the_scan_makes_the_room_for_its_many_verdicts_itself_and_every_block_has_one(box):
    done = preloaded([victim("keeps_many"), "300000", "16", "64"], box, settings={"report": "none", "keep": "always"})
    assert done.status == 0, done
    summary = report(traces(box)[0])["summary"]
    assert summary["scan"]["done"] and summary["classes"]["unclassified"]["blocks"] == 0
    assert sum(found["blocks"] for found in summary["classes"].values()) > 300000


def peak(pid, restart=False):
    """The most memory that a process has had since it was last restarted, in bytes."""
    if restart:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return 1024 * int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])


def test_what_a_look_without_a_copy_of_one_moment_needs_lies_in_the_scanning_process(box):
    with Server([victim("keeps_many"), "stay", "300000", "16", "64"], preload(box, report="none", pause=0), box) as server:
        wait_until(lambda: server.log.read_bytes().strip(), "the blocks", 60)
        before = peak(server.pid, restart=True)
        done = subprocess.run([LEAKSHIM, "snapshot", str(server.pid), "-o", box / "copy"], capture_output=True)
        assert b"no copy of one moment was made: the scanning process took " in done.stdout, done
        assert peak(server.pid) < 1.1 * before
    summary = report(box / "copy")["summary"]
    assert summary["scan"]["shared"] and summary["scan"]["memory"] > 300000 * 50
    assert sum(found["blocks"] for found in summary["classes"].values()) > 300000
    assert summary["classes"]["unclassified"]["blocks"] == 0


def test_where_the_library_may_not_be_executed_such_a_look_is_taken_in_the_programs_memory(box):
    shim = shutil.copy(SHIM, box)
    os.chmod(shim, 0o644)
    with Server([victim("lost_while_it_runs")], {**preload(box, report="none", pause=0), "LD_PRELOAD": shim}, box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        subprocess.run([LEAKSHIM, "snapshot", str(server.pid), "-o", box / "copy"], capture_output=True)
        scan = report(box / "copy")["summary"]["scan"]
        assert scan["done"] and scan["shared"] and not scan["memory"]


def test_the_library_executed_by_hand_ends_with_a_status_and_does_nothing(box):
    for arguments in ([], ["1", "2"], ["x", "ffffffffffffffff"], ["0", "0"]):
        done = run([SHIM, *arguments])
        assert (done.status, done.stdout, done.stderr) == (64, b"", b""), done


def limited(name, size):
    """A control group with so much memory, version 1 or 2; skips where none can be made."""
    for root, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        folder = Path(root) / name
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            if not (folder / limit).exists():
                raise OSError
            (folder / limit).write_text(str(size))
            return folder
        except OSError:
            folder.rmdir()
    pytest.skip("no control group can be made here")


def test_a_look_that_would_take_more_than_a_tenth_of_what_is_left_is_not_taken_and_says_so(box):
    group = limited(f"leakshim-{os.getpid()}", 300 << 20)
    try:
        command = ["/bin/sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh", victim("keeps_many"), "stay", "1600000", "8",
                   "16"]
        with Server(command, preload(box, report="none"), box) as server:
            wait_until(lambda: server.log.read_bytes().strip(), "the blocks", 60)
            done = subprocess.run([LEAKSHIM, "snapshot", str(server.pid), "-o", box / "copy"], capture_output=True)
            assert b"more than a tenth of the memory that is left" in done.stdout, done
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text(), "the group to be empty")
        group.rmdir()


def test_the_median_and_the_worst_pause_of_all_looks_are_told(box):
    with Server([victim("lost_while_it_runs")], preload(box, report="none"), box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        for i in range(3):
            done = subprocess.run([LEAKSHIM, "snapshot", str(server.pid), "-o", box / f"copy{i}"], capture_output=True)
        scan = report(box / "copy2")["summary"]["scan"]
        assert b"(median of 3 looks " in done.stdout and 0 < scan["pause_median"] <= scan["pause_worst"]


def test_a_machine_on_which_many_want_to_run_makes_a_look_foresee_a_longer_pause(box):
    spinners = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) for _ in range(6 * os.cpu_count())]
    try:
        with Server([victim("lost_while_it_runs")], preload(box, report="none"), box) as server:
            wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
            subprocess.run([LEAKSHIM, "snapshot", str(server.pid), "-o", box / "copy"], capture_output=True)
            assert report(box / "copy")["summary"]["scan"]["predicted"] >= 0.0006
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
