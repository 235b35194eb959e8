# SPDX-License-Identifier: MIT
"""A thread that has ended and that nobody joined is told of as what it is: a stack that stays."""
import os
import subprocess
import time

import pytest

from harness import LEAKSHIM, Server, only_trace, preload, preloaded, public_copy, report, run, stack, victim, wait_until

QUIET = {"report": "none"}


def threads(whole):
    return [(group["class"], group["count"], group["bytes"], group["release"]) for group in whole["leaks"]
            if group["type"] == "thread" and "start" in stack(group)]


@pytest.mark.parametrize("how", ["lost", "c11 lost", "own stack lost", "holder lost"])
def test_threads_that_nobody_joined_are_leaks_with_the_stack_of_their_creation(how, box):
    done = preloaded([victim("never_joined"), how], box, settings=QUIET)
    assert done.status == 0, done
    trace = only_trace(box)
    (group,) = threads(report(trace))
    assert (group[0], group[1], group[3]) == ("definite", 5, "pthread_join()")
    assert group[2] == 5 * 256 * 1024 or how == "c11 lost" and group[2] > 5 * 65536
    assert run([LEAKSHIM, "check", trace]).status == 1


def test_threads_that_ended_and_can_still_be_joined_are_reachable(box):
    done = preloaded([victim("never_joined"), "held"], box, settings=QUIET)
    assert done.status == 0, done
    assert threads(report(only_trace(box))) == [("reachable", 5, 5 * 256 * 1024, "pthread_join()")]
    assert run([LEAKSHIM, "check", only_trace(box)]).status == 0


@pytest.mark.parametrize("how", ["joined", "detached", "born detached", "detaches itself", "joined in time",
                                 "joined by trying", "c11 joined", "c11 detached"])
def test_threads_that_were_joined_or_detached_are_nothing_to_tell_of(how, box):
    done = preloaded([victim("never_joined"), how], box, settings=QUIET)
    assert done.status == 0, done
    assert threads(report(only_trace(box))) == []


def test_threads_that_still_run_are_no_leaks(box):
    done = preloaded([victim("never_joined"), "running"], box, settings=QUIET)
    assert done.status == 0, done
    assert [group[:2] for group in threads(report(only_trace(box)))] == [("reachable", 5)]


KEEPS_SECRETS = """
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>
static void *wait(void *p) { for (;;) pause(); return p; }
int main(void)
{
    pthread_t thread;
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, 0, wait, 0);
    return geteuid() ? prctl(PR_SET_DUMPABLE, 0) : setuid(65534);
}
"""


def test_threads_that_still_run_are_no_leaks_where_proc_is_closed_to_the_program(box):
    subprocess.run(["gcc", "-g", "-pthread", "-x", "c", "-", "-o", box / "secrets"], input=KEEPS_SECRETS.encode(), check=True)
    box.chmod(0o777)
    done = preloaded([box / "secrets"], box)
    assert done.status == 0, done
    whole = report(only_trace(box))
    assert {x["class"] for x in whole["leaks"] if x["type"] == "thread"} == {"reachable"}, whole["leaks"]


