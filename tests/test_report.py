# SPDX-License-Identifier: MIT
"""What the report says: names, lines, groups, classes, fingerprints, both formats."""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time

import jsonschema
import pytest

import trace_writer as tw
from harness import (BUILD, LEAKSHIM, ROOT, end_group, environment, groups, only_trace, preload, report, run,
                     stack, traces, under_run, victim, wait_until)

SCHEMA = json.loads((ROOT / "analyzer" / "report.schema.json").read_text())

TWO_SITES = """
#include <stdlib.h>
%s
static inline __attribute__((always_inline)) void *inner(int n) { return malloc(n); }
__attribute__((noinline)) void *outer(int n) { void *p = inner(n); *(volatile char *)p = 0; return p; }
int main(void)
{
	for (int i = 0; i < 30; i++)
		outer(10);
	outer(20);
	return 0;
}
"""


def compiled(box, name, text, *arguments, compiler="/usr/bin/gcc", suffix="c"):
    source = box / f"{name}.{suffix}"
    source.write_text(text)
    subprocess.run([compiler, "-w", *(arguments or ["-g", "-O1"]), "-o", box / name, source], check=True,
                   env=environment())
    return box / name


def traced(box, program, *arguments, name="t.trace"):
    """Runs a program under leakshim run; returns its JSON report."""
    done = under_run([program, *arguments], box / name, environment(TMPDIR=box))
    assert done.status == 0, done
    return report(box / name)


def fingerprints(whole):
    return {(group["count"], group["bytes"]): group["fingerprint"] for group in whole["leaks"]}


def text_of(trace, *arguments):
    done = run([LEAKSHIM, "report", trace, *arguments])
    assert done.status == 0 and not done.text, done
    return done.stdout.decode()


def test_frames_show_function_file_line_and_inlined_calls(box):
    program = compiled(box, "two", TWO_SITES % "")
    traced(box, program)
    text = text_of(box / "t.trace")
    assert re.search(r"Created at:\n\tinner \(two\.c:4, inlined\)\n\touter \(two\.c:5\)\n\tmain \(two\.c:9\)\n\n",
                     text), text
    assert "\tmain (two.c:10)\n" in text, text


def test_two_lines_of_one_function_are_two_groups_with_fingerprints_of_their_own(box):
    found = fingerprints(traced(box, compiled(box, "two", TWO_SITES % "")))
    assert set(found) == {(30, 300), (1, 20)} and len(set(found.values())) == 2, found


def test_line_that_the_compiler_repeated_is_one_group(box):
    unrolled = TWO_SITES.replace("i < 30", "i < 3")
    found = fingerprints(traced(box, compiled(box, "two", unrolled % "", "-g", "-O2", "-fpeel-loops")))
    assert set(found) == {(3, 30), (1, 20)}, found


def test_fingerprint_survives_another_run_and_an_unrelated_rebuild(box):
    more = "int unrelated[100];\nint other(int x)\n{\n\treturn unrelated[x %% 100] + x;\n}\n".replace("%%", "%")
    first = fingerprints(traced(box, compiled(box, "two", TWO_SITES % "")))
    again = fingerprints(traced(box, box / "two", name="again.trace"))
    rebuilt = fingerprints(traced(box, compiled(box, "three", TWO_SITES % more), name="rebuilt.trace"))
    stripped = compiled(box, "four", TWO_SITES % more, "-O1")
    plain = fingerprints(traced(box, stripped, name="plain.trace"))
    assert first == again == rebuilt == plain


def test_largest_group_comes_first_and_max_says_how_many_more(box):
    traced(box, compiled(box, "two", TWO_SITES % ""))
    whole = text_of(box / "t.trace")
    assert whole.index("30 times, 300 bytes") < whole.index("1 time, 20 bytes")
    cut = text_of(box / "t.trace", "--max", "1")
    assert cut.count("LEAK:") == 1 and "1 smaller groups" in cut, cut
    assert "31 blocks in 2 groups, 320 bytes" in cut, cut


def test_program_without_symbols_shows_module_and_offset(box):
    program = compiled(box, "two", TWO_SITES % "", "-O1", "-s")
    traced(box, program)
    text = text_of(box / "t.trace")
    offsets = re.findall(r"\ttwo\+0x([0-9a-f]+)\n", text)
    assert len(offsets) == 4 and "(" not in text.split("Created at:")[1].split("\n\n")[0], text


def test_offset_is_what_addr2line_takes(box):
    program = compiled(box, "two", TWO_SITES % "")
    for group in traced(box, program)["leaks"]:
        for frame in group["created_at"]:
            done = run(["/usr/bin/addr2line", "-i", "-e", program, frame["offset"]])
            assert f"two.c:{frame['line']}" in done.stdout.decode(), (frame, done)


def test_separate_debug_file_is_found_by_build_id(box):
    program = compiled(box, "two", TWO_SITES % "", "-g", "-O1", "-Wl,--build-id=sha1")
    notes = run(["/usr/bin/readelf", "-n", program]).stdout.decode()
    build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)[1]
    debug = f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    if not os.access("/usr/lib/debug", os.W_OK) and os.getuid():
        pytest.skip("needs to write below /usr/lib/debug")
    made = not os.path.isdir(os.path.dirname(debug))
    os.makedirs(os.path.dirname(debug), exist_ok=True)
    try:
        subprocess.run(["/usr/bin/objcopy", "--only-keep-debug", program, debug], check=True)
        subprocess.run(["/usr/bin/strip", program], check=True)
        traced(box, program)
        assert "inner (two.c:4, inlined)" in text_of(box / "t.trace")
    finally:
        os.unlink(debug)
        if made:
            os.rmdir(os.path.dirname(debug))


