# SPDX-License-Identifier: MIT
"""The line that forgot: small programs with one planted fault each, see scripts/score-diagnosis."""
import json
import re
import subprocess

import pytest

from harness import LEAKSHIM, ROOT, environment

DIAGNOSIS = ROOT / "tests" / "diagnosis"
FLAGS = ["-w", "-pthread", "-ldl"]


def explained(tmp_path, name, *options, cc="gcc", fault=True):
    """Leaks of a program of tests/diagnosis, as JSON."""
    source = next(DIAGNOSIS.glob(name + ".c*"))
    exe, trace = tmp_path / name, tmp_path / (name + ".trace")
    if source.suffix == ".cpp":
        cc = {"gcc": "g++", "clang": "clang++"}[cc]
    subprocess.run([cc, *options, *(["-DFAULT"] if fault else []), "-o", exe, source, *FLAGS], check=True)
    env = environment(TMPDIR=tmp_path)
    subprocess.run([LEAKSHIM, "run", "-o", trace, "--", exe], env=env, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = subprocess.run([LEAKSHIM, "report", "--format", "json", trace], env=env, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["leaks"]


def answer(name):
    """Cause, function and lines, as the program says itself."""
    text = next(DIAGNOSIS.glob(name + ".c*")).read_text()
    cause, function = re.search(r"answer: ([a-z-]+); in ([^;]+);", text).groups()
    lines, begin = set(), 0
    for number, line in enumerate(text.split("\n"), 1):
        begin = number if "<<<" in line else begin
        lines |= set(range(begin, number + 1)) if ">>>" in line else set()
    return cause, function, lines


@pytest.mark.parametrize("name", ["frame_parser", "greeting", "config_reload", "line_reader", "grow_buffer", "callback_copy",
                                  "retry_send", "tree_free", "scratch_thread", "jump_out", "decode_twice"])
def test_an_unoptimised_program_is_told_which_line_forgot(tmp_path, name):
    leak = explained(tmp_path, name, "-O0", "-g")[0]
    cause, function, lines = answer(name)
    missing = leak["explanation"]["missing_release"]
    assert leak["cause"] == cause and missing["function"] == function and missing["line"] in lines, leak["explanation"]


@pytest.mark.parametrize("name", ["line_reader", "lexer", "event_loop", "path_join", "decode_twice"])
def test_an_optimised_program_is_told_which_function_forgot_though_it_was_inlined(tmp_path, name):
    leak = explained(tmp_path, name, "-O2", "-g")[0]
    cause, function, _ = answer(name)
    assert leak["cause"] == cause and leak["explanation"]["missing_release"]["function"] == function, leak["explanation"]


@pytest.mark.parametrize("name", ["frame_parser", "path_join", "retry_send"])
def test_a_program_without_debug_information_is_told_the_function(tmp_path, name):
    leak = explained(tmp_path, name, "-O0", "-g0")[0]
    cause, function, _ = answer(name)
    missing = leak["explanation"]["missing_release"]
    assert leak["cause"] == cause and missing["function"] == function and missing["line"] is None
    assert missing["module"].endswith(name) and missing["offset"].startswith("0x")


def test_the_clean_twins_are_clean(tmp_path):
    for name in ("frame_parser", "config_reload", "tree_free", "line_reader"):
        assert explained(tmp_path, name, "-O1", "-g", fault=False) == []
