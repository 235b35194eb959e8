# SPDX-License-Identifier: MIT
"""Options from a file, and shell completion made from the table of options."""
import os
import shutil
import subprocess

import pytest

from harness import LEAKSHIM, environment, run

LEAK = "#include <stdlib.h>\nint main(void) { return malloc(80) == 0; }\n"


@pytest.fixture
def box(tmp_path):
    (tmp_path / "leak.c").write_text(LEAK)
    subprocess.run(["gcc", "-g", tmp_path / "leak.c", "-o", tmp_path / "leak"], check=True, timeout=60)
    (tmp_path / "below" / "further").mkdir(parents=True)
    return tmp_path


def check(box, *options, cwd=None):
    return run([LEAKSHIM, "run", "--check", *options, "--", box / "leak"], environment(TMPDIR=box), cwd=cwd or box / "below" / "further")


def test_a_file_in_a_folder_above_gives_the_options_of_a_check(box):
    (box / "all.supp").write_text("leak:main\n")
    (box / ".leakshim.ini").write_text("# for the build server\nsuppressions = all.supp\n")
    assert check(box).status == 0
    (box / ".leakshim.ini").unlink()
    assert check(box).status == 23


def test_the_command_line_comes_before_the_file(box):
    (box / ".leakshim.ini").write_text("format = json\n")
    assert "LEAK: " in check(box, "--format", "text").text
    assert check(box).text.startswith("{")


@pytest.mark.parametrize("text, message", [
    ("max = 3\nbase-line = x\n", ":2:1: unknown option 'base-line'; did you mean 'baseline'?\n"),
    ("format = text\nformat = sarfi\n", ":2:10: this value was not taken\n"),
    ("max = 3\nnonsense\n", ":2:1: neither `option = value` nor a comment\n"),
    ("[check]\nmax = 3\n", ":2:1: there are no sections, but here begins 'check'"),
    ("baseline\x00 = x\n", ":1:1: "),
])
def test_a_mistake_in_the_file_is_named_by_line_and_column(box, text, message):
    (box / "own.ini").write_text(text)
    done = check(box, "--config", box / "own.ini")
    assert done.status == 2 and message in done.text and f"{box}/own.ini" in done.text, done


def test_a_missing_file_that_was_named_is_trouble(box):
    done = check(box, "--config", box / "missing.ini")
    assert done.status == 2 and "--config wants a file" in done.text, done


def test_a_file_that_others_may_write_to_is_left_alone(box):
    (box / ".leakshim.ini").write_text("format = json\n")
    (box / ".leakshim.ini").chmod(0o666)
    assert "LEAK: " in check(box).text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_valid_and_names_every_command(shell):
    done = run([LEAKSHIM, "--completion", shell])
    commands = [line.split()[1] for line in run([LEAKSHIM, "--help"]).stdout.decode().splitlines() if line.startswith("  leakshim ")]
    assert len(commands) >= 8 and all(command in done.stdout.decode() for command in commands), done
    if not shutil.which(shell):
        pytest.skip(f"no {shell}; that every command is named was seen")
    assert subprocess.run([shell, "-n"], input=done.stdout, timeout=30).returncode == 0


def test_bash_completes_an_option_and_a_format(tmp_path):
    script = tmp_path / "completion"
    script.write_bytes(run([LEAKSHIM, "--completion", "bash"]).stdout)
    code = (f"source {script}; COMP_WORDS=(leakshim report --form); COMP_CWORD=2; _leakshim; echo ${{COMPREPLY[*]}}; "
            "COMP_WORDS=(leakshim check --format sar); COMP_CWORD=3; _leakshim; echo ${COMPREPLY[*]}")
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=30, cwd=tmp_path, env=os.environ)
    assert done.stdout == "--format\nsarif\n", done