def test_program_that_changed_or_vanished_is_said_and_never_named_wrongly(box):
    program = compiled(box, "two", TWO_SITES % "", "-g", "-O1", "-Wl,--build-id=sha1")
    traced(box, program)
    program.unlink()
    text = text_of(box / "t.trace")
    assert f"{program} is gone" in text and "\ttwo+0x" in text and "outer" not in text, text
    compiled(box, "two", TWO_SITES % "int changed;", "-g", "-O0", "-Wl,--build-id=sha1")
    text = text_of(box / "t.trace")
    assert "another build-id" in text and "\ttwo+0x" in text and "outer" not in text, text


def test_cpp_names_are_readable_and_families_named(box):
    text = """
    namespace store { template <class T> struct Box { T *make() { return new T(); } char *raw() { return new char[7]; } }; }
    struct Thing { long a, b; };
    int main() { store::Box<Thing> box; return !box.make() + !box.raw(); }
    """
    program = compiled(box, "names", text, "-g", "-O0", compiler="/usr/bin/g++", suffix="cpp")
    whole = traced(box, program)
    made = groups(whole, "store::Box<Thing>::make")[0]
    assert (made["type"], made["release"], made["count"], made["bytes"]) == ("object", "operator delete()", 1, 16)
    raw = groups(whole, "store::Box<Thing>::raw")[0]
    assert (raw["type"], raw["release"], raw["bytes"]) == ("array", "operator delete[]()", 7)
    assert " ever allocated here by operator new; " in text_of(box / "t.trace")


def test_mismatched_release_shows_both_stacks(box):
    text = """
    #include <stdlib.h>
    __attribute__((noinline)) static char *make() { return new char[40]; }
    __attribute__((noinline)) static void drop(char *p) { free(p); }
    int main() { for (int i = 0; i < 3; i++) drop(make()); return 0; }
    """
    program = compiled(box, "mixed", text, "-g", "-O0", compiler="/usr/bin/g++", suffix="cpp")
    whole = traced(box, program)
    finding, = whole["findings"]
    assert (finding["made_by"], finding["released_by"], finding["count"]) == ("operator new[]", "free()", 3)
    assert [f["function"] for f in finding["released_at"]] == ["drop", "main"]
    assert [f["function"] for f in finding["created_at"]] == ["make", "main"]
    assert "MISMATCH: memory of operator new[] was released by free(): 3 times, 120 bytes" in text_of(box / "t.trace")


def test_program_with_its_own_copy_of_the_cpp_library_has_no_mismatches(box):
    text = "#include <string>\nint main() { std::string s(1000, 'x'); return s.size() != 1000; }"
    program = compiled(box, "own", text, "-g", "-O0", "-static-libstdc++", "-static-libgcc",
                       compiler="/usr/bin/g++", suffix="cpp")
    whole = traced(box, program)
    assert whole["findings"] == [] and not groups(whole, "main"), whole


def test_recursion_of_any_depth_is_one_group(box):
    text = """
    #include <stdlib.h>
    __attribute__((noinline)) void *down(int n) { void *p = n ? down(n - 1) : malloc(8); *(volatile char *)p = 0; return p; }
    int main(void) { for (int i = 0; i < 50; i++) down(i); return 0; }
    """
    whole = traced(box, compiled(box, "deep", text, "-g", "-O0"))
    down = groups(whole, "down")
    assert sum(group["count"] for group in down) == 50 and len(down) <= 2, down


LIBC_KEEPS = """
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <dlfcn.h>
static void *thread(void *x)
{
	pthread_key_t key;
	for (int i = 0; i < 40 && !pthread_key_create(&key, 0); i++)
		pthread_setspecific(key, "value");
	return x;
}
__attribute__((noinline)) static void libc_keeps(void)
{
	pthread_t id;
	time_t zero = 0;
	wchar_t wide[10];
	setlocale(LC_ALL, "C.UTF-8");
	tzset();
	printf("%d\\n", localtime(&zero)->tm_year);
	getpwnam("root");
	mbstowcs(wide, "abc", 10);
	pthread_create(&id, 0, thread, 0);
	pthread_join(id, 0);
	dlopen("libz.so.1", RTLD_NOW);
	dlsym(0, "no such symbol");
	dlerror();
	setenv("LEAKSHIM_TEST_NAME", "value", 1);
	strerror(99999);
	atexit(tzset);
}
__attribute__((noinline)) static void program_leaks(void)
{
	char *line = 0;
	size_t room = 0;
	FILE *file = fopen("/etc/passwd", "r");
	struct addrinfo *found;
	getline(&line, &room, file);
	strdup("mine");
	getaddrinfo("127.0.0.1", "80", 0, &found);
	asprintf(&line, "%d", 5);
}
int main(void) { libc_keeps(); program_leaks(); return 0; }
"""


# Whatever a scan may say about them: what is libc's own is of the class runtime, and no other is.
OURS = "definite,indirect,possible,held,in-flight,reachable,unclassified"


def check_libc(shown):
    assert not groups(shown, "libc_keeps"), [stack(g) for g in groups(shown, "libc_keeps")]
    made = {stack(g)[stack(g).index("program_leaks") - 1] for g in groups(shown, "program_leaks")}
    assert {"strdup", "getaddrinfo"} <= made and len(groups(shown, "program_leaks")) >= 5, made


def report_of_ours(trace, *wrapper):
    done = run([*wrapper, LEAKSHIM, "report", "--format", "json", "--show", OURS, trace])
    assert done.status == 0, done
    return json.loads(done.stdout)


def test_what_libc_keeps_is_hidden_and_what_it_hands_out_is_shown(box):
    whole = traced(box, compiled(box, "keeps", "#define _GNU_SOURCE\n" + LIBC_KEEPS, "-g", "-O0"))
    check_libc(report_of_ours(box / "t.trace"))
    runtime = whole["summary"]["classes"]["runtime"]
    assert runtime["groups"] > 5 and any(g["class"] == "runtime" for g in whole["leaks"])
    assert f"runtime {runtime['blocks']} (" in text_of(box / "t.trace")


