# SPDX-License-Identifier: MIT
"""Damaged and hostile traces, wrong commands and programs that cannot be traced: one clear line each."""
import os
import re
import stat
import struct
import subprocess
from pathlib import Path

import pytest

import trace_writer as tw
from harness import BUILD, LEAKSHIM, ROOT, Server, environment, preload, run, victim, wait_until


def small():
    """A trace with every area of blocks in use."""
    t = tw.Trace()
    program = t.module("/nowhere/victim", tw.PROGRAM, start=0x400000)
    libc = t.module("/nowhere/libc.so.6", tw.LIBC, start=0x900000, build_id=b"a" * 20)
    thread = t.thread(4711, "main", main=True)
    node = t.stack(program, 0x401000, 0x402000)
    site = t.site(node, 5, 50, 50, 50)
    other = t.site(t.stack(libc, 0x901000, 0x902000), 5, 50, 50, 50)
    for i in range(5):
        t.block(site, 10 + i, thread=thread)
        t.block(other, 4, rate=1)
    t.header["rates"][1] = 100
    t.pending(site, 1, 2, 3)
    t.mismatch(site, node, tw.NEW, tw.MALLOC, thread=thread)
    return t


def with_resources():
    """The same with every area of resources and scans in use."""
    t = small()
    t.scan()
    t.verdict(1, tw.DEFINITE)
    t.verdict(2, tw.INDIRECT, owner=1)
    kind = t.type("Buf", release=2)
    t.probe("buf_new", kind, tw.CREATE)
    t.probe("buf_unref", kind, tw.RELEASE)
    records = t.records((tw.RELEASE, 2, 2, 1, 1, 1, 1, 10), (tw.TOUCH, 3, 1, 1, 1, 1, 2, 10))
    t.resource(kind, 2, 0x10018, records=records, thread=1)
    t.finding(1, kind, 2, 2, 3, 2, thread=1)
    t.problem("x.probes:1:1: error: what")
    return t


def refused(*arguments, status=2):
    """Runs leakshim, wants one line of complaint; returns it."""
    done = run([LEAKSHIM, *arguments])
    assert done.status == status, done
    assert done.stdout == b"" and done.text.count("\n") == 1, done
    assert done.text.startswith("leakshim: "), done
    return done.text


@pytest.mark.parametrize("make", [small, with_resources])
def test_every_cut_is_refused_and_no_changed_byte_crashes(make, box):
    trace = make().write(box / "small.trace")
    done = run([BUILD / "tests" / "analyzer_damage", trace, box / "work.trace"], timeout=240)
    assert done.status == 0, done.stdout[-2000:]
    size = trace.stat().st_size
    assert done.stdout.startswith(b"%d cuts refused" % size), done


def test_undamaged_trace_is_reported(box):
    done = run([LEAKSHIM, "report", small().write(box / "small.trace")])
    assert done.status == 0 and b"LEAK:" in done.stdout, done


@pytest.mark.parametrize("size", [0, 3, 8, 100, 8191, 8192, 8200, 12287, 20000])
def test_cut_trace_is_refused_with_its_name_and_offset(size, box):
    trace = box / "cut.trace"
    trace.write_bytes(small().bytes()[:size])
    line = refused("report", trace)
    assert line.startswith(f"leakshim: {trace}: offset "), line
    if size >= 8:
        assert f"offset {size}:" in line, line


def test_partial_reports_what_comes_before_the_damage_and_says_so(box):
    trace = box / "cut.trace"
    data = small().bytes()
    trace.write_bytes(data[:len(data) - 100])
    done = run([LEAKSHIM, "report", "--partial", trace])
    assert done.status == 0 and b"NOT COMPLETE" in done.stdout and b"damaged" in done.stdout, done


def test_hole_after_the_used_part_is_no_damage(box):
    done = run([LEAKSHIM, "report", small().write(box / "t.trace", hole=1 << 20)])
    assert done.status == 0 and b"LEAK:" in done.stdout, done


