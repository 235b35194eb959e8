# SPDX-License-Identifier: MIT
"""Where something is missing (space, descriptors, /proc, rights) the program runs as it does alone, and
the report is right or says what it does not know."""
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import (LEAKSHIM, PATH, SHIM, counted, environment, only_trace, options, preload, preloaded, public_copy, report,
                     run, traces, under_run, victim)

LEAK = [victim("leak_then_end"), "exit"]
NOBODY = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root (chroot, mount or another user)")


def check_counts(whole):
    assert counted(whole, "few") == (10, 1000)
    assert counted(whole, "many") == (10000, 500000)


def check_counts_or_confession(done, folder):
    """Exact, or openly incomplete: never silently wrong."""
    found = traces(folder)
    if not found:
        assert "leakshim: " in done.text, done
        return
    whole = report(found[0])
    if whole["summary"]["complete"]:
        check_counts(whole)
    else:
        assert counted(whole, "few")[0] <= 10 and counted(whole, "many")[0] <= 10000


def limited(*limits):
    def set_limits():
        for which, value in limits:
            resource.setrlimit(which, (value, value))
    return set_limits


def test_ulimit_v_of_4_gb(box):
    done = preloaded(LEAK, box, preexec_fn=limited((resource.RLIMIT_AS, 4000000 * 1024)))
    assert done.status == 3, done
    check_counts(report(only_trace(box)))


@pytest.mark.parametrize("mebibytes", [8, 16, 32, 64, 128, 256, 1024])
def test_any_limit_of_the_address_space(mebibytes, box):
    limit = limited((resource.RLIMIT_AS, mebibytes << 20))
    bare = run(LEAK, preexec_fn=limit)
    done = preloaded(LEAK, box, preexec_fn=limit)
    if bare.status != 3:
        pytest.skip(f"the bare program does not run in {mebibytes} MiB either")
    if done.status == 127 and "error while loading shared libraries" in done.text:
        assert mebibytes <= 16, done
        return
    assert done.status == 3, done
    check_counts_or_confession(done, box)


@pytest.mark.parametrize("descriptors", [3, 4])
def test_ulimit_n_with_a_closed_stdin(descriptors, box):
    """With 0, 1 and 2 open and `ulimit -n 3` the loader itself cannot open libc; one must be free."""
    def prepare():
        os.close(0)
        limited((resource.RLIMIT_NOFILE, descriptors))()
    assert run(LEAK, preexec_fn=prepare).status == 3
    done = preloaded(LEAK, box, preexec_fn=prepare)
    assert (done.status, done.stdout) == (3, b""), done
    check_counts_or_confession(done, box)


def test_ulimit_n_3_fails_as_it_does_alone(box):
    limit = limited((resource.RLIMIT_NOFILE, 3))
    assert preloaded(LEAK, box, preexec_fn=limit).status == run(LEAK, preexec_fn=limit).status


def test_program_that_takes_its_own_limits_down(box):
    done = preloaded([victim("limits_itself")], box)
    assert (done.status, done.stdout) == (0, b""), done
    whole = report(only_trace(box))
    if whole["summary"]["complete"]:
        assert counted(whole, "leak") == (10000, 500000)
    else:
        assert counted(whole, "leak")[0] <= 10000


@pytest.mark.parametrize("size", [0, 4096, 1 << 20])
def test_file_size_limit_never_kills_the_program(size, box):
    done = preloaded(LEAK, box, preexec_fn=limited((resource.RLIMIT_FSIZE, size)))
    assert (done.status, done.stdout) == (3, b""), done
    check_counts_or_confession(done, box)


def libraries(*programs):
    found = set()
    for program in programs:
        out = subprocess.run(["/usr/bin/ldd", program], capture_output=True, text=True, check=True).stdout
        found |= {word for line in out.splitlines() for word in line.split() if word.startswith("/")}
    return found


@root_only
@pytest.mark.parametrize("with_folder", [True, False])
def test_chroot_without_proc(with_folder, box):
    cell = box / "cell"
    (cell / "app").mkdir(parents=True)
    shim, program = "/app/libleakshim.so", "/app/victim"
    shutil.copy(SHIM, cell / shim.lstrip("/"))
    shutil.copy(LEAK[0], cell / program.lstrip("/"))
    for part in libraries(LEAK[0], SHIM):
        place = cell / part.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(part, place)
    if with_folder:
        (cell / "tmp").mkdir()
    env = {"LD_PRELOAD": shim, "LEAKSHIM_OPTIONS": "keep=always"}
    done = run([program, "exit"], env, preexec_fn=lambda: (os.chroot(cell), os.chdir("/")))
    assert (done.status, done.stdout) == (3, b""), done
    assert "leakshim: " in done.text
    if with_folder:  # the modules are not where the trace says, so there are no names out here
        blocks = [(leak["count"], leak["bytes"]) for leak in report(only_trace(cell))["leaks"]]
        assert (10, 1000) in blocks and (10000, 500000) in blocks