def test_libc_is_known_without_its_debug_file(box):
    if os.getuid():
        pytest.skip("needs root to hide /usr/lib/debug")
    traced(box, compiled(box, "keeps", "#define _GNU_SOURCE\n" + LIBC_KEEPS, "-g", "-O0"))
    os.makedirs("/usr/lib/debug", exist_ok=True)
    hide = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /usr/lib/debug && exec "$@"', "sh"]
    if run([*hide, "true"]).status:
        pytest.skip("no mount name space to be had")
    bare = report_of_ours(box / "t.trace", *hide)
    check_libc(bare)
    known = report_of_ours(box / "t.trace")
    assert {g["fingerprint"] for g in bare["leaks"]} == {g["fingerprint"] for g in known["leaks"]}


def test_json_follows_the_published_schema(box):
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    traced(box, compiled(box, "two", TWO_SITES % ""))
    hostile = tw.Trace(program="\udce9".encode("utf-8", "surrogateescape").decode("latin-1"))
    module = hostile.module(b"/nowhere/\xff\xfe", start=0x400000)
    hostile.block(hostile.site(hostile.stack(module, 0x401000, 0x500000)), 8)
    hostile.header["drops"] = [1] * 16
    hostile.header.update(flags=4, stop="\x01 why")
    hostile.write(box / "hostile.trace")
    for arguments in (["t.trace"], ["t.trace", "hostile.trace"], ["hostile.trace", "--show", "all"]):
        done = run([LEAKSHIM, "report", "--format", "json", *arguments], cwd=box)
        whole = json.loads(done.stdout)
        jsonschema.validate(whole, SCHEMA)
    assert whole["summary"]["complete"] is False and whole["summary"]["drops"]["no_space"] == 1


def test_schema_refuses_what_is_no_report():
    for wrong in ({"version": 2}, {"version": 1, "leaks": []}, []):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


def test_drops_are_said_in_plain_words(box):
    t = tw.Trace()
    t.header["drops"][0] = 5
    t.header["drops"][3] = 1
    text = text_of(t.write(box / "t.trace"))
    assert "no leaks" in text and "NOT COMPLETE" in text and "nothing was missed" not in text, text
    assert "5 allocations were not recorded: no space for the trace" in text, text
    assert "1 block has no stack" in text, text


ENDS = [(1, 3, "ended by exit(3)"), (2, 4, "ended by _exit(4)"), (3, 5, "ended by quick_exit(5)"),
        (4, 0, "ended by abort()"), (5, 9, "killed by signal 9 (SIGKILL)"), (6, 0, "replaced by exec"),
        (0, 0, "ended without a word")]


@pytest.mark.parametrize("end,detail,words", ENDS)
def test_every_end_has_words(end, detail, words, box):
    t = tw.Trace()
    t.header.update(end=end, detail=detail)
    assert words in text_of(t.write(box / "t.trace"))


def test_sampled_blocks_are_weighed_and_marked_as_estimates(box):
    t = tw.Trace()
    module = t.module("/nowhere/x", tw.PROGRAM, start=0x400000)
    site = t.site(t.stack(module, 0x401000), 10, 10000)
    t.header["rates"][1] = 1000
    for _ in range(10):
        t.block(site, 1000, rate=1)
    t.write(box / "t.trace")
    group, = report(box / "t.trace")["leaks"]
    assert group["estimate"] is True and group["count"] == 16 and abs(group["bytes"] - 15820) <= 1, group
    text = text_of(box / "t.trace")
    assert "~16 times, ~15,820 bytes" in text and "only a sample" in text, text


def test_threads_and_ages_are_named(box):
    t = tw.Trace()
    module = t.module("/nowhere/x", tw.PROGRAM, start=0x400000)
    site = t.site(t.stack(module, 0x401000), 5010, 10000, 640, 6400)
    main, worker = t.thread(4711, "x", main=True), t.thread(4712, "worker-1")
    t.header["end_time"] = 40 * 60 * 1_000_000
    t.block(site, 100, thread=main, time=5 * 60 * 1_000_000)
    t.block(site, 100, thread=worker, time=(40 * 60 - 2) * 1_000_000)
    text = text_of(t.write(box / "t.trace"))
    assert "Oldest 35 min, newest 2.0 s. Threads main, worker-1 (4712).\n" in text, text
    assert "2 of 5,010 ever allocated here; at most 6,400 bytes alive at once." in text, text


def scanned(**scan):
    """A trace with one block of each class, each from a site of its own."""
    t = tw.Trace()
    module = t.module("/nowhere/x", tw.PROGRAM, start=0x400000)
    t.scan(**scan)
    sites = [t.site(t.stack(module, 0x401000 + 16 * i)) for i in range(8)]
    blocks = [t.block(site, 100 + i, time=7) for i, site in enumerate(sites)]
    for block, verdict in zip(blocks, (tw.DEFINITE, tw.REACHABLE, tw.POSSIBLE, tw.IGNORED)):
        t.verdict(block, verdict, scan=scan.get("number", 1))
    t.verdict(blocks[4], tw.INDIRECT, owner=blocks[0], scan=scan.get("number", 1))
    return t, blocks


def classes(whole):
    return {group["bytes"]: group["class"] for group in whole["leaks"]}


