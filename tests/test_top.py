# SPDX-License-Identifier: MIT
"""The live view, on a real terminal, and the doctor."""
import os
import re
import shutil
import subprocess
import time

import pytest

from harness import LEAKSHIM, SHIM, Server, environment, preload, run, victim, wait_until

GROWS = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static char *keep[2000];
static void remember(int i) { keep[i] = malloc(1000); memset(keep[i], 1, 1000); }
static void churn(void) { free(strdup("short")); }
int main(void) { for (int i = 0; i < 1900; i++) { remember(i); churn(); usleep(50000); } return 0; }
"""


@pytest.fixture
def grows(tmp_path):
    (tmp_path / "grows.c").write_text(GROWS)
    subprocess.run(["gcc", "-g", tmp_path / "grows.c", "-o", tmp_path / "grows"], check=True, timeout=60)
    env = environment(LD_PRELOAD=SHIM, LEAKSHIM_OPTIONS=f"dir={tmp_path}:report=none")
    program = subprocess.Popen([tmp_path / "grows"], env=env)
    yield program
    program.kill()
    program.wait()


class Screen:
    """A terminal of its own in tmux."""

    def __init__(self, folder, *command, columns=80, lines=24):
        if not shutil.which("tmux"):
            pytest.skip("no tmux")
        self.socket = folder / "tmux"
        done = self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", str(columns), "-y", str(lines), " ".join(map(str, command)) + "; sleep 600")
        if done.returncode:
            pytest.skip(f"tmux does not start here: {done.stderr}")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"})

    def keys(self, *keys):
        self.tmux("send-keys", "-t", "t", *keys)

    def until(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while True:
            text = self.tmux("capture-pane", "-p", "-t", "t").stdout
            if re.search(pattern, text) or time.monotonic() > end:
                return text
            time.sleep(0.1)

    def close(self):
        self.tmux("kill-server")


def test_top_shows_what_grows_and_follows_its_keys_and_the_size_of_the_terminal(grows, tmp_path):
    screen = Screen(tmp_path, LEAKSHIM, "top", grows.pid)
    try:
        text = screen.until(r"K  +\d\S+  +\d+  +\d+  remember \(grows\.c:6\)")
        assert re.search(r"leakshim top: grows  \d+, level paranoid", text), text
        assert re.search(r"remember \(grows\.c:6\)", text) and "by live bytes" in text, text
        screen.keys("s")
        assert "by growth" in screen.until("by growth")
        screen.tmux("resize-window", "-t", "t", "-x", "72", "-y", "10")
        text = screen.until("made in")
        assert len(text.rstrip("\n").splitlines()) <= 10 and "remember" in text, text
        screen.keys("/", "c", "h", "u", "Enter")
        text = screen.until(r"filter chu(?s:.*)churn")
        assert "churn" in text and "remember" not in text, text
        screen.keys("l")
        screen.until("level disabled from")
        assert "level disabled" in screen.until(r"grows  \d+, level disabled")
        screen.keys("q")
        assert "made in" not in screen.until(r"^\s*$", 10)
    finally:
        screen.close()
    assert grows.poll() is None


def test_top_has_a_column_for_what_is_overdue(tmp_path):
    with Server([victim("keeps_sessions"), "forgets"], preload(tmp_path, report="none"), tmp_path) as server:
        wait_until(lambda: "ready" in server.log.read_text(), "its first line")
        screen = Screen(tmp_path, LEAKSHIM, "top", server.pid)
        try:
            text = screen.until(r"(?m)^ +\S+  +\S+  +\d+  +\d+ +\d\S+ +session_open \(keep")
            assert "allocs/s   overdue  made in" in text, text
            screen.keys("s", "s", "s", "s")
            assert re.search(r"by overdue bytes(?s:.*)made in *\n +\S+ .* session_open", screen.until("by overdue bytes")), text
        finally:
            screen.close()


def test_top_wants_a_terminal(grows):
    time.sleep(0.5)
    done = run([LEAKSHIM, "top", str(grows.pid)])
    assert done.status == 2 and "wants a terminal" in done.text, done


def test_doctor_says_in_a_few_lines_what_works_here():
    done = run([LEAKSHIM, "doctor"])
    lines = done.stdout.decode().splitlines()
    assert done.status == 0 and 5 <= len(lines) <= 10, done
    assert all(line.startswith(("ok ", "NOT ")) for line in lines), done


def test_doctor_knows_what_a_program_is_made_of(tmp_path):
    text = run([LEAKSHIM, "doctor", "--", "/usr/bin/python3"]).stdout.decode()
    assert "PYTHONMALLOC=malloc" in text and "it is stripped" in text, text
    (tmp_path / "s.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-static", tmp_path / "s.c", "-o", tmp_path / "static"], check=True, timeout=60)
    done = run([LEAKSHIM, "doctor", "--", tmp_path / "static"])
    assert done.status == 1 and "NOT   program" in done.stdout.decode(), done


def test_doctor_tells_whether_a_process_is_traced(grows):
    time.sleep(0.5)
    done = run([LEAKSHIM, "doctor", str(grows.pid)])
    assert done.status == 0 and f"{grows.pid} is traced: leakshim report {grows.pid}" in done.stdout.decode(), done
    done = run([LEAKSHIM, "doctor", str(os.getpid())])
    assert done.status == 1 and "is not traced, and cannot be from now on" in done.stdout.decode(), done
