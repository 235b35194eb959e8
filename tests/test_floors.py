# SPDX-License-Identifier: MIT
"""Folders are floors: what a file may include is kept by the build and drawn by scripts/floors."""
import json
import re
import shlex
import shutil
import subprocess

import pytest

from harness import BUILD, ROOT

PLANTED = [("shim/store/area.c", "snapshot.h", "reach/snapshot"), ("shim/base/note.c", "process.h", "host/process"),
           ("analyzer/trace/read.c", "options.h", "command/options")]


def floors(root):
    return subprocess.run([ROOT / "scripts/floors", root], capture_output=True, text=True, timeout=60)


@pytest.fixture
def tree(tmp_path):
    for name in ("shim", "analyzer"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def plant(path, header):
    path.write_text(f'#include "{header}"\n' + path.read_text())


def test_no_include_points_up_and_no_rooms_form_a_circle():
    done = floors(ROOT)
    assert done.returncode == 0, done.stdout
    assert "shim/\n  host " in done.stdout and "analyzer/\n  command " in done.stdout, done.stdout


@pytest.mark.parametrize("file, header, room", PLANTED)
def test_an_include_upwards_is_named_with_its_place_and_a_cure(tree, file, header, room):
    plant(tree / file, header)
    done = floors(tree)
    assert done.returncode == 1
    assert f"{file}:1: includes {room}, which is on a floor above: move " in done.stdout, done.stdout


def test_rooms_of_one_floor_that_include_each_other_are_named(tree):
    plant(tree / "shim/stack/tree.h", "stack.h")
    done = floors(tree)
    assert done.returncode == 1
    assert "shim/: a circle of rooms that include each other: stack/stack stack/tree: " in done.stdout, done.stdout


@pytest.mark.parametrize("file, header, room", PLANTED)
def test_an_include_upwards_does_not_compile(tmp_path, file, header, room):
    commands = json.loads((BUILD / "compile_commands.json").read_text())
    found = [c for c in commands if c["file"].endswith(file)]
    assert found, file
    source = tmp_path / "planted.c"
    source.write_text(f'#include "{header}"\n')
    words = shlex.split(found[0]["command"])
    done = subprocess.run([*words[:words.index("-MD")], "-fdiagnostics-color=never", "-fsyntax-only", source], cwd=found[0]["directory"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode, done
    assert f"{header}: No such file" in done.stderr or f"'{header}' file not found" in done.stderr, done.stderr


def test_each_folder_says_its_job_in_its_first_line():
    for path in [*(ROOT / "shim").glob("*/meson.build"), *(ROOT / "analyzer").glob("*/meson.build")]:
        first = path.read_text().splitlines()[0]
        assert first.startswith("# "), path


def test_every_file_of_tests_is_run():
    listed = set(re.findall(r"^  '(\w+)': '(?:analyzer|shim|programs)',$", (ROOT / "tests/meson.build").read_text(), re.M))
    assert listed == {path.stem[5:] for path in (ROOT / "tests").glob("test_*.py")}
