# SPDX-License-Identifier: MIT
"""One library for all systems: what it asks of a libc, and programs of another libc than the one it was built with."""
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness import (LEAKSHIM, ROOT, SHIM, counted, environment, only_trace, preload, preloaded, report, run, under_run,
                     wait_until)

MUSL = shutil.which("musl-gcc", path="/usr/bin")
with_musl = pytest.mark.skipif(not MUSL, reason="no musl-gcc (apt-get install musl-tools)")
LOSES = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static __attribute__((noinline)) void lose(void)
{
	char *p = memset(malloc(100), 1, 100);
	__asm__ volatile("" : : "r"(p) : "memory");
}
int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++)
		lose();
	for (int i = 0; i < argc; i++)
		puts(argv[i] + (i ? 0 : strlen(argv[i]) - 1));
	puts(getenv("KEPT"));
	return 5;
}
"""


def read_elf(*arguments):
    return subprocess.run(["/usr/bin/readelf", "-W", *arguments, SHIM], capture_output=True, text=True, check=True).stdout


def test_no_version_newer_than_2_17_is_asked_for_and_only_libc_by_name():
    versions = set(re.findall(r"Name: GLIBC_(\d+)\.(\d+)", read_elf("-V")))
    assert versions and max((int(a), int(b)) for a, b in versions) <= (2, 17), versions
    assert re.findall(r"\(NEEDED\).*\[(.*)\]", read_elf("-d")) == ["libc.so.6"]


@pytest.fixture(scope="module")
def musl(tmp_path_factory):
    folder = tmp_path_factory.mktemp("musl")
    folder.chmod(0o755)
    (folder / "loses.c").write_text(LOSES)
    for source in (folder / "loses.c", ROOT / "tests/victims/musl_threads.c"):
        subprocess.run([MUSL, "-g", "-pthread", source, "-o", folder / source.stem], check=True, env=environment())
    return folder


@with_musl
def test_musl_program_has_its_status_output_and_leaks(musl, box):
    argv, env = [musl / "loses", "a", "b c"], environment(KEPT="yes")
    bare, done = run(argv, env), preloaded(argv, box, env, {"report": "none"})
    assert (done.status, done.stdout, done.text) == (bare.status, bare.stdout, "") and bare.status == 5, done
    whole = report(only_trace(box))
    assert counted(whole, "lose") == (3, 300)
    assert {leak["class"] for leak in whole["leaks"] if leak["count"] == 3} == {"definite"}
    assert whole["summary"]["end"] == "exit" and whole["program"]["pid"] == done.pid


@with_musl
def test_status_that_musl_does_not_tell_is_not_made_up(musl, box):
    env = environment(KEPT="yes")
    done = preloaded([musl / "loses"], box, env)
    assert "The program ended by exit;" in done.text, done
    assert report(only_trace(box))["summary"]["end_detail"] is None
    done = under_run([musl / "loses"], box / "trace", env)
    assert done.status == 5 and "The program ended by exit(5);" in done.text, done


@with_musl
def test_musl_program_among_the_children_of_a_script(musl, box):
    script = ["/bin/sh", "-c", f"{musl}/loses; echo $?; {musl}/musl_threads; echo $?"]
    env = environment(KEPT="yes")
    assert preloaded(script, box, env, {"report": "none"}).stdout == run(script, env).stdout
    assert counted(report(only_trace(box, "musl_threads")), "lose") == (5, 5 * 3000 + 10)


@with_musl
def test_threads_of_a_musl_program_hold_what_they_hold_and_notice_no_look(musl, box):
    process = subprocess.Popen([musl / "musl_threads", "wait"], env=preload(box, report="none"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        stats = list(Path(f"/proc/{process.pid}/task").glob("*/stat"))
        wait_until(lambda: all(stat.read_text().rsplit(")")[1].split()[0] == "S" for stat in stats), "all wait")
        for i in range(3):
            assert run([LEAKSHIM, "snapshot", process.pid, "-o", box / f"{i}.shot"]).status == 0
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.wait(30) == 7 and process.stdout.read() == b""
    finally:
        process.kill()
        process.wait()
    whole = report(box / "2.shot")
    for name, kind, size in (("lose", "definite", 15010), ("make_held", "reachable", 12097)):
        assert {leak["class"] for leak in whole["leaks"] if name in [f.get("function") for f in leak["created_at"]]} == {kind}
        assert counted(whole, name)[1] == size


@with_musl
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_musl_program_leaves_its_trace(musl, box, number):
    process = subprocess.Popen([musl / "musl_threads", "wait"], env=preload(box, report="none"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert process.wait(30) == -number
    process.stdin.close()
    process.stdout.close()
    whole = report(only_trace(box))
    assert counted(whole, "lose") == (5, 15010) and counted(whole, "make_held") == (10, 12097)
