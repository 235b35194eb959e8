# SPDX-License-Identifier: MIT
"""What the levels follow, what that costs in memory, and that the usual case leaves the process alone."""
import math
import re
import subprocess

import pytest
from harness import (LEAKSHIM, counted, end_group, only_trace, preload, preloaded, report, run, traces, victim,
                     wait_until)


class Requested:
    """The victim that allocates on request, preloaded."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.process = subprocess.Popen([victim("allocates_on_request")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1, start_new_session=True,
                                        env=preload(folder, report="none", **settings))

    def __enter__(self):
        wait_until(lambda: traces(self.folder), "the trace")
        return self

    def __exit__(self, *unused):
        end_group(self.process.pid)
        self.process.wait()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        assert self.process.stdout.readline() == "done\n"

    def level(self, name):
        done = run([LEAKSHIM, "level", self.process.pid, name])
        assert done.status == 0, done

    def kept(self):
        return counted(report(only_trace(self.folder)), "keep_some")


def test_the_level_of_a_running_program_changes_without_a_restart(tmp_path):
    with Requested(tmp_path, level="disabled") as program:
        program.ask("keep")
        assert program.kept() == (0, 0)
        program.level("paranoid")
        program.ask("keep")
        assert program.kept() == (100, 100000)
        program.level("disabled")
        program.ask("keep")
        assert program.kept() == (100, 100000)
        program.level("paranoid")
        program.ask("keep")
        assert program.kept() == (200, 200000)


@pytest.mark.parametrize("level", ["disabled", "simple", "advanced"])
def test_a_block_followed_earlier_is_let_go_at_a_lower_level(tmp_path, level):
    with Requested(tmp_path) as program:
        program.ask("keep")
        assert program.kept() == (100, 100000)
        program.level(level)
        program.ask("drop")
        assert program.kept() == (0, 0)


def test_an_unknown_level_names_the_nearest_one(tmp_path):
    with Requested(tmp_path) as program:
        done = run([LEAKSHIM, "level", program.process.pid, "paranoit"])
        assert done.status == 2 and b"paranoid" in done.stderr, done


def test_level_of_a_process_that_is_not_traced_is_one_clear_line():
    done = run([LEAKSHIM, "level", "1", "simple"])
    assert done.status == 2 and done.text.count("\n") == 1, done


def test_samples_weighted_by_their_bytes_estimate_the_whole_without_bias(tmp_path):
    """20,000 blocks of 500 to 1,500 bytes, sampled every 64 KiB, in 30 runs with seeds of their own."""
    blocks, least, most, mean, runs = 20000, 500, 1500, 65536, 30
    estimates = []
    for i in range(runs):
        folder = tmp_path / str(i)
        folder.mkdir()
        preloaded([victim("keeps_many"), blocks, least, most], folder,
                  settings={"level": "simple", "sample": mean, "report": "none"})
        whole = report(only_trace(folder))
        found = [g for g in whole["leaks"] if g["bytes"] and 500 <= g["bytes"] / g["count"] <= 1500]
        estimates.append(sum(g["count"] for g in found))
    average = sum(estimates) / runs
    # one block of about 1,000 bytes is hit with p = 1 - exp(-1000 / 65536)
    p = 1 - math.exp(-1000 / mean)
    deviation = math.sqrt(blocks * (1 - p) / p / runs)
    assert len(set(estimates)) > runs // 2
    assert abs(average - blocks) < 4.5 * deviation, (average, deviation, estimates)


@pytest.mark.parametrize("least,most,limit", [(16, 64, 40), (200, 600, 40), (16, 256, 47)])
def test_a_live_block_takes_few_bytes_whatever_its_size(tmp_path, least, most, limit):
    """24 for the block, the rest for the index; most where small blocks lie thinly among larger ones."""
    blocks = 1000000
    command = [victim("keeps_many"), blocks, least, most]
    bare = int(run(command).stdout)
    ours = int(preloaded(command, tmp_path, settings={"report": "none"}).stdout)
    fixed = 4 << 20  # tables, rules, code: whatever the number of blocks
    assert (ours - bare - fixed) / blocks <= limit, (ours - bare) / blocks


@pytest.mark.parametrize("level", ["paranoid", "simple"])
def test_the_usual_malloc_and_free_make_no_system_call(tmp_path, level):
    log = tmp_path / "strace"
    done = run(["/usr/bin/strace", "-f", "-o", log, "-E", "LD_PRELOAD=" + preload(tmp_path)["LD_PRELOAD"],
                "-E", "LEAKSHIM_OPTIONS=" + preload(tmp_path, level=level, sample=1000, report="none")["LEAKSHIM_OPTIONS"],
                victim("steady")])
    if done.status != 0 and "ptrace" in done.text:
        pytest.skip("strace may not trace here: " + done.text.strip())
    assert done.status == 0, done
    by_thread = {}
    for line in log.read_text().splitlines():
        tid, call = line.split(None, 1)
        by_thread.setdefault(tid, []).append(call)
    seen = 0
    for calls in by_thread.values():
        if any(call.startswith("close_range(") and "UNSHARE" in call for call in calls):
            continue  # the process that looks for lost blocks is none of the program's threads
        marks = [i for i, call in enumerate(calls) if call.startswith("getppid(")]
        if len(marks) >= 2:
            between = calls[marks[-2] + 1:marks[-1]]
            # a thread that the kernel stopped inside a lock makes another one wait: rare, and no part of a pair
            waits = [c for c in between if re.match(r"futex\(|sched_yield\(", c)]
            assert not [c for c in between if c not in waits and not re.match(r"---|<\.\.\.", c)], between[:5]
            assert len(waits) < 20, waits[:5]
            seen += 1
    assert seen == 2