def test_classes_are_those_of_the_scan(box):
    t, blocks = scanned()
    t.verdict(blocks[5], tw.DEFINITE, scan=200)
    t.verdict(blocks[6], tw.DEFINITE, address=0x999)
    trace = t.write(box / "t.trace")
    whole = report(trace)
    assert classes(whole) == {100: "definite", 101: "reachable", 102: "possible", 103: "ignored", 104: "indirect",
                              105: "in-flight", 106: "in-flight", 107: "in-flight"}
    definite = next(g for g in whole["leaks"] if g["class"] == "definite")
    assert definite["dragged"] == {"count": 1, "bytes": 104}
    jsonschema.validate(whole, SCHEMA)
    text = text_of(trace)
    assert text.count("LEAK:") == 2 and "1 block, 104 bytes, hangs on it and is lost too" in text, text
    assert "nothing points at it any more" in text
    assert "leakshim: by class: definite 1 (100 bytes), indirect 1 (104 bytes), possible 1 (102 bytes), in-flight 3 (318 " \
        "bytes), reachable 1 (101 bytes), ignored 1 (103 bytes); --show CLASS lists them." in text


def test_live_scan_suspects_once_and_confirms_twice(box):
    t, blocks = scanned(occasion=2, pause=3100, missing=1 << 7)
    t.verdict(blocks[2], tw.POSSIBLE, cuts=2)
    t.header.update(end=0, flags=8)  # a snapshot of a running program
    trace = t.write(box / "t.trace")
    text = text_of(trace)
    assert "Suspected by one scan" in text and "Confirmed by two scans" in text, text
    assert "scan of 2 threads" in text and "stood still for 3.1 ms" in text, text
    assert "not looked at for pointers: pointers that the kernel holds" in text, text
    assert classes(report(trace))[105] == "in-flight"  # made after the scan
    t.write(box / "other.trace")
    summed = run([LEAKSHIM, "report", trace, box / "other.trace"]).stdout.decode()
    assert "Sums over 2 processes" in summed and "stood still" not in summed, summed  # no pause of its own


def test_what_was_made_after_a_look_at_a_program_that_then_vanished_is_not_in_flight(box):
    t, _ = scanned(occasion=2)
    t.header["end"] = 0
    trace = t.write(box / "t.trace")
    assert classes(report(trace))[105] == "unclassified"
    assert "NOT CLASSIFIED" in text_of(trace)


def test_failed_scan_is_said_and_nothing_is_classified(box):
    t, _ = scanned(status=6)
    trace = t.write(box / "t.trace")
    assert set(classes(report(trace)).values()) == {"unclassified"}
    assert "the latest scan for pointers failed: it took too long" in text_of(trace)


def test_verdicts_of_a_scan_under_way_are_not_taken(box):
    t, blocks = scanned()
    t.scan(number=2, status=0)
    t.verdict(blocks[0], tw.REACHABLE, scan=2)
    found = classes(report(t.write(box / "t.trace")))
    assert found[100] != "reachable" and found[102] == "possible"


def test_block_let_go_during_a_scan_is_not_alive(box):
    t = tw.Trace()
    t.block(0, 8, family=7)
    assert report(t.write(box / "t.trace"))["leaks"] == []


def resources():
    t = tw.Trace()
    module = t.module("/nowhere/x", tw.PROGRAM, start=0x400000)
    worker = t.thread(4712, "worker-1")
    bytes_type = t.type("GBytes", release=2)
    t.probe("g_bytes_new", bytes_type, tw.CREATE)
    assert t.probe("g_bytes_unref", bytes_type, tw.RELEASE) == 2
    t.probe("g_bytes_ref", bytes_type, tw.RETAIN)
    made, push, drop = (t.stack(module, pc, 0x409000) for pc in (0x401000, 0x402000, 0x403000))
    site = t.site(made, 3, 192)
    for i in range(3):
        block = t.block(site, 64, address=0x70000 + i * 64, thread=worker)
        records = t.records((tw.RELEASE, drop, 2, 1, 1, worker, 9, 5000 + i), (tw.RETAIN, push, 3, 2, 4, worker, 8, 4000))
        t.resource(bytes_type, made, 0x70000 + i * 64, records=records, thread=worker, retains=4, releases=4,
                   thinned=3, time=i)
    t.resource(bytes_type, made, 0x90000, flags=tw.ENDED)
    return t, bytes_type, made, push, drop, block


def test_resource_is_reported_once_with_its_records_newest_first(box):
    t, *_ = resources()
    trace = t.write(box / "t.trace")
    group, = report(trace)["leaks"]
    assert (group["type"], group["release"], group["count"], group["bytes"]) == ("GBytes", "g_bytes_unref()", 3, 192)
    assert [(r["op"], r["function"], r["count"], r["merged"]) for r in group["records"]] == [
        ("release", "g_bytes_unref", 1, 0), ("retain", "g_bytes_ref", 2, 3)]
    assert group["records_left_out"] == 3 and [x["name"] for x in group["threads"]] == ["worker-1"]
    text = text_of(trace)
    assert re.search(r"LEAK: GBytes\.g_bytes_unref\(\) was not called before the program ended: 3 times, 192 bytes \["
                     r"[0-9a-f]{8}\]\n(  .*\n)+Recent access records:\n#1: release by g_bytes_unref\(\), count 1 after it, "
                     r"worker-1, 5 ms after creation\n\tx\+0x2fff\n\tx\+0x8fff\n#2: retain by g_bytes_ref\(\), .*4 times "
                     r"in all\n(\t.*\n)+Created at:\n(\t.*\n)+: 3 more records", text), text


def test_resources_that_went_another_way_last_are_another_group(box):
    t, bytes_type, made, push, _, _ = resources()
    records = t.records((tw.RETAIN, push, 3, 2, 1, 0, 1, 10))
    t.resource(bytes_type, made, 0xa0000, records=records, count=2, flags=tw.COUNTED, size=10)
    found = report(t.write(box / "t.trace"))["leaks"]
    assert sorted(g["count"] for g in found) == [1, 3] and len({g["fingerprint"] for g in found}) == 2
    assert "Count 2 as far as seen" in text_of(box / "t.trace")


