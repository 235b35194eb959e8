# SPDX-License-Identifier: MIT
"""A look holds the program for as long as it says, and somebody who waits for it does not wait long."""
import subprocess

from harness import LEAKSHIM, Server, children, preload, preloaded, report, traces, victim, wait_until


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
