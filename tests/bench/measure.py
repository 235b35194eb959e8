# SPDX-License-Identifier: MIT
"""Runs jobs and measures them: CPU time (user and system) of the whole process tree, wall time, peak memory.

A job that serves is measured from the moment it answers to the end of its load: its own CPU time from
/proc/PID/stat and its peak memory from /proc/PID/status. Everything started here is ended by its own
process group.
"""
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # Debian's own programs, not a developer's
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Run:
    """seconds, KiB and bytes. failed: why there are no figures; said: what the shim wrote to stderr."""
    cpu: float = 0
    wall: float = 0
    peak: int = 0
    trace: int = 0
    failed: str = ""
    said: str = ""


def environment(box):
    keep = {"PATH": PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(box), "TMPDIR": str(box)}
    return keep | {"GIT_CONFIG_NOSYSTEM": "1"}


def filled(words, **places):
    for name, value in places.items():
        words = [word.replace(f"{{{name}}}", str(value)) for word in words]
    return words


def settings(job, variant, box):
    """NAME=VALUE words for the measured program alone."""
    env = {**job.env, **variant.env}
    if variant.preload:
        env["LD_PRELOAD"] = variant.preload
    return filled([f"{name}={value}" for name, value in env.items()], box=box)


def run(job, variant, launch, box, limit, watch=()):
    """One run in an empty folder `box`. watch: words of a profiler before the command."""
    box.mkdir()
    try:
        with open(box / "stderr", "wb") as stderr:
            one = serve if job.load else once
            done = one(job, variant, launch, box, limit, stderr, watch)
        text = (box / "stderr").read_text(errors="replace")
        traces = list(box.rglob("*.trace"))
        done.trace = sum(path.stat().st_blocks * 512 for path in traces)
        done.said = "\n".join(line for line in text.splitlines() if line.startswith("leakshim"))
        if variant.traces and not traces and not done.failed:
            done.failed = "left no trace" + (f": {done.said}" if done.said else "")
        return done
    finally:
        shutil.rmtree(box, ignore_errors=True)


def start(words, box, stderr):
    return subprocess.Popen(words, cwd=box, env=environment(box), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)


def end(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def why(status):
    if status <= 128:
        return f"ends with status {status}"
    try:
        return f"crashes, {signal.Signals(status - 128).name}"
    except ValueError:
        return f"ends with status {status}"


def once(job, variant, launch, box, limit, stderr, watch):
    result = box / "used"
    process = start([launch, str(result), *([] if watch else settings(job, variant, box)), "--",
                     *command(job, variant, box, watch)], box, stderr)
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        return Run(failed=f"over {limit:g} s")
    finally:
        end(process)
    if not result.exists():
        return Run(failed="could not be started")
    status, user, system, wall, peak = map(int, result.read_text().split())
    if status not in variant.fails:
        return Run(failed=why(status))
    return Run(cpu=(user + system) / 1e6, wall=wall / 1e6, peak=peak)


def command(job, variant, box, watch):
    """The words to run; under a profiler, env(1) sets what the profiler itself must not get."""
    inner = ["env", *settings(job, variant, box)] if watch else []
    return [*watch, *inner, *variant.prefix, *job.argv]


def serve(job, variant, launch, box, limit, stderr, watch):
    """The launcher is not needed: a server's own figures are read while it lives."""
    port = free_port()
    words = ["env", *settings(job, variant, box), *variant.prefix, *filled(job.argv, port=port)]
    server, profiler = start(words, box, stderr), None
    try:
        if not wait_for(port, server, limit):
            return Run(failed="does not answer" if server.poll() is None else why(shell_status(server)))
        if watch:
            profiler = start([*watch[:-1], "-p", str(server.pid)], box, stderr)
            time.sleep(0.5)
        before, began = cpu_of(server.pid), time.monotonic()
        load = start(filled(job.load, port=port), box, stderr)
        try:
            load.wait(limit)
        except subprocess.TimeoutExpired:
            return Run(failed=f"over {limit:g} s")
        finally:
            end(load)
        wall = time.monotonic() - began
        if server.poll() is not None:
            return Run(failed=why(shell_status(server)))
        if load.returncode:
            return Run(failed="its load failed")
        done = Run(cpu=cpu_of(server.pid) - before, wall=wall, peak=peak_of(server.pid))
        if profiler:
            profiler.send_signal(signal.SIGINT)
            profiler.wait(60)
        return ended(server, variant, done)
    finally:
        for process in filter(None, (profiler, server)):
            end(process)


def ended(server, variant, done):
    """The server must also end by itself when it is asked to."""
    server.terminate()
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        return Run(failed="does not end on SIGTERM")
    status = shell_status(server)
    return done if status in (*variant.fails, 128 + signal.SIGTERM) else Run(failed=why(status))


def shell_status(process):
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, server, limit):
    until = time.monotonic() + min(limit, 60)
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


def cpu_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_of(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
