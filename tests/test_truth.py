# SPDX-License-Identifier: MIT
"""Programs whose leaks are known, with twins that have none: all are found, and nothing else is called lost."""
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import leak_programs
from harness import ROOT, only_trace, preloaded, report, run

WORKERS = 2


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("truth")
    (folder / "generated.cpp").write_text(leak_programs.source())
    (folder / "forgets.cpp").write_bytes((ROOT / "tests/victims/forgets.cpp").read_bytes())

    def build(name, flag):
        out = folder / (name + flag)
        if not out.exists():
            subprocess.run(["g++", "-w", "-g", flag, folder / f"{name}.cpp", "-o", out, "-pthread"], check=True,
                           timeout=300)
        return out
    return build


def lost(folder, argv):
    """Blocks that are reported as lost, and what a reader could take for it."""
    folder.mkdir()
    done = preloaded(argv, folder, settings={"report": "none"})
    assert done.status == 0, done
    whole = report(only_trace(folder))
    classes = whole["summary"]["classes"]
    assert whole["findings"] == [], argv
    return sum(classes[name]["blocks"] for name in ("definite", "possible", "held", "unclassified"))


def judge(folder, program, cases):
    """The cases that are not judged right: each is (arguments, is leaking)."""
    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda job: lost(folder / str(job[0]), [program, *job[1][0]]), enumerate(cases)))
    missed = [arguments for (arguments, leaks), count in zip(cases, found) if leaks and not count]
    false = [arguments for (arguments, leaks), count in zip(cases, found) if not leaks and count]
    print(f"truth: {program.name}: {len(cases)} programs, {len(missed)} missed, {len(false)} false alarms")
    return missed, false


@pytest.mark.parametrize("flag", ["-O0", "-O2"])
def test_every_leak_of_the_generated_programs_is_found_and_no_twin_is_blamed(tmp_path, built, flag):
    program = built("generated", flag)
    names = run([program]).stdout.decode().split()
    assert len(names) == 2 * len(leak_programs.ALLOCATE) * len(leak_programs.FLOW)
    assert judge(tmp_path, program, [([name], name.endswith("_bad")) for name in names]) == ([], [])


@pytest.mark.parametrize("flag", ["-O0", "-O2"])
def test_every_way_to_forget_memory_is_found_and_no_right_twin_is_blamed(tmp_path, built, flag):
    program = built("forgets", flag)
    names = run([program]).stdout.decode().split()
    assert len(names) == 30
    cases = [([name, *how], not how) for name in names for how in ([], ["clean"])]
    assert judge(tmp_path, program, cases) == ([], [])