def test_sampled_resources_are_estimates(box):
    t = tw.Trace()
    made = t.type("Buf", interval=128)
    t.resource(made, t.root, 0x5000, size=10)
    group, = report(t.write(box / "t.trace"))["leaks"]
    assert (group["count"], group["bytes"], group["estimate"]) == (128, 1280, True)


def test_wrong_uses_of_resources_show_every_stack(box):
    t, bytes_type, made, push, drop, _ = resources()
    for kind in (1, 2, 3, 4, 5):
        t.finding(kind, bytes_type, 2 if kind != 3 else 0, push, made, end_node=0 if kind in (3, 4) else drop, count=kind,
                  times=3 if kind == 5 else 1)
    t.problem("/nowhere/my.probes:3:7: error: unknown verb 'retian'; did you mean 'retain'?")
    t.probe("g_bytes_gone", bytes_type, tw.RETAIN, status=3)
    t.probe("g_bytes_short", t.type("Short"), tw.RETAIN, status=2, reason="too short for a jump")
    trace = t.write(box / "t.trace")
    whole = report(trace)
    jsonschema.validate(whole, SCHEMA)
    assert [f["kind"] for f in whole["findings"]] == ["released-again", "retained-after-end", "freed-while-held",
                                                      "mismatched-release", "raced"]
    assert "ended_at" in whole["findings"][0] and "ended_at" not in whole["findings"][2]
    text = text_of(trace)
    for words in ("RELEASED AGAIN: GBytes.g_bytes_unref() was called after the resource had ended: 1 time",
                  "RETAINED AFTER ITS END: ", "FREED WHILE HELD: GBytes.free() was called while others still held it",
                  "RACE: GBytes.g_bytes_unref() and another thread changed the count at once", "The other thread was at:\n",
                  "MISMATCH: GBytes.g_bytes_unref() belongs to another type", "Ended before at:\n\tx+0x2fff\n",
                  "leakshim: /nowhere/my.probes:3:7: error: unknown verb", "not in the loaded libraries: g_bytes_gone()",
                  "not followed: g_bytes_short(): too short for a jump"):
        assert words in text, (words, text)


@pytest.mark.parametrize("verb, what", [(tw.RELEASE, "possible"), (tw.RETAIN, "possible"), (tw.CREATE, "definite"), (tw.TOUCH, "definite")],
                         ids=["release", "retain", "create", "touch"])
def test_of_a_type_with_a_function_that_could_not_be_followed_nothing_is_certain(box, verb, what):
    t = tw.Trace()
    kind = t.type("Buf")
    t.probe("buf_odd", kind, verb, status=2, reason="too short")
    module = t.module("/nowhere/x", tw.PROGRAM, start=0x400000)
    made = t.stack(module, 0x401000)
    t.verdict(t.block(t.site(made, 1, 64), 64, address=0x70000), tw.DEFINITE)
    t.resource(kind, made, 0x70000)
    t.finding(1, kind, 1, made, made, end_node=made)
    t.scan()
    trace = t.write(box / "t.trace")
    whole, text = report(trace), text_of(trace)
    jsonschema.validate(whole, SCHEMA)
    group, = whole["leaks"]
    unsure = what == "possible"
    unsure = what == "possible"
    assert (group["class"], group["not_followed"]) == (what, "buf_odd" if unsure else None)
    assert len(whole["findings"]) == (not unsure)
    assert ("Nobody knows: buf_odd() could not be followed (too short)." in text) == unsure, text
    assert ("1 wrong use of types with such functions is not told" in text) == unsure, text


def test_time_beyond_32_bits_is_read(box):
    t = tw.Trace()
    t.header["end_time"] = 9_000_000_000
    t.block(0, 8, time=5_000_000_000)
    assert report(t.write(box / "t.trace"))["leaks"][0]["oldest_age"] == 4000


def test_stack_that_a_guess_would_lead_to_no_address_ends_before_it(box):
    """Code without unwind information, and a frame register that is none."""
    whole = traced(box, victim("stray_frame_register"))
    (group,) = groups(whole, "make_astray")
    assert (group["count"], group["bytes"], stack(group)) == (1, 123, ["make_astray"])
    assert group["stack_lost"] is True
    text = run([LEAKSHIM, "report", box / "t.trace", "--show", "all"]).stdout.decode()
    assert "\t... (its callers are not known: stray_frame_register has no unwind information there)\n" in text, text


LEAK_JS = "JS:~leak /srv/app.js:12:5"
PERF_MAP = f"7f0000001000 40 {LEAK_JS}\n0x7f0000002000 0x100 Interpreter\n"


def made_by_made_code(box):
    """A trace of a block that was made in code which a runtime made; its perf map goes beside it."""
    t = tw.Trace()
    main = t.node(t.root, 0x401010, t.module("/nowhere/runtime"))
    t.block(t.site(t.node(t.node(main, 0x7f0000002020), 0x7f0000001010), 1, 8, 8), 8)
    return t.write(box / "t.trace"), box / "perf-4711.map"


def names(trace):
    (group,) = report(trace)["leaks"]
    return [frame["function"] for frame in group["created_at"][:2]]


def test_code_that_a_runtime_made_has_the_names_of_its_perf_map(box):
    trace, perf_map = made_by_made_code(box)
    nameless, before = text_of(trace), report(trace)["leaks"][0]["fingerprint"]
    assert "\tcode without a file at 0x7f000000100f\n" in nameless and "/tmp/perf-4711.map would name them" in nameless
    perf_map.write_text(PERF_MAP)
    assert names(trace) == ["JS:leak /srv/app.js:12:5", "Interpreter"]
    text = text_of(trace)
    assert "\tJS:leak /srv/app.js:12:5\n\tInterpreter\n" in text and "would name them" not in text, text
    assert report(trace)["leaks"][0]["fingerprint"] == before
    perf_map.write_text(PERF_MAP.splitlines()[0])
    assert names(trace) == ["JS:leak /srv/app.js:12:5", None] and "would name them" not in text_of(trace)