def test_sparse_giant_takes_no_memory(box):
    trace = small().write(box / "giant.trace")
    size = 1 << 42
    with open(trace, "r+b") as file:
        file.truncate(size)
        file.seek(24)
        file.write(struct.pack("<Q", size))
    with open(box / "said", "wb") as said:
        process = subprocess.Popen([LEAKSHIM, "report", trace], stdout=said, stderr=said, env=environment())
        _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 2
    assert (box / "said").read_text().startswith(f"leakshim: {trace}: offset ")
    assert used.ru_maxrss < 500_000  # KiB


def test_foreign_file_is_refused(box):
    line = refused("report", "/bin/ls")
    assert "/bin/ls: offset 0: not a leakshim trace" in line


def test_other_version_names_both_versions(box):
    t = small()
    t.header["version"] = 77
    line = refused("report", t.write(box / "new.trace"))
    assert "version 77" in line and "reads version 2" in line, line


def test_other_byte_order_is_refused(box):
    t = small()
    t.header["endian"] = 0x04030201
    assert "byte order" in refused("report", t.write(box / "foreign.trace"))


def test_unknown_area_is_skipped(box):
    t = small()
    body = tw.chunk(99, 0, 8, b"newer", 1) + b"".join(t.chunks())
    done = run([LEAKSHIM, "report", t.write(box / "t.trace", body=body)])
    assert done.status == 0 and b"LEAK:" in done.stdout, done


