# SPDX-License-Identifier: MIT
"""Requests for a look, where no signal can be sent: the next thread that allocates makes it."""
import subprocess

import pytest

from harness import LEAKSHIM, end_group, preload, preloaded, report, run, stack, victim

WAYS = ["instruction", "syscall", "sigaction"]


def asked(box, argv, times=3, **settings):
    """What the program said when it had been asked so often, and how the askers ended."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                               env=preload(box, report="none", age=0, **settings))
    try:
        assert process.stdout.readline() == b"ready\n"
        askers = [run([LEAKSHIM, "snapshot", process.pid, "-o", box / f"{number}.copy"]) for number in range(times)]
        return process.communicate(timeout=60)[0].decode(), process.returncode, askers
    finally:
        end_group(process.pid)
        process.wait()


@pytest.mark.parametrize("way", WAYS)
def test_a_program_that_took_all_signals_never_gets_a_request_and_that_is_said(way, box):
    said, status, askers = asked(box, [victim("takes_all_signals"), way], times=1)
    assert (said, status) == ("over\n", 0)
    for asker in askers:
        assert asker.status == 0 and "nor did one allocate meanwhile" in asker.text, asker
        assert ("past libc" in asker.text) == (way == "instruction"), asker


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("level", ["paranoid", "simple"])
def test_a_program_that_took_all_signals_is_looked_at_where_it_allocates(level, way, box):
    said, status, askers = asked(box, [victim("takes_all_signals"), way, "allocates"], level=level, sample=1)
    assert (said, status) == ("over\n", 0)
    for number, asker in enumerate(askers):
        assert asker.status == 0 and "request" not in asker.text, asker
        whole = report(box / f"{number}.copy")
        assert whole["summary"]["scan"]["done"]
        lost = {stack(group)[0]: group["count"] for group in whole["leaks"] if group["class"] in ("definite", "possible")}
        assert lost == {"lose": 10}


def test_signal_none_leaves_requests_to_the_next_thread_that_allocates(box):
    said, status, askers = asked(box, [victim("takes_all_signals"), "none", "allocates"], signal="none")
    assert (said, status) == ("over\n", 0)
    assert all("request" not in asker.text for asker in askers), askers
    assert report(box / "2.copy")["summary"]["scan"]["done"]


def test_a_program_that_blocks_all_signals_is_looked_at_where_it_allocates(box):
    said, status, askers = asked(box, [victim("takes_all_signals"), "blocked", "allocates"])
    assert (said, status) == ("over\n", 0)
    assert all("request" not in asker.text for asker in askers), askers
    assert report(box / "2.copy")["summary"]["scan"]["done"]


@pytest.mark.parametrize("way", WAYS)
def test_threads_of_a_program_that_took_all_signals_get_none_at_its_end(way, box):
    """There those that run are stopped by the signal of requests, for a moment."""
    done = preloaded([victim("takes_all_signals"), way, "spins"], box, settings={"report": "none"})
    assert (done.status, done.stdout) == (0, b"ready\nover\n"), done
