# SPDX-License-Identifier: MIT
"""Traces of several processes as one: their sums, in how many processes, and what cannot be merged."""
import json
import random
import subprocess

import jsonschema
import pytest

import leak_programs
import trace_writer as tw
from harness import LEAKSHIM, ROOT, environment, run

SCHEMA = json.loads((ROOT / "analyzer" / "report.schema.json").read_text())

SOURCE = leak_programs.FORGET_AND_BUILD + r"""int main(int count, char **words) {
	int number = atoi(words[1]);
	for (int i = 0; i < number; i++)
		forget(100);
	if (number % 2)
		build(3);
	return count - 2;
}
"""


def as_json(*words):
    done = run([LEAKSHIM, "report", "--format", "json", "--show", "all", *words])
    assert done.status == 0, done
    report = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    return report


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """Traces of one program that forgets 0, 1, 2, 3 and 4 blocks, and builds a list where that is odd."""
    box = tmp_path_factory.mktemp("merge")
    (box / "worker.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", box / "worker.c", "-o", box / "worker"], check=True, timeout=60)
    for i in range(5):
        run([LEAKSHIM, "run", "-o", box / f"{i}.trace", "--", box / "worker", i], environment(TMPDIR=box))
    return box


def some(box, *numbers):
    return [box / f"{i}.trace" for i in numbers]


def shape(report):
    return sorted((x["fingerprint"], x["class"], x["count"], x["bytes"], x["ever"], x["dragged"], x["lost"], x["processes"])
                  for x in report["leaks"])


def test_equal_groups_of_several_processes_are_one_with_their_sum(box, tmp_path):
    assert run([LEAKSHIM, "merge", *some(box, 0, 1, 2, 3, 4), "-o", tmp_path / "all.trace"]).status == 0
    whole = as_json(tmp_path / "all.trace")
    each = [as_json(trace) for trace in some(box, 0, 1, 2, 3, 4)]
    for kind in ("definite", "indirect", "reachable"):
        for what in ("blocks", "bytes"):
            assert whole["summary"]["classes"][kind][what] == sum(r["summary"]["classes"][kind][what] for r in each), kind
    assert {x["fingerprint"] for x in whole["leaks"]} == {x["fingerprint"] for r in each for x in r["leaks"]}
    forgotten = next(x for x in whole["leaks"] if x["created_at"][0]["function"] == "forget")
    assert (forgotten["count"], forgotten["bytes"], forgotten["processes"]) == (10, 1000, 4)
    assert [p["end_detail"] for p in whole["merged_from"]] == [0] * 5 and whole["summary"]["end"] == "merged"


def test_a_report_of_several_traces_is_the_report_of_their_sum(box, tmp_path):
    run([LEAKSHIM, "merge", *some(box, 1, 2, 3), "-o", tmp_path / "sum.trace"])
    assert shape(as_json(*some(box, 1, 2, 3))) == shape(as_json(tmp_path / "sum.trace"))
    done = run([LEAKSHIM, "report", *some(box, 1, 2, 3)], environment(TMPDIR=tmp_path))
    assert b"LEAK: 6 times, 600 bytes, made in forget (worker.c:5)" in done.stdout and b"In 3 of 3 processes." in done.stdout, done
    assert b"Sums over 3 processes: 3 ended by exit(0)" in done.stdout and b"Forgotten in main (worker.c:" in done.stdout, done
    assert [p.name for p in tmp_path.iterdir()] == ["sum.trace"]


def test_every_format_says_of_how_many_processes_the_sums_are(box, tmp_path):
    names = ["sarif", "junit", "markdown", "html"]
    formats = ",".join(f"{name}={tmp_path}/{name}" for name in ["openmetrics", *names])
    done = run([LEAKSHIM, "report", "--format", formats, *some(box, 1, 2, 3)])
    assert done.status == 0, done
    for name in names:
        text = (tmp_path / name).read_text()
        assert "3 processes" in text and "In 3 of 3 processes" in text or name == "markdown" and "(3 processes)" in text, (name, text)
    assert 'pid="' not in (tmp_path / "openmetrics").read_text()


def test_each_trace_is_reported_by_itself_when_that_is_asked_for(box):
    report = as_json("--each", *some(box, 1, 2))
    assert len(report["processes"]) == 1 and report["merged_from"] == [] and report["leaks"][0]["processes"] == 1


def test_merged_traces_can_be_merged_again(box, tmp_path):
    run([LEAKSHIM, "merge", *some(box, 0, 1, 2), "-o", tmp_path / "a.trace"])
    run([LEAKSHIM, "merge", tmp_path / "a.trace", *some(box, 3, 4), "-o", tmp_path / "b.trace"])
    run([LEAKSHIM, "merge", *some(box, 0, 1, 2, 3, 4), "-o", tmp_path / "c.trace"])
    assert shape(as_json(tmp_path / "b.trace")) == shape(as_json(tmp_path / "c.trace"))


def test_check_judges_a_merged_trace(box, tmp_path):
    run([LEAKSHIM, "merge", *some(box, 1, 2), "-o", tmp_path / "a.trace"])
    run([LEAKSHIM, "check", "--baseline", tmp_path / "known", "--write-baseline", tmp_path / "a.trace"])
    assert run([LEAKSHIM, "check", "--baseline", tmp_path / "known", tmp_path / "a.trace"]).status == 0
    assert run([LEAKSHIM, "check", "--baseline", tmp_path / "known", *some(box, 4)]).status == 1


