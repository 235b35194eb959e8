# SPDX-License-Identifier: MIT
"""What the README shows is what happens: its example is built and run, its messages are those of the programs."""
import os
import re
import shutil
import subprocess

import pytest

from harness import LEAKSHIM, ROOT, SHIM, environment, run, victim

README = (ROOT / "README.md").read_text()


def fenced(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


def without_what_changes(text):
    """Pids, ages, folders and what belongs to libc alone differ from run to run."""
    text = re.sub(r"(Oldest|newest|Age) [^.,;]*?(ms|s|min)\b", r"\1 T", text)
    text = text.replace("Oldest T, newest T", "Age T")  # on a busy machine
    text = re.sub(r"runtime \d+( \([^)]*\))?", "runtime N", text)
    return re.sub(r"/\S*/|\.\d+\.trace", "", text).strip()


def test_the_example_is_real(box):
    program = fenced("c")[0]
    command, shown = re.match(r"\$ (.*)\n((?:.*\n)+)", fenced("console")[0]).groups()
    (box / "greet.c").write_text(program)
    (box / "leakshim").symlink_to(LEAKSHIM)
    env = environment(PATH=f"{box}:/usr/bin:/bin")
    # the shim is looked for beside the real analyzer
    done = run(["/bin/sh", "-c", f"exec 2>&1; {command}"], env, cwd=box)
    assert done.status == 0, done
    assert without_what_changes(done.stdout.decode()) == without_what_changes(shown)


def test_the_example_of_a_program_that_speaks_for_itself_is_real(box):
    source = re.search(r"```c\n(#include <leakshim.h>.*?)```", README, re.S)[1]
    (box / "session.c").write_text(source)
    build = run(["cc", "-g", "-I", ROOT / "shim", box / "session.c", "-o", box / "session"], cwd=box)
    assert build.status == 0, build
    shown = re.search(r"./session\n(LEAK: session.*?)\n", README)[1]
    said = run([LEAKSHIM, "run", "--", "./session"], cwd=box).text.splitlines()[0]
    assert said == shown


def test_the_recipe_for_ci_lets_known_leaks_pass_and_fails_new_ones(box):
    recipe = next(text for text in fenced("sh") if "--baseline" in text)
    assert len(recipe.splitlines()) == 2
    (box / "leakshim").symlink_to(LEAKSHIM)
    (box / "my-tests").write_text("#!/bin/sh\nexec $VICTIM $WAY\n")
    (box / "my-tests").chmod(0o755)
    env = environment(PATH=f"{box}:/usr/bin:/bin", VICTIM=victim("one_of_each"), WAY="malloc")
    for line in recipe.splitlines():
        done = run(["/bin/sh", "-c", line], env, cwd=box)
        assert done.status == 0, (line, done)
    env.update(VICTIM=victim("thread_storm"), WAY="200")
    assert run(["/bin/sh", "-c", recipe.splitlines()[1]], env, cwd=box).status == 23


def test_every_message_under_troubleshooting_is_one_of_ours():
    texts = SHIM.read_bytes() + LEAKSHIM.read_bytes()
    headings = re.findall(r"^### `(.*)`$", README, re.M)
    assert len(headings) >= 4
    for heading in headings:
        for part in re.split(r"[A-Z]{4,}(?![A-Z_])|: |; ", heading):  # FILE, PROGRAM; messages are put together
            assert part.strip(" :;,.").encode() in texts, (heading, part)


def test_every_option_named_in_the_readme_exists():
    known = run([LEAKSHIM, "--help"]).stdout.decode()
    ours = re.sub(r" -- .*", "", README)  # what follows is the program's own
    named = set(re.findall(r"--[a-z][a-z-]+", ours)) - {"--port"}
    assert len(named) >= 4
    for option in named:
        assert option in known, option
    settings = (ROOT / "shim/base/settings.h").read_text()
    for key in re.findall(r"LEAKSHIM_OPTIONS=(\w+)=", README) + re.findall(r"^\| `(\w+)=", README, re.M):
        assert f"{key}=" in settings, key


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file()))
def test_every_script_answers_help_in_one_line(script):
    done = run([ROOT / "scripts" / script, "--help"])
    assert done.status == 0 and len(done.stdout.splitlines()) == 1, done
    assert done.stdout.startswith(f"scripts/{script}".encode())


def test_the_demo_shows_what_it_promises():
    if LEAKSHIM != ROOT / "build/analyzer/leakshim":
        pytest.skip("the demo builds and uses build/, and this is another build")
    if os.geteuid():
        pytest.skip("wants root: the demo installs what is missing")
    done = subprocess.run([ROOT / "scripts/demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=300)
    assert done.returncode == 0 and "LEAK: 200 times" in done.stderr, done


def test_what_is_installed_works_from_there(box):
    if not shutil.which("meson"):
        pytest.skip("meson is not in PATH")
    subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", LEAKSHIM.parent.parent], check=True,
                   env={**environment(), "DESTDIR": str(box)}, stdout=subprocess.DEVNULL)
    tool, = box.rglob("bin/leakshim")
    assert list(box.rglob("libleakshim.so")) and list(box.rglob("leakshim.1")) and list(box.rglob("*.probes"))
    done = run([tool, "--version"])
    assert done.status == 0 and done.stdout.startswith(b"leakshim "), done