def test_growth_of_what_libc_keeps_is_told_when_two_moments_are_compared(box):
    with Server([victim("opens_more_and_more")], preload(box, **QUIET), box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the program")
        for name in ("one", "two"):
            assert run([LEAKSHIM, "snapshot", server.pid, "-o", box / name]).status in (0, 1)
            time.sleep(0.2)  # it opens ten more meanwhile
    done = run([LEAKSHIM, "diff", box / "one", box / "two"])
    assert b"runtime:" in done.stdout and b"in libc.so.6" in done.stdout, done


KINDS = {"library": ("dlopen", "dlclose()"), "semaphore": ("sem_open", "sem_close()"), "timer": ("timer_create", "timer_delete()")}


def handles(whole, kind):
    return [group for group in whole["leaks"] if group["type"] == kind and "take" in stack(group)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_libc_keeps_is_a_leak_where_nobody_can_give_it_back(kind, box):
    done = preloaded([victim("never_given_back"), kind, "lost"], box, settings=QUIET)
    assert done.status == 0, done
    (group,) = handles(report(only_trace(box)), kind)
    assert (group["class"], group["release"]) == ("definite", KINDS[kind][1])
    assert group["count"] == (5 if kind == "timer" else 1)
    if kind != "timer":
        assert sum(1 + record["merged"] for record in group["records"]) == 4 and group["records"][0]["count"] == 5
    assert run([LEAKSHIM, "check", only_trace(box)]).status == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_libc_keeps_is_reachable_while_the_program_has_it(kind, box):
    done = preloaded([victim("never_given_back"), kind, "held"], box, settings=QUIET)
    assert done.status == 0, done
    assert {group["class"] for group in handles(report(only_trace(box)), kind)} == {"reachable"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_given_back_to_libc_is_nothing_to_tell_of(kind, box):
    done = preloaded([victim("never_given_back"), kind, "given back"], box, settings=QUIET)
    assert done.status == 0, done
    assert handles(report(only_trace(box)), kind) == []


@pytest.mark.parametrize("fate, classes", [("lost", {"definite"}), ("held", {"reachable"}), ("given back", set())])
def test_a_stream_of_a_process_that_nobody_can_close_is_a_leak(fate, classes, box):
    done = preloaded([victim("never_given_back"), "pipe", fate], box, settings=QUIET)
    assert done.status == 0, done
    found = [group for group in report(only_trace(box, "never_given_back"))["leaks"]
             if "take" in stack(group) and group["class"] != "runtime"]
    assert {group["class"] for group in found} == classes
    assert sum(group["count"] for group in found) == 5 * len(classes)


@pytest.mark.parametrize("fate, classes", [("lost", {"runtime"}), ("held", {"runtime", "reachable"}), ("given back", set())])
def test_a_library_in_a_namespace_of_its_own_is_told_with_its_place_until_it_is_closed(fate, classes, box):
    """Opened once and for all, as with dlopen()."""
    done = preloaded([victim("never_given_back"), "space", fate], box, settings=QUIET)
    assert done.status == 0, done
    found = [group for group in handles(report(only_trace(box)), "library")]
    assert {group["class"] for group in found} <= classes and bool(found) == bool(classes)
    assert sum(group["count"] for group in found) == (5 if classes else 0)


def test_a_second_reading_for_handles_does_not_count_twice_what_could_not_be_read(box):
    if os.getuid():
        pytest.skip("wants root, to become somebody else")
    shim, _, (program,) = public_copy(box, victim("never_given_back"))
    folder = box / "traces"
    folder.mkdir()
    folder.chmod(0o777)
    done = run(["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "timer", "lost", "unread"],
               {**preload(folder, **QUIET), "LD_PRELOAD": shim})
    assert done.status == 0, done
    whole = report(only_trace(folder, "never_given_back"))
    assert [unread["bytes"] for unread in whole["summary"]["scan"]["unread"]] == [65536]
    assert {group["class"] for group in handles(whole, "timer")} == {"unclassified"}


def test_a_library_that_is_opened_once_and_for_all_is_no_leak(box):
    done = preloaded([victim("never_given_back"), "library", "once"], box, settings=QUIET)
    assert [group["class"] for group in handles(report(only_trace(box)), "library")] == ["runtime"], done


STREAMS = r"""
#include <stdio.h>
#include <string.h>
static FILE *held[3];
static __attribute__((noinline)) FILE *take(void) { return fopen("/etc/passwd", "r"); }
static __attribute__((noinline)) FILE *keep(void) { return fopen("/etc/passwd", "r"); }
int main(int count, char **arguments)
{
	char clean[4096];

	for (int i = 0; i < 3; i++) {
		FILE *stream = take();

		if (count > 1)
			fclose(stream);
		held[i] = keep();
	}
	memset(clean, 0, sizeof clean);
	__asm__ volatile("" : : "r"(clean) : "memory");
	return 0;
}
"""


def test_a_stream_that_only_libc_still_knows_is_lost_and_one_of_the_programs_is_not(box):
    subprocess.run(["gcc", "-g", "-w", "-x", "c", "-", "-o", box / "streams"], input=STREAMS.encode(), check=True)
    for arguments, lost in ((), ["definite"]), (("closed",), []):
        folder = box / "-".join(["traces", *arguments])
        folder.mkdir()
        assert preloaded([box / "streams", *arguments], folder, settings=QUIET).status == 0
        whole = report(only_trace(folder))
        assert [group["class"] for group in whole["leaks"] if "take" in stack(group)] == lost
        assert [(group["class"], group["count"]) for group in whole["leaks"] if "keep" in stack(group)] == [("reachable", 3)]


ASKS = r"""
#include <dlfcn.h>
int go(void) { return dlopen("libonly_there.so", RTLD_NOW) != 0; }
int main(int count, char **arguments)
{
	void *plugin = count > 1 ? dlopen(arguments[1], RTLD_NOW) : 0;
	int (*there)(void) = plugin ? (int (*)(void))dlsym(plugin, "go") : go;
	return there ? there() : 3;
}
"""


@pytest.mark.parametrize("tags", ["--enable-new-dtags", "--disable-new-dtags"])
def test_libraries_are_found_along_the_path_of_whoever_asks(tags, box):
    """By the program, and by a plugin whose path the program does not have."""
    (box / "there").mkdir()
    (box / "asks.c").write_text(ASKS)
    (box / "empty.c").write_text("int empty;\n")
    path = [f"-Wl,{tags},-rpath,$ORIGIN/there"]
    for arguments in (["-shared", "-o", "there/libonly_there.so", "empty.c"], ["-o", "with", "asks.c", *path],
                      ["-o", "without", "asks.c"], ["-shared", "-fPIC", "-o", "plugin.so", "asks.c", *path]):
        assert run(["cc", *arguments], cwd=box).status == 0
    for argv in (["./with"], ["./without", "./plugin.so"]):
        assert run(argv, cwd=box).status == 1
        assert preloaded(argv, box, settings=QUIET, cwd=box).status == 1
    assert preloaded(["./without"], box, settings=QUIET, cwd=box).status == 0