def counted(path, count, pid):
    """A process with so many leaked resources in blocks, one outside of any, and a wrong use."""
    t = tw.Trace()
    t.header["pid"] = pid
    module = t.module("/nowhere/lib.so", tw.PROGRAM, build_id=b"same" * 5, start=0x400000 + 0x100000 * pid)
    base = 0x400000 + 0x100000 * pid
    thread, kind = t.thread(pid, "worker"), t.type("buf")
    made, used = t.stack(module, base + 0x10, base + 0x20), t.stack(module, base + 0x30, base + 0x20)
    site, probe = t.site(made, blocks=count), t.probe("buf_new", kind, tw.CREATE)
    t.scan()
    for i in range(count):
        block = t.block(site, 64, address=0x7000000 + 128 * i, thread=thread)
        t.verdict(block, tw.DEFINITE)
        records = t.records((tw.RETAIN, used, probe, 2, 3, thread, 1, 5))
        t.resource(kind, made, 0x7000000 + 128 * i + 16, count=2, records=records, size=40, thread=thread, retains=3)
    t.resource(kind, used, 0x10, thread=thread)
    t.finding(1, kind, probe, used, made, times=count)
    return t.write(path)


def test_resources_and_wrong_uses_keep_what_is_known_of_them(tmp_path):
    a, b = counted(tmp_path / "a.trace", 2, 1), counted(tmp_path / "b.trace", 3, 2)
    report = as_json(a, b)
    inside, outside = sorted((x for x in report["leaks"] if x["type"] == "buf"), key=lambda x: -x["count"])
    assert (inside["count"], inside["bytes"], inside["processes"], inside["class"]) == (5, 200, 2, "definite")
    assert (outside["count"], outside["processes"]) == (2, 2)
    (record,) = inside["records"]
    assert (record["op"], record["count"], record["merged"], record["thread"]) == ("retain", 2, 2, "worker")
    assert [f["count"] for f in report["findings"]] == [5], report["findings"]
    assert not [x for x in report["leaks"] if x["type"] == "block"], "each block is told once, as the resource in it"


def test_wrong_releases_are_summed_up(tmp_path):
    (tmp_path / "wrong.cc").write_text("#include <stdlib.h>\nint main() { int *p = new int; free(p); }\n")
    subprocess.run(["g++", "-g", "-Wno-mismatched-new-delete", tmp_path / "wrong.cc", "-o", tmp_path / "wrong"], check=True, timeout=60)
    for i in range(2):
        run([LEAKSHIM, "run", "-o", tmp_path / f"{i}.trace", "--", tmp_path / "wrong"], environment(TMPDIR=tmp_path))
    (finding,) = as_json(tmp_path / "0.trace", tmp_path / "1.trace")["findings"]
    assert finding["kind"] == "mismatch" and finding["count"] == 2, finding


def test_what_cannot_be_read_is_said_and_the_others_are_merged(box, tmp_path):
    (tmp_path / "no.trace").write_text("no trace")
    done = run([LEAKSHIM, "merge", *some(box, 1), tmp_path / "no.trace", tmp_path / "*.trace", "-o", tmp_path / "out"])
    assert done.status == 2 and done.text.count("\n") == 2, done
    assert as_json(tmp_path / "out")["merged_from"][0]["name"].endswith("worker")


@pytest.mark.parametrize("words, message", [
    (["{box}/1.trace", "-o", "{box}/2.trace"], "cannot be created: File exists; give another name with -o"),
    (["{box}/1.trace"], "merge wants traces and a file for the result"),
    (["{box}/nothing*.trace", "-o", "{box}/new"], "cannot be read: No such file or directory"),
])
def test_a_merge_that_cannot_be_is_one_clear_line(box, words, message):
    before = (box / "2.trace").read_bytes()
    done = run([LEAKSHIM, "merge", *(w.format(box=box) for w in words)])
    assert done.status == 2 and message in done.text and done.text.count("\n") == 1, done
    assert (box / "2.trace").read_bytes() == before and not (box / "new").exists()


def test_java_is_not_summed_up_but_reported_one_by_one(box, tmp_path):
    t = tw.Trace()
    t.add(tw.JAVA_VM, bytes([1]) + bytes(79))
    java = t.write(tmp_path / "java.trace")
    done = run([LEAKSHIM, "merge", java, *some(box, 1), "-o", tmp_path / "out"])
    assert done.status == 2 and "of a Java virtual machine" in done.text and not (tmp_path / "out").exists(), done
    done = run([LEAKSHIM, "report", java, *some(box, 1)])
    assert done.status == 0 and done.stdout.count(b"leakshim: report of ") == 2, done


def test_a_damaged_merged_trace_is_refused_or_read_but_never_believed_blindly(box, tmp_path):
    run([LEAKSHIM, "merge", *some(box, 1, 3), counted(tmp_path / "a.trace", 2, 1), "-o", tmp_path / "whole.trace"])
    whole = (tmp_path / "whole.trace").read_bytes()
    chance = random.Random(18)
    places = [i for i in range(8192, len(whole)) if whole[i]]
    for _ in range(80):
        data = bytearray(whole)
        for _ in range(4):
            data[chance.choice(places)] = chance.randrange(256)
        (tmp_path / "bad.trace").write_bytes(data)
        done = run([LEAKSHIM, "report", "--format", "json", "--show", "all", tmp_path / "bad.trace"])
        assert done.status == 0 and json.loads(done.stdout) or done.status == 2 and b"\n" in done.stderr, done
