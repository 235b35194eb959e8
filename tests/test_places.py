# SPDX-License-Identifier: MIT
"""What is done at an address where something else was before: only what is sure there is called a mistake."""
import subprocess

import pytest

from harness import ROOT, only_trace, preload, report, run, under_run

VICTIMS = ROOT / "tests/victims"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")

    def build(name, *libraries):
        out = folder / name
        if not out.exists():
            found = subprocess.run(["gcc", "-g", "-O0", "-w", VICTIMS / f"{name}.c", "-o", out, *libraries], capture_output=True, timeout=120)
            if found.returncode and libraries:
                pytest.skip(f"not installed: {' '.join(libraries)}")
            assert not found.returncode, found.stderr
        return str(out)
    return build


def findings(folder, argv, probes="", **settings):
    if probes:
        (folder / "own.probes").write_text(probes)
        settings["probes"] = folder / "own.probes"
    done = run(argv, preload(folder, **settings))
    assert done.status == 0, done
    return [(f["kind"], f["type"], f["count"]) for f in report(only_trace(folder))["findings"]]


NUM = "type num block=own\ncreate num_new ret\ncreate num_at ret\nfinal num_clear arg0\n"


@pytest.mark.parametrize("now", ["nothing", "other blocks have come and gone"])
def test_what_is_released_again_where_nothing_else_came_is_a_finding(now, built, tmp_path):
    assert findings(tmp_path, [built("place_num"), now], NUM) == [("released-again", "num", 1)]


@pytest.mark.parametrize("now", ["a block around it", "a block that came again", "a block around it that is gone", "a block of another shape",
                                 "a mapping", "a number that never was a block"])
def test_what_is_released_where_another_object_was_released_before_is_no_finding(now, built, tmp_path):
    assert findings(tmp_path, [built("place_num"), now], NUM) == []


def test_keys_on_elliptic_curves_are_no_mistake_and_pass_a_check(built, tmp_path):
    done = under_run([built("place_keys", "-lcrypto")], tmp_path / "one.trace", arguments=["--check"])
    assert done.status == 0 and "RELEASED" not in done.text, done


KINDS = ("type session block=own\ncreate session_new ret\nfinal session_free arg0\n"
         "type packet block=own\ncreate packet_new ret\nfinal packet_free arg0\n")


@pytest.mark.parametrize("level", ["simple", "advanced", "paranoid"])
def test_what_lies_where_an_object_of_another_type_ended_unseen_is_released_rightly(level, built, tmp_path):
    assert findings(tmp_path, [built("place_two_kinds")], KINDS, level=level) == []


def test_an_object_that_the_function_of_another_type_releases_is_a_finding(built, tmp_path):
    assert findings(tmp_path, [built("place_two_kinds"), "wrong"], KINDS) == [("mismatched-release", "session", 1)]