def test_a_function_that_a_runtime_compiled_twice_is_one(box):
    t = tw.Trace()
    main = t.node(t.root, 0x401010, t.module("/nowhere/runtime"))
    for pc in (0x7f0000001010, 0x7f0000002010, 0x7f0000003010):
        t.block(t.site(t.node(main, pc), 1, 8, 8), 8)
    trace = t.write(box / "t.trace")
    (box / "perf-4711.map").write_text("7f0000001000 40 LazyCompile:*emit /srv/app.js:3:9\n7f0000002000 40 Function:^emit /srv/app.js:3:9\n"
                                       "7f0000003000 40 JS:~other /srv/app.js:7:9\n")
    assert sorted((leak["count"], stack(leak)[0]) for leak in report(trace)["leaks"]) == [
        (1, "JS:other /srv/app.js:7:9"), (2, "JS:emit /srv/app.js:3:9")]


@pytest.mark.parametrize("what", ["older than the program", "a link", "a pipe", "a folder", "another user's"])
def test_a_perf_map_that_may_be_another_programs_is_not_taken(box, what):
    trace, perf_map = made_by_made_code(box)
    perf_map.write_text(PERF_MAP)
    if what == "older than the program":
        os.utime(perf_map, (1_600_000_000, 1_600_000_000))
    elif what == "another user's":
        if os.geteuid():
            pytest.skip("only root can give a file away")
        os.chown(perf_map, 12345, 12345)
    else:
        perf_map.rename(box / "other")
        {"a link": lambda: perf_map.symlink_to(box / "other"), "a pipe": lambda: os.mkfifo(perf_map),
         "a folder": perf_map.mkdir}[what]()
    assert names(trace) == [None, None]


def test_lines_of_a_perf_map_that_are_none_are_left_out(box):
    trace, perf_map = made_by_made_code(box)
    bad = [b"", b" ", b"leak", b"7f0000001000", b"7f0000001000 40", b"7f0000001000 40 ", b"7f0000001000 0 empty",
           b"7f0000001000 -1 around", b"ffffffffffffffff ff beyond", b"zz 40 letters", b"\0 40 null", b"-1 1 minus"]
    perf_map.write_bytes(b"\n".join([*bad, PERF_MAP.splitlines()[0].encode(), *bad]))
    assert names(trace) == ["JS:leak /srv/app.js:12:5", None]
    perf_map.write_bytes(b"7f0000001000 40 a\x1b[31m\xff" + b"n" * 100_000 + b"\n7f0000002000 100 unfinished")
    first, second = names(trace)
    assert second == "unfinished" and first.startswith("a\x1b[31m") and len(first) <= 1024
    assert "\x1b" not in text_of(trace)


@pytest.mark.parametrize("more, name", [
    ("7f0000001000 40 other", None), ("7f0000000000 2000 around", None), ("7f000000100f 1 just here", None),
    (f"7f0000000000 2000 {LEAK_JS}", LEAK_JS), ("7f0000001010 40 behind", LEAK_JS),
    ("7f0000000000 100f before", LEAK_JS)])
def test_where_two_names_have_covered_an_address_it_has_none(box, more, name):
    trace, perf_map = made_by_made_code(box)
    for lines in (f"{more}\n{PERF_MAP}", f"{PERF_MAP}{more}\n"):
        perf_map.write_text(lines)
        assert names(trace)[0] == (name and name.replace("~", ""))


def test_block_without_a_stack_is_still_counted(box):
    t = tw.Trace()
    t.block(0, 8)
    text = text_of(t.write(box / "t.trace"))
    assert "1 time, 8 bytes" in text and "no stack could be recorded" in text, text


def test_run_shows_children_with_leaks_and_counts_the_others(box):
    script = f"{victim('leak_then_end')} exit; {victim('free_before_exit')}; {victim('free_before_exit')}; exit 5"
    done = run([LEAKSHIM, "run", "--", "/bin/sh", "-c", script], environment(TMPDIR=box))
    assert done.status == 5, done
    assert "leak_then_end:\n" in done.text and "10,000 times" in done.text, done
    assert re.search(r"leakshim: [2-4] other processes had no leaks\n$", done.text), done


def test_run_keeps_the_programs_streams_and_arguments_as_they_are(box):
    done = run([LEAKSHIM, "run", "--", "/bin/sh", "-c", 'cat; printf "%s|" "$@"', "sh", "--max", "a b", ""],
               environment(TMPDIR=box), stdin=b"in\n")
    assert done.stdout == b"in\n--max|a b||", done


def test_fail_on_leak_changes_only_the_status_of_success(box):
    env = environment(TMPDIR=box)
    leaky = compiled(box, "two", TWO_SITES % "")
    clean = victim("free_before_exit")
    assert run([LEAKSHIM, "run", "--fail-on-leak", leaky], env).status == 1
    assert run([LEAKSHIM, "run", leaky], env).status == 0
    assert run([LEAKSHIM, "run", "--fail-on-leak", clean], env).status == 0
    assert run([LEAKSHIM, "run", "--fail-on-leak", victim("leak_then_end"), "exit"], env).status == 3


def test_run_replaces_an_older_trace_and_leaves_no_folder_behind(box):
    for _ in range(2):
        done = under_run([victim("leak_then_end"), "exit"], box / "t.trace", environment(TMPDIR=box))
        assert done.status == 3
    assert (box / "t.trace").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in box.rglob("*") if p.is_file()] == ["t.trace"]
    assert not list((box / f"leakshim-{os.getuid()}").iterdir())


