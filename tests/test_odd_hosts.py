# SPDX-License-Identifier: MIT
"""Programs that do odd things to themselves do and say the same while they are looked at as bare."""
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import LEAKSHIM, end_group, environment, preload, run, victim

KINDS = run([victim("odd_hosts")]).stdout.decode().split()


def catches(pid, number):
    status = open(f"/proc/{pid}/status").read()
    masks = {line.split()[0]: int(line.split()[1], 16) for line in status.splitlines() if line[:6] in ("SigCgt", "SigBlk")}
    return masks["SigCgt:"] & ~masks["SigBlk:"] & 1 << number - 1


def live(kind, folder, is_looked_at):
    """(status, output) of the victim, which is asked for a scan and for a report meanwhile."""
    folder.mkdir(parents=True)
    env = preload(folder) if is_looked_at else environment()
    with open(folder / "errors", "wb") as errors:
        process = subprocess.Popen([victim("odd_hosts"), kind], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=env,
                                   start_new_session=True)
    try:
        if is_looked_at:
            time.sleep(0.15)
            run([LEAKSHIM, "snapshot", process.pid, "-o", folder / "copy"])
            try:
                if process.poll() is None and catches(process.pid, signal.SIGUSR1):
                    os.kill(process.pid, signal.SIGUSR1)
            except (ProcessLookupError, FileNotFoundError):
                pass
        said, _ = process.communicate(timeout=60)
        return process.returncode, said.decode()
    finally:
        end_group(process.pid)
        process.wait()


def test_the_report_of_a_job_in_the_background_stops_nobody_at_a_terminal_that_would(tmp_path):
    """stty tostop: who writes to the terminal from the background is stopped, with all of its group."""
    program = tmp_path / "job.py"
    program.write_text("""
import os, pty, subprocess, sys, termios, time
pid, master = pty.fork()
if pid:
    end = time.time() + 30
    try:
        while time.time() < end and os.read(master, 4096):
            pass
    except OSError:
        pass
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
settings = termios.tcgetattr(0)
settings[3] |= termios.TOSTOP
termios.tcsetattr(0, termios.TCSANOW, settings)
job = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, process_group=0)
_, status = os.waitpid(job.pid, os.WUNTRACED)
os._exit(99 if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status))
""")
    (tmp_path / "traces").mkdir()
    loses = ["env", *(f"{k}={v}" for k, v in preload(tmp_path / "traces").items() if k.startswith(("LD_", "LEAKSHIM"))), victim("odd_hosts"),
             "has_a_foreign_thread_area"]
    try:
        done = run([sys.executable, program, *loses])
    except OSError as error:
        pytest.skip(f"no pseudo terminal here: {error}")
    if b"out of pty devices" in done.stderr:
        pytest.skip("no pseudo terminal here")
    assert done.status == 0, done


def test_a_program_with_a_small_stack_is_reported(tmp_path):
    (tmp_path / "traces").mkdir()
    done = run(["sh", "-c", 'ulimit -s 160 && exec "$0" has_a_foreign_thread_area', victim("odd_hosts")], env=preload(tmp_path / "traces"))
    assert done.status == 0 and b"LEAK" in done.stderr, done


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lives")
    with ThreadPoolExecutor(6) as pool:  # they sleep
        jobs = {(kind, way): pool.submit(live, kind, folder / kind / str(way), way) for kind in KINDS for way in (False, True)}
        return {key: job for key, job in jobs.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_of_an_odd_kind_lives_as_without_us(kind, lives):
    bare, looked_at = lives[kind, False].result(), lives[kind, True].result()
    assert bare[0] == 0 and bare[1].startswith(f"{kind}: ")
    assert looked_at == bare