def test_a_program_for_reports_that_cannot_be_run_is_named(box):
    for analyzer in (box / "missing", "/etc/passwd"):
        done = run(LEAK, preload(box, analyzer=analyzer))
        assert f"the program for the report cannot be run: {analyzer}; analyzer=PATH names another one" in done.text, done
        assert "the trace is " in done.text, done


@root_only
def test_read_only_current_directory_as_an_unprivileged_user(box):
    here = box / "here"
    here.mkdir()
    here.chmod(0o555)
    (box / "tmp").mkdir()
    (box / "tmp").chmod(0o1777)
    shim, analyzer, (program,) = public_copy(box, LEAK[0])
    env = {"PATH": PATH, "LD_PRELOAD": shim, "TMPDIR": str(box / "tmp"),
           "LEAKSHIM_OPTIONS": options(keep="always", analyzer=analyzer)}
    done = run([*NOBODY, program, "exit"], env, cwd=here)
    assert (done.status, done.stdout) == (3, b""), done
    trace = only_trace(box / "tmp", "leak_then_end")
    assert trace.stat().st_uid == 65534
    check_counts(report(trace))
    assert "10,000 times" in done.text, done


@root_only
@pytest.mark.parametrize("kibibytes", [4, 16, 64, 256, 1024, 65536])
def test_full_disk(kibibytes, box):
    done, whole = on_small_disk(box, kibibytes, LEAK)
    assert done.status == 3, done
    assert done.stdout == b"", done
    if whole is None:
        assert kibibytes < 65536 and "leakshim: " in done.text, done
    elif whole["summary"]["complete"]:
        check_counts(whole)
    else:
        assert kibibytes < 65536, whole["summary"]
        assert "NOT COMPLETE" in done.text, done


def on_small_disk(box, kibibytes, program):
    """Runs a program preloaded with its traces on a tmpfs of that size. Returns it and its report."""
    disk = box / "disk"
    disk.mkdir()
    mount = subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "none", disk],
                           capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {mount.stderr.strip()}")
    try:
        done = preloaded(program, disk)
        found = traces(disk)
        return done, report(found[0]) if found else None
    finally:
        subprocess.run(["/usr/bin/umount", disk], check=True)


@root_only
def test_locking_all_memory_does_not_make_the_reservation_real(box):
    bare = run([victim("locks_its_memory")])
    done, _ = on_small_disk(box, 32768, [victim("locks_its_memory")])
    assert (done.status, done.stdout) == (bare.status, bare.stdout), done


@pytest.mark.parametrize("limit", [None, "7000000", "2000000", "0"])
@pytest.mark.parametrize("way", ["", "child", "later", "touched", "number", "look"])
def test_what_the_shim_has_reserved_does_not_become_real_where_a_program_locks_its_memory(way, limit, box):
    argv = ["/usr/bin/prlimit", f"--memlock={limit}", *NOBODY] if limit else []
    if limit and os.getuid():
        pytest.skip("wants root, to become somebody else")
    shim, _, (program,) = public_copy(box, victim("locks_its_memory"))
    folder = box / "traces"
    folder.mkdir()
    folder.chmod(0o777)
    settings = {"report": "signal", "pause": 0} if way == "look" else {"report": "none"}
    bare = run([*argv, program, *([way] if way and way != "look" else [])])
    done = run([*argv, program, *([way] if way else [])], {**preload(folder, **settings), "LD_PRELOAD": shim})
    assert (done.status, done.stdout) == (bare.status, bare.stdout) and b"resident little" in done.stdout, (done, bare)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_closed_standard_streams(closed, box):
    done = preloaded(LEAK, box, preexec_fn=lambda: [os.close(fd) for fd in closed])
    assert (done.status, done.stdout) == (3, b""), done
    if 2 in closed:
        assert done.stderr == b""
    check_counts(report(only_trace(box)))


@pytest.mark.parametrize("argument", [[], ["and report by signal"]])
def test_report_is_never_written_into_a_data_file_that_took_fd_2(argument, box):
    done = preloaded([victim("writes_data_on_fd_2"), box / "data", *argument], box)
    assert done.status == 0, done
    assert (box / "data").read_bytes() == b"data\n"
    assert counted(report(only_trace(box)), "leak") == (10, 1000)


def test_data_file_that_takes_fd_2_of_a_program_started_without_it(box):
    done = preloaded([victim("writes_data_on_fd_2"), box / "data"], box, preexec_fn=lambda: os.close(2))
    assert done.status == 0, done
    assert (box / "data").read_bytes() == b"data\n"


def test_env_i(box):
    done = run(["/usr/bin/env", "-i", f"LD_PRELOAD={SHIM}",
                "LEAKSHIM_OPTIONS=" + options(dir=box, analyzer=LEAKSHIM), *LEAK], {})
    assert (done.status, done.stdout) == (3, b""), done
    check_counts(report(only_trace(box, "leak_then_end")))


def test_leakshim_run_with_an_empty_environment(box):
    done = under_run(LEAK, box / "t.trace", {})
    assert (done.status, done.stdout) == (3, b""), done
    check_counts(report(box / "t.trace"))