def test_run_writes_the_trace_across_file_systems(box):
    if not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == box.stat().st_dev:
        pytest.skip("no second file system")
    target = f"/dev/shm/leakshim-test-{os.getpid()}.trace"
    try:
        done = under_run([victim("leak_then_end"), "exit"], target, environment(TMPDIR=box))
        assert done.status == 3 and report(target)["summary"]["blocks"] >= 10010
    finally:
        os.unlink(target)


def test_run_passes_on_what_is_sent_to_it_alone(box):
    env = environment(TMPDIR=box)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        script = f'trap "echo got; exit 7" {number.name[3:]}; echo ready; while :; do sleep 0.05; done'
        process = subprocess.Popen([LEAKSHIM, "run", "--", "/bin/bash", "-c", script], env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            assert process.stdout.readline() == b"ready\n"
            os.kill(process.pid, number)
            assert process.stdout.readline() == b"got\n"
            assert process.wait(60) == 7
        finally:
            end_group(process.pid)
            process.wait()
            process.stdout.close()


def test_run_keeps_an_existing_preload_and_the_users_settings(box):
    env = environment(TMPDIR=box, LD_PRELOAD="/usr/lib/x86_64-linux-gnu/libz.so.1",
                      ASAN_OPTIONS="verify_asan_link_order=0",
                      LEAKSHIM_OPTIONS=f"level=paranoid:dir={box}/mine:sample=4096")
    done = run([LEAKSHIM, "run", "--", "/bin/sh", "-c", 'echo "$LD_PRELOAD $LEAKSHIM_OPTIONS"'], env)
    preloaded, options = done.stdout.decode().split()
    assert preloaded.endswith("/libleakshim.so:/usr/lib/x86_64-linux-gnu/libz.so.1"), done
    assert "sample=4096" in options and options.startswith(f"dir={box}/mine/run-") and options.count("dir=") == 1, done


class Running:
    """A traced program that waits, with its trace."""

    def __init__(self, box):
        self.process = subprocess.Popen([victim("leak_then_end"), "pause"], env=preload(box), start_new_session=True)
        self.trace = wait_until(lambda: traces(box, "leak_then_end"), "a trace")[0]
        wait_until(lambda: run([LEAKSHIM, "report", self.trace]).status == 0, "a sound trace")
        wait_until(lambda: report(self.trace)["summary"]["blocks"] >= 10010, "all blocks")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end_group(self.process.pid)
        self.process.wait()


def test_report_of_a_pid_reads_the_living_program(box):
    with Running(box) as running:
        done = run([LEAKSHIM, "report", running.process.pid])
        text = done.stdout.decode()
        assert done.status == 0 and "10,000 times so far" in text, done
        assert f"is still running (pid {running.process.pid})" in text and running.process.poll() is None
        assert f"; next: leakshim snapshot {running.process.pid}, which finds out what is lost\n" in text, text


GROWS = """
#include <stdlib.h>
#include <pthread.h>
#include <unistd.h>
static void *deep(int depth, unsigned way)
{
	if (!depth)
		return malloc(10 + way % 100);
	return way & 1 ? deep(depth - 1, way >> 1) : deep(depth - 1, way >> 1 ^ 5);
}
static void *work(void *seed)
{
	static __thread void *kept[20000];
	for (unsigned r = (unsigned)(long)seed, i = 0;; i++) {
		r = r * 1103515245 + 12345;
		free(kept[i % 20000]);
		kept[i % 20000] = deep(r >> 4 & 15, r >> 10);
	}
	return 0;
}
int main(void)
{
	pthread_t other;
	alarm(60);
	pthread_create(&other, 0, work, (void *)1);
	work((void *)2);
}
"""


def test_trace_that_grows_while_it_is_read_is_never_taken_for_damaged(box):
    program = compiled(box, "grows", GROWS, "-g", "-O1", "-pthread")
    process = subprocess.Popen([program], env=preload(box), start_new_session=True)
    try:
        trace = wait_until(lambda: traces(box, "grows"), "a trace")[0]
        wait_until(lambda: run([LEAKSHIM, "report", trace]).status == 0, "a begun trace")
        for _ in range(10):
            done = run([LEAKSHIM, "report", "--max", "1", process.pid])
            assert done.status == 0 and done.text == "" and process.poll() is None, done
    finally:
        end_group(process.pid)
        process.wait()


def test_snapshot_is_a_trace_of_its_own_that_stays_as_it_is(box):
    copy = box / "copy.trace"
    with Running(box) as running:
        done = run([LEAKSHIM, "snapshot", running.process.pid, "-o", copy])
        assert done.status == 0 and b"10,000 times" in done.stdout, done
        assert copy.stat().st_mode & 0o777 == 0o600
        again = run([LEAKSHIM, "snapshot", running.process.pid, "-o", copy])
        assert again.status == 2 and "File exists" in again.text and str(copy) in again.text, again
        named = [run([LEAKSHIM, "snapshot", running.process.pid], cwd=box).status for _ in range(2)]
        assert named == [0, 0]
        assert (box / f"leakshim.{running.process.pid}.2.trace").exists()
    text = text_of(copy)
    assert "was running when this snapshot was made" in text and "10,000 times" in text, text


def test_clean_trace_is_removed_after_exit_unless_it_shall_be_kept(box):
    trace = tw.Trace().write(box / "t.trace")
    done = run([LEAKSHIM, "report", "--from-shim", "exit", "--keep", "always", trace])
    assert (done.status, done.stdout) == (0, b"") and trace.exists() and "leakshim: no leaks" in done.text, done
    done = run([LEAKSHIM, "report", "--from-shim", "signal", "--keep", "leaks", trace])
    assert trace.exists()
    done = run([LEAKSHIM, "report", "--from-shim", "exit", "--keep", "leaks", trace])
    assert not trace.exists() and done.text.count("\n") == 3 and "no leaks" in done.text and "nothing was left" in done.text, done


def test_without_arguments_a_short_help_with_two_examples():
    done = run([LEAKSHIM])
    assert done.status == 0 and len(done.stdout.splitlines()) < 10 and done.stdout.count(b"\n  leakshim ") == 2


def help_options():
    done = run([LEAKSHIM, "--help"])
    assert done.status == 0 and not done.text
    return set(re.findall(r"^ +(?:-\w, |    )--([a-z-]+)", done.stdout.decode(), re.M))


def test_manual_and_help_list_the_same_options():
    manual = (ROOT / "analyzer" / "leakshim.1").read_text()
    listed = set(re.findall(r"^\.It Fl (?:\w , )?\\-([a-z-]+)", manual, re.M))
    assert help_options() == listed and len(listed) >= 9


def test_manual_has_no_mistakes_and_lists_every_class():
    done = run(["/usr/bin/man", "--warnings", "-l", ROOT / "analyzer" / "leakshim.1"], environment(MANWIDTH=100))
    assert done.status == 0 and done.text == "", done
    for name in SCHEMA["definitions"]["class"]["enum"]:
        assert f".It Cm {name}\n" in (ROOT / "analyzer" / "leakshim.1").read_text()


def test_version_is_the_projects():
    version = re.search(r"version: '([0-9.]+)'", (ROOT / "meson.build").read_text())[1]
    assert run([LEAKSHIM, "--version"]).stdout.decode() == f"leakshim {version}\n"


def test_full_output_device_is_trouble():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "wb") as full:
        done = run([LEAKSHIM, "report", "--help"], stdout=full)
    assert done.status == 2, done


