# SPDX-License-Identifier: MIT
"""Runs victims and real programs bare, preloaded and under `leakshim run`, and reads the reports.

Every process that a test starts is ended by its own pid or process group; nothing outlives a test.
"""
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("LEAKSHIM_BUILD", ROOT / "build")).resolve()
SHIM = BUILD / "shim" / "libleakshim.so"
LEAKSHIM = BUILD / "analyzer" / "leakshim"
TIMEOUT = 120

# What Debian's own packages put there; a developer's other interpreters stay out of the way.
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def include_floors():
    """Compiler arguments that show the headers of all floors of the shim."""
    folders = sorted({header.parent for header in (ROOT / "shim").rglob("*.h")})
    return [argument for folder in folders for argument in ("-I", folder)]


class Ended:
    """A program that has ended: status as a shell shows it, both outputs, and the seconds it took."""

    def __init__(self, pid, returncode, stdout, stderr, seconds):
        self.pid = pid
        self.status = returncode if returncode >= 0 else 128 - returncode
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds

    @property
    def text(self):
        return self.stderr.decode(errors="replace")

    def __repr__(self):
        return f"<status {self.status}, stdout {self.stdout[-500:]!r}, stderr {self.text[-3000:]}>"


def victim(name):
    return str(BUILD / "tests" / name)


@functools.cache
def sanitizer_settings():
    """A sanitized analyzer looks for leaks of its own, and ends with 1 where ptrace, which it needs, is refused."""
    done = subprocess.run([LEAKSHIM, "--version"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, check=False,
                          env={"PATH": PATH})
    return {"ASAN_OPTIONS": "detect_leaks=0"} if b"LeakSanitizer has encountered a fatal error" in done.stderr else {}


def environment(**changes):
    """An environment without anything of leakshim's, without sanitizer settings, in plain C locale, and without the bytes that
    meson has malloc fill blocks with: they cover stale pointers, and give sparse blocks all their pages."""
    keep = {k: v for k, v in os.environ.items()
            if not k.startswith(("LEAKSHIM", "LD_", "DEBUGINFOD_", "ASAN_", "LSAN_", "MALLOC_"))}
    keep.update(PATH=PATH, LC_ALL="C.UTF-8", TZ="UTC", **sanitizer_settings())
    keep.update({k: str(v) for k, v in changes.items()})
    return keep


def options(**settings):
    """The text of LEAKSHIM_OPTIONS."""
    return ":".join(f"{key}={value}" for key, value in settings.items())


def preload(folder, env=None, **settings):
    """An environment that preloads the shim and puts the traces into a folder."""
    settings = {"dir": folder, "analyzer": LEAKSHIM, "keep": "always", **settings}
    return {**(env or environment()), "LD_PRELOAD": str(SHIM), "LEAKSHIM_OPTIONS": options(**settings)}


def run(argv, env=None, stdin=b"", timeout=TIMEOUT, **more):
    """Runs a program to its end in a process group of its own."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    began = time.monotonic()
    process = subprocess.Popen([str(a) for a in argv], env=env or environment(), start_new_session=True,
                               **{**pipes, **more})
    try:
        out, err = process.communicate(stdin if process.stdin else None, timeout=timeout)
    finally:
        end_group(process.pid)
        process.wait()
    return Ended(process.pid, process.returncode, out or b"", err or b"", time.monotonic() - began)


def end_group(pid):
    """Ends what a test started and what that left behind in its process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def preloaded(argv, folder, env=None, settings=None, **more):
    return run(argv, preload(folder, env, **(settings or {})), **more)


def under_run(argv, trace, env=None, arguments=(), **more):
    """`leakshim run -o TRACE ARGUMENTS -- PROGRAM`."""
    return run([LEAKSHIM, "run", "-o", trace, *arguments, "--", *argv], env, **more)


def traces(folder, program=None):
    """The traces in a folder, or those of one program (NAME.PID.trace), oldest first."""
    found = Path(folder).rglob(f"{program}.*.trace" if program else "*.trace")
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


def only_trace(folder, program=None):
    found = traces(folder, program)
    assert len(found) == 1, [path.name for path in found]
    return found[0]


def report(trace, *arguments):
    """The JSON report of a trace or a pid. Every group is shown."""
    done = run([LEAKSHIM, "report", trace, "--format", "json", "--show", "all", "--max", "0", *arguments])
    assert done.status == 0, done
    return json.loads(done.stdout)


def stack(group):
    """Names of the functions that created a group, innermost first."""
    return [frame.get("function") or "" for frame in group["created_at"]]


def groups(whole, function):
    """The groups whose creation led through a function."""
    return [group for group in whole["leaks"] if function in stack(group)]


def counted(whole, function):
    """(blocks, bytes) alive that a function made."""
    found = groups(whole, function)
    return sum(group["count"] for group in found), sum(group["bytes"] for group in found)


def wait_until(condition, what, seconds=30):
    """Polls until a condition holds; a machine that is only slow does not fail."""
    for _ in range(int(seconds * 50)):
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def public_copy(folder, *programs):
    """Copies the shim, the analyzer and programs to where any user can read them. The tree itself may
    lie in somebody's private home. Returns (environment that preloads the copy, copies of the programs)."""
    place = Path(folder) / "public"
    place.mkdir(mode=0o755, exist_ok=True)
    copies = [shutil.copy(part, place) for part in (SHIM, LEAKSHIM, *programs)]
    return str(copies[0]), str(copies[1]), [str(c) for c in copies[2:]]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A program that runs beside the test, in a process group of its own, and is ended with it."""

    def __init__(self, argv, env, folder, **more):
        self.log = Path(folder) / "server.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(a) for a in argv], env=env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True, **more)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end_group(self.pid)
        self.process.wait()

    def wait_for_port(self, port):
        wait_until(lambda: self.process.poll() is not None or answers(port), f"port {port}")
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-3000:]

    def end(self, number=signal.SIGTERM):
        """Asks it to end; returns its status as a shell shows it."""
        os.kill(self.pid, number)
        status = self.process.wait(60)
        return status if status >= 0 else 128 - status


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def children(pid):
    return [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children")
            for word in path.read_text().split()]


def table_row(program, status_equal, stdout_equal, blocks, *ratios):
    """Adds a row to the table of real programs, for the file named by $LEAKSHIM_TABLE: program, status
    equal, stdout equal, blocks alive at the end, time ratio without (and with) the report."""
    times = " | ".join(f"{ratio:.2f}" for ratio in ratios)
    row = f"| {program} | {yes(status_equal)} | {yes(stdout_equal)} | {blocks:,} | {times} |"
    print(row)
    if "LEAKSHIM_TABLE" in os.environ:
        with open(os.environ["LEAKSHIM_TABLE"], "a") as table:
            table.write(row + "\n")


def yes(value):
    return "yes" if value else "NO"
