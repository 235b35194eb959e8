# SPDX-License-Identifier: MIT
"""What `meson install` puts where, that it works from there, and the header for programs."""
import os
import subprocess

import pytest
from harness import BUILD, ROOT, environment, only_trace, preloaded, report, run, victim


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    to = tmp_path_factory.mktemp("destination")
    subprocess.run(["/usr/bin/meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", to],
                   check=True, env=environment(), stdout=subprocess.DEVNULL)
    return to


def found(folder, name):
    paths = list(folder.rglob(name))
    assert len(paths) == 1, (name, paths)
    return paths[0]


def test_install_puts_everything_where_it_belongs(installed):
    for name, folder in [("leakshim", "bin"), ("leakshim.h", "include"), ("leakshim.pc", "pkgconfig"),
                         ("leakshim.1", "man1"), ("leakshim-probes.5", "man5"), ("leakshim-trace.5", "man5"), ("leakshim-ci.7", "man7"),
                         ("report.schema.json", "leakshim"), ("glib.probes", "catalog")]:
        assert [p for p in installed.rglob(name) if p.is_file() and p.parent.name == folder], name
    assert os.access(found(installed, "libleakshim.so"), os.R_OK)


def test_an_installed_leakshim_finds_its_library_beside_itself(installed, tmp_path):
    command = next(p for p in installed.rglob("leakshim") if p.is_file() and p.parent.name == "bin")
    done = run([command, "run", "-o", tmp_path / "t.trace", "--", victim("asks_to_ignore")])
    assert done.status == 0 and "5 times, 500 bytes" in done.text, done


def test_an_installed_library_finds_its_analyzer(installed, tmp_path):
    library = found(installed, "libleakshim.so")
    done = run([victim("asks_to_ignore")],
               {**environment(), "LD_PRELOAD": str(library), "LEAKSHIM_OPTIONS": f"dir={tmp_path}"})
    assert done.status == 0 and "5 times, 500 bytes" in done.text, done


def test_what_a_program_asks_to_ignore_is_no_leak(tmp_path):
    preloaded([victim("asks_to_ignore")], tmp_path, settings={"report": "none"})
    classes = {group["bytes"]: group["class"] for group in report(only_trace(tmp_path))["leaks"]}
    assert classes[500] == "definite" and classes[150] == "ignored", classes


@pytest.mark.parametrize("page", ["man1/leakshim.1", "man5/leakshim-probes.5", "man5/leakshim-trace.5", "man7/leakshim-ci.7"])
def test_manuals_are_set_without_a_warning(installed, page):
    path = next(installed.rglob(page))
    done = run(["man", "--warnings", "-l", path], environment(MANWIDTH=100))
    if done.status == 127 or b"--warnings" in done.stderr:
        pytest.skip("no man that warns")
    assert done.status == 0 and not done.stderr and len(done.stdout) > 3000, done


def test_the_manual_of_the_trace_has_the_contract(installed):
    text = run(["man", "-l", next(installed.rglob("leakshim-trace.5"))], environment(MANWIDTH=200)).stdout.decode()
    for line in (ROOT / "shim/format/trace.h").read_text().splitlines():
        if line.startswith(("struct trace_", "enum trace_")):
            assert line.split("{")[0].strip() in text, line


def test_the_header_needs_no_library(tmp_path):
    assert run([victim("asks_to_ignore")]).status == 0
    source = tmp_path / "asks.cpp"
    source.write_text('#include "leakshim.h"\nint main() { int *p = new int; leakshim_mark_ignored(p); delete p; }\n')
    subprocess.run(["/usr/bin/g++", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "shim", source, "-o", tmp_path / "asks"],
                   check=True)
    assert run([tmp_path / "asks"]).status == 0


def test_the_source_tarball_is_always_the_same(tmp_path):
    if run(["git", "-C", ROOT, "rev-parse", "HEAD"]).status:
        pytest.skip("no repository")
    made = []
    for folder, zone in (("a", "UTC"), ("b", "Asia/Tokyo")):
        done = run([ROOT / "scripts/package", "--source", tmp_path / folder], environment(TZ=zone))
        assert done.status == 0, done
        (tarball,) = (tmp_path / folder).iterdir()
        made.append(tarball.read_bytes())
    assert made[0] == made[1]
    names = subprocess.run(["tar", "-tzf", tarball], capture_output=True, text=True, check=True).stdout.split()
    assert {name.split("/")[1] for name in names} >= {"meson.build", "shim", "analyzer", "scripts", "tests", "README.md", "LICENSE", "CHANGELOG"}