def test_folder_that_does_not_exist_is_one_line_and_the_program_runs(box):
    done = preloaded(LEAK, box / "nowhere")
    assert (done.status, done.stdout) == (3, b"")
    assert done.text.startswith("leakshim: ") and str(box / "nowhere") in done.text, done
    assert len(done.text.splitlines()) == 1, done


def test_folder_below_a_file_is_one_line_and_the_program_runs(box):
    (box / "file").write_text("")
    done = preloaded(LEAK, box / "file" / "folder")
    assert (done.status, done.stdout) == (3, b"")
    assert "part of the path is no folder" in done.text and len(done.text.splitlines()) == 1, done


def test_static_child_is_left_alone(box):
    source = Path(__file__).parent / "victims" / "leak_then_end.c"
    subprocess.run(["/usr/bin/cc", "-static", "-D_GNU_SOURCE", "-w", source, "-o", box / "static"], check=True)
    done = preloaded(["/bin/sh", "-c", f"{box}/static exit; echo $?"], box, settings={"report": "none"})
    assert (done.status, done.stdout, done.text) == (0, b"3\n", ""), done


@root_only
def test_set_uid_child_is_left_alone_and_silent(box):
    box.chmod(0o1777)
    shim, _, _ = public_copy(box)
    bare = run([*NOBODY, "/bin/sh", "-c", "mount --version"])
    env = {**preload(box, report="none"), "LD_PRELOAD": shim}
    done = run([*NOBODY, "/bin/sh", "-c", "mount --version"], env)
    assert (done.status, done.stdout, done.stderr) == (bare.status, bare.stdout, bare.stderr)


def test_path_of_the_trace_outlives_chdir_and_a_removed_folder(box):
    script = "mkdir gone && cd gone && rmdir ../gone && exec '%s' exit" % LEAK[0]
    done = preloaded(["/bin/sh", "-c", script], box, settings={"report": "none"}, cwd=box)
    assert done.status == 3, done
    check_counts(report(only_trace(box, "leak_then_end")))


@pytest.mark.parametrize("start", [".", "..", "/"])
def test_a_library_named_by_a_relative_path_finds_its_analyzer(start, box):
    folder = {".": SHIM.parent, "..": SHIM.parent.parent / "tests", "/": Path("/")}[start]
    relative = os.path.relpath(SHIM, folder)
    env = environment(LD_PRELOAD=relative if "/" in relative else f"./{relative}", LEAKSHIM_OPTIONS=options(dir=box))
    done = run([victim("leak_then_end"), "return"], env, cwd=folder)
    assert "LEAK: " in done.text and "many (leak_then_end.c:" in done.text, done


@pytest.mark.parametrize("tool", ["memcheck", "helgrind", "massif", "callgrind", "none"])
@pytest.mark.parametrize("way", ["preloaded", "children"])
def test_under_valgrind_the_shim_stands_aside_and_says_so_once(tool, way, box):
    if not shutil.which("valgrind", path=PATH):
        pytest.skip("no valgrind here")
    argv = ["valgrind", "-q", f"--tool={tool}", *{"massif": ["--massif-out-file=/dev/null"],
                                                  "callgrind": ["--callgrind-out-file=/dev/null"]}.get(tool, [])]
    bare = run([*argv, victim("leak_then_end"), "exit"])
    if way == "preloaded":
        done = run([*argv, victim("leak_then_end"), "exit"], preload(box))
    else:
        settings = preload(box)
        own = [f"{name}={settings[name]}" for name in ("LD_PRELOAD", "LEAKSHIM_OPTIONS")]
        done = run([*argv, "--trace-children=yes", "env", *own, victim("leak_then_end"), "exit"])
    assert (done.status, done.stdout) == (bare.status, bare.stdout) == (3, b""), done
    ours = [line for line in done.text.splitlines() if "leakshim" in line]
    assert len(ours) == 1 and "Valgrind runs this program" in ours[0], done
    assert "unknown" not in done.text and traces(box, "leak_then_end") == []


def test_what_valgrind_says_of_a_program_is_the_same_with_the_shim(box):
    if not shutil.which("valgrind", path=PATH):
        pytest.skip("no valgrind here")
    argv = ["valgrind", "--leak-check=full", victim("leak_then_end"), "exit"]
    found = [[line.split("==", 2)[-1] for line in run(argv, env).text.splitlines() if "lost:" in line or "reachable:" in line]
             for env in (environment(), preload(box))]
    assert found[0] == found[1] and len(found[0]) == 4


def test_errno_is_0_when_a_program_begins(box):
    (box / "begins.c").write_text("#include <errno.h>\nint main(void) { return errno; }\n")
    assert run(["cc", "-o", box / "begins", box / "begins.c"]).status == 0
    assert preloaded([box / "begins"], box, settings={"report": "none"}).status == 0


@pytest.mark.parametrize("length", [250, 5000])
def test_a_program_with_a_very_long_name_is_followed(length, box):
    done = run(["bash", "-c", f'exec -a "$(printf %0{length}d 0)" {victim("leak_then_end")} exit'], preload(box, report="none"))
    assert done.status == 3 and "untraced" not in done.text, done
    check_counts(report(next(trace for trace in traces(box) if trace.name.startswith("0000"))))