def on_a_terminal(argv, read_slowly):
    """stdout through a pipe that is read slowly, stderr on a terminal: what the terminal was sent."""
    master, slave = pty.openpty()
    process = subprocess.Popen([str(word) for word in argv], stdout=subprocess.PIPE, stderr=slave, stdin=subprocess.DEVNULL)
    os.close(slave)
    if read_slowly:
        time.sleep(1.3)
        process.stdout.read(100_000)
        time.sleep(0.3)
    process.stdout.read()
    assert process.wait(60) == 0
    sent = b""
    try:
        while True:
            sent += os.read(master, 65536)
    except OSError:  # the terminal is gone
        pass
    os.close(master)
    return sent.decode()


def test_a_terminal_is_shown_the_progress_of_what_takes_longer_than_a_second(box):
    t = tw.Trace()
    for i in range(3000):
        t.block(t.site(t.node(0, 0x1000 + 16 * i)), 10)
    trace = t.write(box / "t.trace")
    words = [LEAKSHIM, "report", trace, "--max", "0"]
    sent = on_a_terminal(words, True)
    assert re.search(r"leakshim: writing the report \[#*\.*\] +\d+ %", sent), sent
    assert sent.endswith("\r\x1b[K")
    assert "%" not in run(words).text


READS = r"""
#include <stdlib.h>
#include <string.h>
static char *volatile table[9];
__attribute__((noinline)) static void read_config(int fails, int from)
{
	char *a = strdup("one");
	char *b = malloc(200);
	char *c = calloc(1, 300);
	table[from] = a, table[from + 1] = b, table[from + 2] = c;
	if (fails)
		return; /* forgets all three */
	free(a), free(b), free(c);
}
int main(void)
{
	read_config(0, 0);
	read_config(1, 3);
	memset((void *)table, 0, sizeof(table));
	return 0;
}
"""


def test_groups_of_one_cause_below_one_call_are_told_in_one_line_unless_all_are_asked_for(box):
    trace = box / "t.trace"
    under_run([compiled(box, "reads", READS, "-g", "-O0", "-fno-builtin")], trace)
    text = text_of(trace)
    groups = json.loads(run([LEAKSHIM, "report", "--format", "json", trace]).stdout)["leaks"]
    same = {(leak["cause"], leak["explanation"]["missing_release"]["line"]) for leak in groups}
    assert len(groups) == 3 and len(same) == 1, groups
    assert text.count("LEAK:") == 1, text
    assert "\n... 2 more groups below read_config have the same cause: 2 blocks, 204 bytes (--full shows them)\n" in text, text
    full = run([LEAKSHIM, "report", "--full", trace]).stdout.decode()
    assert full.count("LEAK:") == 3 and "more group" not in full, full


def test_groups_below_two_calls_or_of_two_causes_are_told_each(box):
    trace = box / "t.trace"
    two = READS.replace("\tread_config(1, 3);", "\tread_config(1, 3);\n\tread_config(1, 6);")
    under_run([compiled(box, "two", two, "-g", "-O0", "-fno-builtin")], trace)
    assert text_of(trace).count("LEAK:") == 2 and text_of(trace).count("... 2 more groups below read_config") == 2


def test_a_small_certain_leak_comes_before_a_large_reachable_block(box):
    trace = tw.Trace()
    module = trace.module("/nowhere/victim", tw.PROGRAM)
    for pc, size, verdict in ((0x401000, 1 << 20, tw.REACHABLE), (0x402000, 10, tw.DEFINITE), (0x403000, 5000, tw.POSSIBLE)):
        site = trace.site(trace.stack(module, pc), blocks=1, size=size, live=size)
        trace.verdict(trace.block(site, size), verdict)
    trace.scan()
    whole = json.loads(run([LEAKSHIM, "report", "--show", "all", "--format", "json", trace.write(box / "t.trace")]).stdout)
    assert [leak["class"] for leak in whole["leaks"]] == ["definite", "possible", "reachable"]
