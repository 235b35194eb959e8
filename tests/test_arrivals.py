# SPDX-License-Identifier: MIT
"""A report arrives wherever the program's stderr has gone, and says in its first line if nothing is known."""
import json
import os

import pytest

from harness import LEAKSHIM, environment, only_trace, preloaded, public_copy, report, run, under_run, victim

BLIND = "NOTHING IS KNOWN"
SHOWN = {"keep": "leaks"}


def text(done):
    return done.stderr.decode(errors="replace")


@pytest.mark.parametrize("how", ["open", "cloexec"])
def test_a_stderr_that_an_exec_would_close_takes_the_report(how, box):
    done = preloaded([victim("closes_stderr"), how], box, settings=SHOWN)
    assert "3 times, 300 bytes" in text(done), done


@pytest.mark.parametrize("how", ["closed", "file"])
def test_where_stderr_is_closed_or_another_file_the_report_lies_beside_the_trace(how, box):
    done = preloaded([victim("closes_stderr"), how, box / "data"], box, settings=SHOWN)
    assert done.status == 0 and not done.stderr, done
    trace = only_trace(box)
    assert "3 times, 300 bytes" in trace.with_name(trace.name + ".report").read_text()
    assert (box / "data").exists() is (how == "file") and (how == "closed" or (box / "data").read_bytes() == b"")
    done = run([LEAKSHIM, "report", trace])
    assert f"{trace}.report" in done.stdout.decode(), done


def test_a_clean_run_without_stderr_leaves_nothing(box):
    done = preloaded([victim("closes_stderr"), "closed", "clean"], box, settings=SHOWN)
    assert done.status == 0
    assert list(box.rglob("*closes_stderr*")) == []


@pytest.mark.parametrize("settings, why", [({"level": "disabled"}, "level=disabled"), ({"level": "simple"}, "a sample")])
def test_what_followed_nothing_is_no_clean_run(settings, why, box):
    options = ":".join(f"{key}={value}" for key, value in settings.items())
    done = under_run([victim("closes_stderr"), "open"], box / "trace", environment(LEAKSHIM_OPTIONS=options), ["--check"])
    first = text(done).splitlines()[0]
    assert BLIND in first and why in first, done
    assert done.status == 24, done
    assert run([LEAKSHIM, "check", box / "trace"]).status == 2
    assert report(box / "trace")["summary"]["complete"] is False
    assert why in report(box / "trace")["summary"]["nothing_known"]


def test_what_a_program_became_without_a_trace_is_not_clean(box):
    done = under_run(["/usr/bin/env", "-u", "LD_PRELOAD", "/bin/true"], box / "trace", arguments=["--check"])
    assert BLIND in text(done).splitlines()[0], done
    assert done.status == 24, done


def test_an_end_by_a_call_of_the_programs_own_is_told_as_that(box):
    done = under_run([victim("leaves_by_call")], box / "trace")
    assert done.status == 5 and "exit_group(5)" in text(done), done
    assert report(box / "trace")["summary"]["end"] == "exit_group"
    done = preloaded([victim("leaves_by_call")], box)
    assert done.status == 5
    done = run([LEAKSHIM, "report", only_trace(box, "leaves_by_call")])
    assert b"exit_group" in done.stdout and b"SIGKILL" not in done.stdout, done


def test_json_of_a_run_with_children_is_one_document(box):
    done = run([LEAKSHIM, "run", "--check", "--format", "json", "--", "/bin/sh", "-c",
                f"{victim('closes_stderr')} open; {victim('closes_stderr')} open; exit 0"])
    assert json.loads(text(done)), done


def test_a_daemon_that_gave_up_its_rights_reports_from_a_copy_of_its_trace(box):
    if os.geteuid():
        pytest.skip("wants root, to become somebody else")
    shim, analyzer, (program,) = public_copy(box, victim("gives_up_its_rights"))
    box.chmod(0o755)
    place = box / "tmp"
    place.mkdir()
    place.chmod(0o1777)
    env = environment(LD_PRELOAD=shim, LEAKSHIM_OPTIONS=f"analyzer={analyzer}", TMPDIR=place)
    done = run([program], env)
    assert done.status == 4 and "3 times, 300 bytes" in text(done), done
    assert "leakshim-65534" in text(done) and "Permission denied" not in text(done), done
    done = run([program], {**env, "LEAKSHIM_OPTIONS": f"analyzer={analyzer}:trace={place}/mine"})
    assert done.status == 4 and f"leakshim report {place}/mine" in text(done), done


def test_several_reports_in_one_log_name_their_programs(box):
    done = preloaded(["/bin/sh", "-c", f"{victim('closes_stderr')} open & {victim('leak_then_end')} exit; wait"], box, settings=SHOWN)
    blocks = text(done).split("leakshim: report of ")[1:]
    mine = {name: block for block in blocks for name in ("closes_stderr", "leak_then_end") if name in block.splitlines()[0]}
    assert "(lose" not in mine["leak_then_end"] and "lose (" in mine["closes_stderr"] and "many (" in mine["leak_then_end"], done


@pytest.mark.parametrize("compiler, what, status", [("gcc", "address", 126), ("clang", "address", 126), ("clang", "thread", 126),
                                                    ("gcc", "thread", 0)])
def test_a_sanitized_program_is_named_before_its_start_and_unharmed_by_a_preload(compiler, what, status, box):
    source = box / "program.c"
    source.write_text("#include <stdio.h>\nint main(void) { puts(\"lives\"); return 0; }\n")
    built = run([f"/usr/bin/{compiler}", f"-fsanitize={what}", source, "-o", box / "program"])
    if built.status:
        pytest.skip(f"{compiler} cannot build with -fsanitize={what}")
    done = run([LEAKSHIM, "run", "--", box / "program"])
    assert done.status == status and {"address": "AddressSanitizer", "thread": "ThreadSanitizer"}[what] in text(done), done
    if (compiler, what) == ("gcc", "address"):  # refuses every library before its own
        return
    done = preloaded([box / "program"], box)
    assert done.status == 0 and done.stdout == b"lives\n", done
