# SPDX-License-Identifier: MIT
"""The benchmark runs everything it names and tells what failed. No test looks at a time."""
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from harness import BUILD, environment, run

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import measure
import table
import variants
from workloads import Job, Maker, WORKLOADS

LEVELS = ["disabled", "simple", "advanced", "paranoid"]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    result = tmp_path_factory.mktemp("bench") / "result.json"
    done = run([HERE / "run", "--quick", "--repeat", "1", "--peers", "none", "--build", BUILD, "--json", result],
               environment(), timeout=250)
    assert done.status == 0, done
    return json.loads(result.read_text()), done.stdout.decode()


@pytest.fixture
def launch(box):
    return Maker(box).program("launch.c")


def measured(argv, launch, box, variant=variants.BARE):
    return measure.run(Job(argv), variant, launch, box / "run", 60)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_is_measured_bare_and_at_every_level(name, smoke):
    result, _ = smoke
    if name in result["omitted"]:
        pytest.skip(result["omitted"][name])
    rows = {row["variant"]: row for row in result["workloads"][name]["rows"]}
    assert list(rows) == ["bare", *LEVELS]
    for row in rows.values():
        assert "failed" not in row and row["peak_ratio"]["median"] > 0
    assert all(rows[level]["trace_bytes"]["min"] > 0 for level in LEVELS[1:])


def test_the_table_names_the_machine_the_date_and_every_row(smoke):
    result, text = smoke
    for word in (result["date"], result["machine"]["cpu"], result["machine"]["kernel"], *LEVELS):
        assert word in text
    for name in result["workloads"]:
        assert text.count(f"| {name} ") >= 2
    assert "smoke run" in text


def test_a_program_that_crashes_has_no_figures(launch, box):
    assert measured(["sh", "-c", "kill -SEGV $$"], launch, box).failed == "crashes, SIGSEGV"
    assert measured(["sh", "-c", "exit 3"], launch, box).failed == "ends with status 3"


def test_a_run_without_a_trace_is_not_taken_for_a_traced_one(launch, box):
    blind = variants.Variant("paranoid", "", traces=True)
    assert measured(["true"], launch, box, blind).failed.startswith("left no trace")


def test_a_run_beyond_its_limit_is_ended(launch, box):
    assert measure.run(Job(["sleep", "1000"]), variants.BARE, launch, box / "run", 0.2).failed == "over 0.2 s"


def test_peak_memory_counts_children_and_not_the_benchmark(launch, box):
    assert measured(["true"], launch, box).peak < 4096
    assert measured(["sh", "-c", "perl -e '$x = \"a\" x 50_000_000'; true"], launch, box).peak > 50_000


def test_ratios_are_taken_within_a_round():
    runs = [(measure.Run(cpu=cpu, peak=1), measure.Run(cpu=bare, peak=1)) for cpu, bare in ((2, 1), (9, 3), (8, 2))]
    assert table.row(variants.BARE, 0, runs)["cpu_ratio"] == {"median": 3, "min": 2, "max": 4}
    runs[1][0].failed = "crashes, SIGSEGV"
    assert "cpu_ratio" not in table.row(variants.BARE, 0, runs)


def test_a_peer_that_is_not_installed_is_left_out_with_the_reason(monkeypatch):
    monkeypatch.setitem(variants.PEERS, "valgrind", variants.Peer("valgrind", ["nowhere/valgrind"], ""))
    assert variants.peer("valgrind") == (None, "valgrind is not installed")


def test_a_wrong_name_is_one_line_and_status_2(box):
    done = run([HERE / "run", "--only", "nothing", "--build", BUILD])
    assert done.status == 2 and done.text.count("\n") == 1 and "unknown workload 'nothing'" in done.text


def test_a_leak_in_focus_loses_no_request_of_a_server_under_load():
    if not shutil.which("redis-benchmark", path=measure.PATH):
        pytest.skip("no redis")
    done = run([HERE / "focus", "--build", BUILD, "--only", "redis", "--rounds", "1", "--requests", "5000"], environment(), timeout=120)
    assert re.search(rb"^redis: [\d,]+ requests a second without, [\d,]+ in focus; ratio .*; 0 requests lost; ", done.stdout), done