BROKEN = {
    "a frame's caller lies nowhere": lambda t: t.node(999_999, 0x401000, 1),
    "a frame's module lies nowhere": lambda t: t.node(1, 0x401000, 4000),
    "a site's stack lies nowhere": lambda t: t.site(999_999),
    "a count belongs to no site": lambda t: t.pending(999_999, 1, 1, 1),
    "a block's site lies nowhere": lambda t: t.block(999_999, 8),
    "a block's thread lies nowhere": lambda t: t.block(1, 8, thread=50_000),
    "a mismatch leads nowhere": lambda t: t.mismatch(999_999, 1, tw.NEW, tw.MALLOC),
    "a type's release lies nowhere": lambda t: t.type("x", release=99),
    "a type's name lies nowhere": lambda t: t.add(tw.TYPE, struct.pack("<6I5Q", 999_999, *[0] * 10)),
    "a probe's name lies nowhere": lambda t: t.add(tw.PROBE, struct.pack("<8IQ", 999_999, *[0] * 8)),
    "a resource leads nowhere": lambda t: t.resource(99, 1, 0x1000),
    "a resource's records lie nowhere": lambda t: t.resource(0, 1, 0x1000, records=0xffffffff),
    "a record leads nowhere": lambda t: t.resource(0, 1, 0x1000, records=t.records((2, 999_999, 0, 1, 1, 0, 1, 1))),
    "a finding leads nowhere": lambda t: t.finding(1, 99, 0, 1, 1),
    "a message lies nowhere": lambda t: t.add(tw.PROBLEM, struct.pack("<2I", 999_999, 1)),
    "a module's build-id is too long": lambda t: t.add(tw.MODULE, struct.pack(
        "<5Q2I2Q20sI", 1, 2, 0, 0, 0, 0, 0, 0, 0, b"", 21)),
    "a module's name lies nowhere": lambda t: t.add(tw.MODULE, struct.pack(
        "<5Q2I2Q20sI", 1, 2, 0, 0, 0, 999_999, 0, 0, 0, b"", 0)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_reference_that_leads_nowhere_is_named_with_its_offset(what, box):
    t = small()
    BROKEN[what](t)
    trace = t.write(box / "t.trace")
    line = refused("report", trace)
    assert what in line and f"{trace}: offset " in line, line


def test_circle_of_frames_ends(box):
    t = small()
    at = len(t.areas[tw.NODE]) // 32
    t.node(at + 1, 0x401100, 1)
    t.node(at, 0x401200, 1)
    t.block(t.site(at), 100_000)
    done = run([LEAKSHIM, "report", t.write(box / "t.trace")], timeout=60)
    assert done.status == 0 and b"100,000 bytes" in done.stdout, done


def test_names_from_the_program_cannot_command_the_terminal(box):
    t = tw.Trace(program="\x1b]0;owned\x07")
    module = t.module(b"/nowhere/lib\x1b[31m\xff\n.so", start=0x400000)
    thread = t.thread(7, b"a\x1b[2J\rb")
    t.block(t.site(t.stack(module, 0x401000)), 8, thread=thread)
    trace = t.write(box / "t.trace")
    for form in ("text", "json"):
        done = run([LEAKSHIM, "report", "--format", form, trace])
        assert done.status == 0, done
        assert not set(done.stdout) & (set(range(32)) - {9, 10}) and 0x7f not in done.stdout
        done.stdout.decode("utf-8")
    assert rb"a\x1b[2J" in run([LEAKSHIM, "report", trace]).stdout


@pytest.mark.parametrize("path,word", [("/", "directory"), ("/dev/null", "device"),
                                       ("/nowhere/t.trace", "No such file")])
def test_what_is_no_file_is_named(path, word, box):
    line = refused("report", path)
    assert path in line and word in line, line


def test_good_trace_beside_a_bad_one_is_still_reported(box):
    done = run([LEAKSHIM, "report", "/nowhere/x.trace", small().write(box / "t.trace")])
    assert done.status == 2 and b"LEAK:" in done.stdout and "/nowhere/x.trace" in done.text, done


WRONG_WORDS = [
    (["raport"], "unknown command 'raport'; did you mean 'report'?"),
    (["--formt"], "did you mean '--format'?"),
    (["--format", "json", "report", "x"], "--format comes after a command; there are: run report snapshot probes check diff who level "
                                          "doctor top explain traces merge\n"),
    (["report", "--fromat", "json", "x"], "did you mean '--format'?"),
    (["report", "--format", "jsn", "x"], "did you mean 'json'?"),
    (["report", "--show", "definit", "x"], "did you mean 'definite'?"),
    (["report", "--show", "definite,lost", "x"], "unknown class 'lost'"),
    (["report", "--max", "many", "x"], "--max wants a number"),
    (["report", "--max", "-1", "x"], "--max wants a number"),
    (["report", "--max"], "--max wants a value: N"),
    (["report", "--partial=yes", "x"], "--partial takes no value"),
    (["run", "--level", "paranoyd", "true"], "did you mean 'paranoid'?"),
    (["run", "--fail-on-leaks", "true"], "did you mean '--fail-on-leak'?"),
    (["run"], "run wants a program"),
    (["report"], "report wants a trace or a pid"),
    (["snapshot"], "snapshot wants a pid"),
    (["snapshot", "1", "2"], "one pid only"),
    (["snapshot", "name"], "snapshot wants the pid"),
    (["report", "999999999"], "there is no such process"),
    (["report", "1"], "1: "),
    (["--"], "no command"),
]


@pytest.mark.parametrize("arguments,word", WRONG_WORDS, ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_wrong_word_names_the_nearest_right_one(arguments, word):
    assert word in refused(*arguments)


def write_program(path, data, mode=0o755):
    path.write_bytes(data)
    path.chmod(mode)
    return path


def elf(bits=2, machine=62):
    return bytes([0x7f]) + b"ELF" + bytes([bits, 1, 1]) + bytes(9) + struct.pack("<2H", 2, machine) + bytes(100)


def compiled(box, name, *arguments, text="int main(void) { return 0; }"):
    source = box / f"{name}.c"
    source.write_text(text)
    subprocess.run(["/usr/bin/gcc", "-o", box / name, source, *arguments], check=True, env=environment())
    return box / name


def test_programs_that_cannot_be_traced_are_named_before_they_start(box):
    said = box / "said"
    plain = write_program(box / "plain", b"#!/bin/sh\ntouch " + bytes(said) + b"\n", 0o644)
    cases = [
        ("/nowhere/program", 127, "No such file"),
        ("no-such-program-anywhere", 127, "no such program in PATH"),
        (box, 126, "is a directory"),
        ("/dev/null", 126, "device"),
        (plain, 126, "is not executable"),
        (write_program(box / "empty", b""), 126, "is empty"),
        (write_program(box / "short", b"\x7fELF"), 126, "cut off"),
        (write_program(box / "data", b"\0\1\2\3" * 20), 126, "neither an ELF program nor a script"),
        (write_program(box / "small", elf(bits=1, machine=3)), 126, "32-bit"),
        (write_program(box / "arm", elf(machine=183)), 126, "another machine"),
        (write_program(box / "script", b"#!/nowhere/interpreter\n"), 126, "/nowhere/interpreter"),
        (write_program(box / "circle", b"#!" + bytes(box / "circle") + b"\n"), 126, "usable interpreter"),
        (compiled(box, "static", "-static"), 126, "statically linked"),
    ]
    for program, status, word in cases:
        line = refused("run", "--", program, status=status)
        assert word in line and str(program) in line, line
    assert not said.exists()


def is_foreign(status, bit):
    """Does the program run with the rights of somebody else by this bit alone?"""
    foreign = status.st_uid != os.getuid() if bit == stat.S_ISUID else status.st_gid not in (os.getgid(), *os.getgroups())
    return status.st_mode & (stat.S_ISUID | stat.S_ISGID) == bit and foreign


def test_set_uid_program_is_named(box):
    program = compiled(box, "other")
    try:
        os.chown(program, 12345, 12345)
    except OSError:  # only root may, and only where such a user is known: then the system's own
        for bit, word in ((stat.S_ISUID, "set-uid"), (stat.S_ISGID, "set-gid")):
            own = next((p for p in sorted(Path("/usr/bin").iterdir()) if p.is_file() and is_foreign(p.stat(), bit)), None)
            if not own:
                pytest.skip(f"not root, and no {word} program of another user in /usr/bin")
            assert word in refused("run", "--", own, "--version", status=126)
        return
    program.chmod(0o4755)
    assert "set-uid" in refused("run", "--", program, status=126)
    program.chmod(0o2755)
    assert "set-gid" in refused("run", "--", program, status=126)


def test_linked_in_allocator_is_a_warning(box):
    text = "void *malloc(unsigned long n) { (void)n; return (void *)0; } int main(void) { return 3; }"
    program = compiled(box, "own", "-fno-builtin", text=text)
    done = run([LEAKSHIM, "run", "--", program], environment(TMPDIR=box))
    assert done.status == 3 and "allocator of its own linked in (malloc)" in done.text, done


def test_output_that_is_no_trace_is_left_alone(box):
    precious = box / "precious"
    precious.write_text("keep me")
    line = refused("run", "-o", precious, "--", victim("free_before_exit"))
    assert "left alone" in line and precious.read_text() == "keep me"
    assert "nowhere" in refused("run", "-o", "/nowhere/t.trace", "--", victim("free_before_exit"))


def test_no_two_areas_of_a_trace_have_the_same_number():
    numbers = re.findall(r"\bTRACE_AREA_\w+ = (\d+),", (ROOT / "shim/format/trace.h").read_text())
    assert len(numbers) > 20 and len(set(numbers)) == len(numbers), numbers


FORGETS = """
#include <stdlib.h>
#define F(name) __attribute__((noinline)) void name(int n) { char *p = malloc(n); p[0] = 1; if (n == 7) free(p); }
"""


def forgets(box, name, *functions, build_id="none"):
    """A program that forgets a block in each of these functions, without a build-id."""
    source = box / f"{functions[0]}.c"
    source.write_text(FORGETS + "\n".join(f"F({f})" for f in functions) + "\nint main(void) { %s return 0; }\n" %
                      " ".join(f"{f}({i + 40});" for i, f in enumerate(functions)))
    subprocess.run(["gcc", "-g", f"-Wl,--build-id={build_id}", source, "-o", box / name], check=True, timeout=60)
    return box / name


@pytest.mark.parametrize("build_id, how", [("none", "other code at the same places"), ("sha1", "another build-id")])
def test_a_program_that_was_built_again_lends_an_old_trace_neither_names_nor_places(box, build_id, how):
    forgets(box, "program", "first", build_id=build_id)
    run([LEAKSHIM, "run", "-o", box / "t.trace", "--", box / "program"], environment(TMPDIR=box))
    assert b"made in first (first.c:" in run([LEAKSHIM, "report", box / "t.trace"]).stdout
    (box / "program").unlink()
    forgets(box, "program", *(f"other{i}" for i in range(9)), build_id=build_id)
    done = run([LEAKSHIM, "report", box / "t.trace"])
    text = done.stdout.decode()
    assert "other" not in text.replace("other code", "").replace("another", "") and "Forgotten" not in text, text
    assert f"program is not the file that was traced ({how})" in text, text
    assert "  its code was not read: program is not the file that was traced.\n" in text, text


def test_a_program_that_is_gone_is_said_where_its_code_would_explain(box):
    forgets(box, "program", "first")
    run([LEAKSHIM, "run", "-o", box / "t.trace", "--", box / "program"], environment(TMPDIR=box))
    (box / "program").unlink()
    assert b"  its code was not read: program is gone.\n" in run([LEAKSHIM, "report", box / "t.trace"]).stdout


def test_code_without_names_that_was_packed_or_stripped_has_places_but_no_certainty(box):
    program = forgets(box, "program", "first", "second")
    subprocess.run(["strip", program], check=True)
    run([LEAKSHIM, "run", "-o", box / "t.trace", "--", program], environment(TMPDIR=box))
    text = run([LEAKSHIM, "report", box / "t.trace"]).stdout.decode()
    assert text.count("made in program+0x") == 2 and "first" not in text, text


def test_a_report_with_much_hard_code_stops_to_explain_and_says_so(box):
    branches = "".join(f"if (n == {k}) g += p[0]; else g--;" for k in range(25))
    newline = "\n"
    functions = newline.join(f"__attribute__((noinline)) void f{i}(int n) {{ char *p = malloc({i} + 1); p[0] = n; {branches} if (n == 99) free(p); }}"
                          for i in range(40))
    (box / "many.c").write_text(f"#include <stdlib.h>\nvolatile int g;\n{functions}\nint main(void) {{ {newline.join(f'f{i % 40}(5);' for i in range(1000))} }}\n")
    subprocess.run(["gcc", "-g", box / "many.c", "-o", box / "many"], check=True, timeout=60)
    run([LEAKSHIM, "run", "-o", box / "t.trace", "--", box / "many"], environment(TMPDIR=box))
    text = run([LEAKSHIM, "report", "--max", "0", box / "t.trace"]).stdout.decode()
    assert re.search(r"^leakshim: note: the time for explanations was up: the code of the last \d+ groups was not followed$", text, re.M), text
    assert text.count("\nLEAK: ") + text.startswith("LEAK: ") >= 40 and "(certain)" not in text


@pytest.mark.parametrize("name", ["deadbeef", "no fingerprint"])
def test_what_is_to_be_looked_at_closely_and_is_not_there_is_said_and_is_trouble(box, name):
    with Server([victim("keeps_sessions"), "closes"], preload(box, report="none"), box) as server:
        wait_until(lambda: "ready" in server.log.read_text(), "its first line")
        done = run([LEAKSHIM, "explain", server.pid, name, "-o", box / "copy"])
    assert done.status == 2 and f"leakshim: {name}: no group of this report has that fingerprint" in done.text, done
    assert "nothing is in focus" in done.text, done


def test_a_function_of_a_hundred_thousand_instructions_is_explained_rightly_or_said_to_be_too_long(box):
    branches = "\n".join(f"if ((acc ^ {i}) % {i % 97 + 2} == 1) acc = acc * 3 + {i}; else acc += 2;" for i in range(2000))
    (box / "long.c").write_text("#include <stdlib.h>\nint main(int acc, char **argv) {\n%s\nchar *p = malloc(100); p[0] = acc;\n%s\n"
                                "if (acc == 7) free(p);\nreturn 0; }\n" % (branches, branches))
    subprocess.run(["gcc", "-g", box / "long.c", "-o", box / "long"], check=True, timeout=60)
    run([LEAKSHIM, "run", "-o", box / "t.trace", "--", box / "long"], environment(TMPDIR=box))
    done = run([LEAKSHIM, "report", box / "t.trace"])
    text = done.stdout.decode()
    assert done.status == 0 and "made in main (long.c:2003)" in text, text
    assert re.search(r"Forgotten in main \(long.c:4005\)|\(a guess\)|could not be followed|only a part of it was followed", text), text
