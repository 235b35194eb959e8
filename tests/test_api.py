# SPDX-License-Identifier: MIT
"""What a program says by hand, through leakshim.h: objects, operations, hints and scopes in its report."""
import json
import subprocess

import jsonschema
import pytest

from harness import LEAKSHIM, ROOT, environment, only_trace, preload, report, run, stack, traces

EXAMPLES = ROOT / "tests/examples"
COMPILERS = {"queue.c": [["gcc", "-std=gnu99"], ["gcc", "-std=gnu11"], ["clang", "-std=gnu11"]],
             "session.cpp": [["g++", "-std=c++14"], ["clang++", "-std=c++17"]]}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")

    def build(name, compiler=None):
        compiler = compiler or COMPILERS[name][0]
        out = folder / "-".join([name, *compiler])
        if not out.exists():
            subprocess.run([*compiler, "-g", "-O0", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread", "-I",
                            ROOT / "shim", EXAMPLES / name, "-o", out], check=True, timeout=120)
        return str(out)
    return build


def watch(folder, argv, **settings):
    ended = run(argv, preload(folder, report="exit", **settings))
    assert ended.status == 0, ended
    return ended


def of_type(whole, kind):
    return [leak for leak in whole["leaks"] if leak["type"] == kind]


@pytest.mark.parametrize("name, compiler", [(n, c) for n in COMPILERS for c in COMPILERS[n]], ids=str)
def test_the_examples_compile_without_warnings_and_run_without_the_library(built, name, compiler):
    assert run([built(name, compiler)]).status == 0


def test_an_object_that_kept_a_reference_is_reported_with_its_hints_and_scope(tmp_path, built):
    ended = watch(tmp_path, [built("queue.c")])
    leak, = of_type(report(only_trace(tmp_path)), "packet")
    assert (leak["count"], leak["bytes"], leak["release"]) == (2, 128, "leakshim_release()")
    assert leak["scope"] == "parse"
    assert stack(leak)[:2] == ["packet_new", "queue_use"]
    assert [(r["op"], r["hint"], r["count"]) for r in leak["records"]] == \
        [("release", None, 1), ("touch", "the queue is full", 2), ("retain", None, 2)]
    assert "LEAK: packet.leakshim_release() was not called before the program ended: 2 times, 128 bytes" in ended.text
    assert "\tHint: the queue is full\n" in ended.text and "In scope parse." in ended.text


@pytest.mark.parametrize("name", COMPILERS)
def test_a_program_that_lets_go_of_all_has_no_leaks(tmp_path, built, name):
    watch(tmp_path, [built(name), "clean"])
    whole = report(only_trace(tmp_path))
    assert [leak for leak in whole["leaks"] if leak["type"] in ("packet", "session")] == []
    assert whole["findings"] == []


def test_a_lost_object_of_cpp_is_one_leak_with_what_hangs_on_it(tmp_path, built):
    watch(tmp_path, [built("session.cpp")])
    whole = report(only_trace(tmp_path))
    shown = [leak for leak in whole["leaks"] if leak["class"] in ("definite", "possible", "held", "unclassified")]
    assert [(leak["type"], leak["count"], leak["scope"]) for leak in shown] == [("session", 1, "request")]
    assert shown[0]["dragged"]["count"] == 1  # its name
    assert shown[0]["records"][0]["hint"] == "answered"


def test_a_release_after_the_end_names_both_callers(tmp_path, built):
    watch(tmp_path, [built("queue.c"), "twice"])
    finding, = report(only_trace(tmp_path))["findings"]
    assert (finding["kind"], finding["type"]) == ("released-again", "packet")
    assert finding["ended_at"][0]["line"] + 1 == finding["done_at"][0]["line"]


def test_an_object_whose_block_is_freed_while_others_hold_it_is_a_finding(tmp_path, built):
    watch(tmp_path, [built("queue.c"), "held"])
    assert [f["kind"] for f in report(only_trace(tmp_path))["findings"]] == ["freed-while-held"]


def test_scopes_nest_and_belong_to_their_thread(tmp_path, built):
    watch(tmp_path, [built("queue.c"), "scopes"])
    found = {leak["bytes"]: leak["scope"] for trace in traces(tmp_path) for leak in report(trace)["leaks"]
             if leak["bytes"] in (111, 222, 333, 444, 555)}
    assert found == {111: "inner", 222: "thread", 333: None, 444: "main", 555: None}


def test_a_million_hints_names_and_operations_take_bounded_memory(tmp_path, built):
    ended = watch(tmp_path, [built("queue.c"), "many"])
    trace = only_trace(tmp_path)
    leak, = of_type(report(trace), "packet")
    assert trace.stat().st_size < 3 << 20
    assert len(leak["records"]) == 8 and leak["records_left_out"] > 200
    assert "more than 254 different hints" in ended.text
    assert "one of more hints than are kept" in {record["hint"] for record in leak["records"]}


def test_names_from_the_program_are_cut_and_cannot_command_the_terminal(tmp_path, built):
    ended = watch(tmp_path, [built("queue.c"), "hostile"])
    assert "\033" not in ended.text and "\007" not in ended.text
    whole = report(only_trace(tmp_path))
    hint = of_type(whole, "packet")[0]["records"][0]["hint"]
    assert hint.startswith("\033[2J<b>€") and hint.endswith("x") and len(hint.encode()) == 253
    assert [leak["scope"] for leak in whole["leaks"] if leak["type"] == "\033[31mtype"] == ["\033]0;scope\007"]


def test_what_is_said_by_hand_follows_the_published_schema(tmp_path, built):
    watch(tmp_path, [built("queue.c"), "hostile"])
    whole = json.loads(run([LEAKSHIM, "report", only_trace(tmp_path), "--format", "json", "--show", "all"]).stdout)
    schema = json.loads((ROOT / "analyzer/report.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(whole)


def test_a_touch_in_a_signal_handler_harms_nothing(tmp_path, built):
    for i in range(8): # also while the end is at work: one run in six hung there
        folder = tmp_path / str(i)
        folder.mkdir()
        ended = run([built("queue.c"), "signals"], preload(folder, report="exit"), timeout=20)
        assert ended.status == 0 and of_type(report(only_trace(folder)), "packet") == [], ended


def test_at_level_disabled_nothing_is_kept(tmp_path, built):
    env = environment()
    run([built("queue.c")], preload(tmp_path, env, report="none", level="disabled"))
    assert all(report(trace)["leaks"] == [] for trace in traces(tmp_path))


def test_below_advanced_objects_are_sampled_and_have_no_records(tmp_path, built):
    watch(tmp_path, [built("queue.c")], level="simple")
    assert all(leak["records"] == [] for leak in of_type(report(only_trace(tmp_path)), "packet"))
