# SPDX-License-Identifier: MIT
"""What a living process keeps far longer than its siblings live is told, reachable or not."""
import json
import re

import jsonschema
import pytest

import trace_writer as tw
from harness import LEAKSHIM, ROOT, Server, environment, preload, run, victim, wait_until

SCHEMA = json.loads((ROOT / "analyzer" / "report.schema.json").read_text())
SECOND = 1_000_000
NOW = 3600 * SECOND
COPY = 8  # a snapshot of a living process


def snapshot_of(box, births, ages, flags=COPY, size=100_000, verdict=tw.REACHABLE, end=0):
    """A process after an hour: a site with blocks born at these times, in seconds, and siblings that were released."""
    trace = tw.Trace()
    trace.header.update(flags=flags, end=end, end_time=NOW)
    module = trace.module("/nowhere/victim", tw.PROGRAM)
    trace.thread(4711, main=True)
    made, ended = trace.stack(module, 0x401000, 0x402000), trace.stack(module, 0x403000)
    site = trace.site(made, blocks=4_000, size=4_000 * size, live=len(births) * size)
    blocks = [trace.block(site, size, thread=1, time=int(born * SECOND)) for born in births]
    if ages:
        trace.released(site, ended, ages)
    trace.scan(time=NOW)
    for block in blocks:
        trace.verdict(block, verdict)
    return trace.write(box / "t.trace")


def overdue(trace, *arguments):
    done = run([LEAKSHIM, "report", trace, "--format", "json", *arguments])
    assert done.status == 0, done
    whole = json.loads(done.stdout)
    jsonschema.validate(whole, SCHEMA)
    return whole["overdue"]


STEADILY = [60 * i for i in range(60)]


@pytest.mark.parametrize("births, ages, count", [
    (STEADILY, {0: 1000}, 60),
    (STEADILY, {11: 1000}, 59),  # up to 8 s: what is younger than 80 s is not overdue
    ([*range(0, 3600, 240)], {0: 30}, 15),
    ([i * i / 3600 for i in range(3600)], {0: 990, 8: 10}, 3600),
], ids=["every minute", "siblings of seconds", "few", "faster and faster"])
def test_what_outlives_its_siblings_while_more_of_it_comes_is_overdue(box, births, ages, count):
    found = overdue(snapshot_of(box, births, ages))
    assert len(found) == 1 and found[0]["count"] == count, found
    assert found[0]["alive"] == len(births) and found[0]["lifetime"]["count"] == sum(ages.values())
    assert found[0]["growth"]["bytes_a_minute"] > 0 and found[0]["growth"]["forecast"]["bytes"] >= 1 << 30


@pytest.mark.parametrize("births, ages", [
    ([i / 100 for i in range(200)], {0: 1000}),
    ([60 + i / 100 for i in range(200)] + [3500], {0: 1000}),
    (STEADILY, {}),
    (STEADILY, {0: 10}),
    (STEADILY, {0: 1000, 22: 5}),
    (STEADILY[-30:], {0: 500, 18: 500}),
    ([3599.5 + i / 200 for i in range(100)], {0: 1000}),
    ([*range(0, 3600, 600)], {0: 1000}),
], ids=["filled once", "filled later", "never released", "hardly released", "some live as long", "a steady pool", "young",
        "too few"])
def test_what_is_kept_for_good_reasons_is_not_overdue(box, births, ages):
    assert overdue(snapshot_of(box, births, ages)) == []


def test_at_the_end_of_a_program_nothing_is_overdue(box):
    assert overdue(snapshot_of(box, STEADILY, {0: 1000}, flags=0, end=tw.EXIT)) == []


def test_what_is_lost_is_a_leak_and_not_overdue_too(box):
    assert overdue(snapshot_of(box, STEADILY, {0: 1000}, verdict=tw.DEFINITE)) == []


def test_the_growth_and_when_it_matters_are_told_in_words(box):
    text = run([LEAKSHIM, "report", snapshot_of(box, STEADILY, {0: 1000}, size=1 << 20)]).stdout.decode()
    assert re.search(r"^OVERDUE: 60 of 60 alive, 62,914,560 bytes, made in .*\[[0-9a-f]{8}\]\n"
                     r"  Older than 1.0 s, the oldest 60 min; of 1,000 watched ones that were released from here 99 % were by 4 ms, "
                     r"all by 4 ms.\n  1 more a minute, 1,0\d\d,\d+ bytes; at this rate 1 GiB in 16 h.\n", text, re.M), text
    assert "leakshim: no leaks, 1 overdue group." in text, text


def looked_at(box, manner, name, **settings):
    server = Server([victim("keeps_sessions"), manner], preload(box, report="none", **settings), box)
    wait_until(lambda: "ready" in server.log.read_text() or server.process.poll() is not None, "its first line")
    return server, lambda: overdue_of_copy(server, box / name)


def overdue_of_copy(server, path):
    path.unlink(missing_ok=True)
    assert run([LEAKSHIM, "snapshot", server.pid, "-o", path]).status == 0
    return overdue(path)


def test_sessions_that_are_never_closed_are_found_in_a_snapshot_with_who_holds_them(box):
    server, look = looked_at(box, "forgets", "copy")
    with server:
        found = wait_until(look, "sessions that are overdue")
    assert [frame["function"] for frame in found[0]["created_at"]][:2] == ["session_open", "main"], found
    way = found[0]["held_by"]
    assert way[0] == "global sessions" and re.match(r"block made in table_make \(keeps_sessions.c:\d+\), offset \d+$", way[1]), way
    text = run([LEAKSHIM, "report", box / "copy"]).stdout.decode()
    assert "made in session_open (keeps_sessions.c:" in text and "  The oldest is held by global sessions -> block made in" in text, text
    assert "leakshim: no leaks, 1 overdue group" in text, text


@pytest.mark.parametrize("manner", ["closes", "fills"])
def test_sessions_that_are_closed_and_caches_that_were_filled_are_not_overdue(box, manner):
    server, look = looked_at(box, manner, "copy")
    with server:
        wait_until(lambda: age_of(box, server) > 2.5, "a process that is old enough to judge")
        assert look() == []


def age_of(box, server):
    done = run([LEAKSHIM, "report", server.pid, "--format", "json"])
    return json.loads(done.stdout)["program"]["seconds"] if done.status == 0 else 0


def objects_of(box, births, ended, released=None):
    """Counted objects that are alive after an hour, and (born, ended) of those that were let go a short while ago, in seconds."""
    trace = tw.Trace()
    trace.header.update(flags=COPY, end=0, end_time=NOW)
    module = trace.module("/nowhere/victim", tw.PROGRAM)
    trace.thread(4711, main=True)
    made, touched = trace.stack(module, 0x401000, 0x402000), trace.stack(module, 0x403000)
    type_ = trace.type("session")
    probe = trace.probe("session_touch", type_, tw.TOUCH)
    site = trace.site(trace.stack(module, 0x400800, 0x401000, 0x402000), blocks=4_000, size=4_000)
    blocks = [trace.block(site, 1000, address=(i + 1) << 12, thread=1, time=int(born * SECOND)) for i, born in enumerate(births)]
    for i, born in enumerate(births):
        records = trace.records((tw.TOUCH, touched, probe, 1, 1, 1, 1, int(born * SECOND) + 5)) if not i else 0
        trace.resource(type_, made, (i + 1) << 12, thread=1, time=int(born * SECOND), records=records)
    for born, end in ended:
        trace.resource(type_, made, 0x77000, flags=tw.ENDED, thread=1, time=int(born * SECOND), end_time=int(end * SECOND))
    if released:
        trace.released(site, trace.stack(module, 0x403000), released)
    trace.scan(time=NOW)
    for block in blocks:
        trace.verdict(block, tw.REACHABLE)
    return trace.write(box / "t.trace")


LATELY = [(3000 + i, 3001 + i) for i in range(500)]  # objects that lived for a second


@pytest.mark.parametrize("ended, released, count", [
    (LATELY, {}, 60 - 1),  # one in a minute stayed meanwhile; the last one is of another group, for it was used last elsewhere
    ([], {0: 1000}, 60 - 1),
    ([(3599, 3599.5)] * 256, {}, 0),  # all that is remembered is of the last second, in which none was made that stays
    (LATELY[:10], {}, 0),
    (LATELY + [(60, 3590)], {}, 0),
    (LATELY, {0: 1000, 22: 5}, 0),
], ids=["by those that ended", "by their blocks", "too short a memory", "too few", "some live as long", "some blocks live as long"])
def test_counted_objects_are_overdue_by_what_became_of_their_siblings(box, ended, released, count):
    found = overdue(objects_of(box, STEADILY, ended, released))
    assert sum(o["count"] for o in found) == count and all(o["type"] == "session" for o in found), found


def test_a_session_type_of_ones_own_is_found_overdue_in_a_living_server(box):
    (box / "own.probes").write_text("type session lib=*keeps_sessions\ncreate session_open ret\nrelease session_close arg0\n")
    server, look = looked_at(box, "forgets", "copy", probes=box / "own.probes")
    with server:
        found = wait_until(look, "sessions that are overdue")
    assert found[0]["type"] == "session" and found[0]["held_by"][0] == "global sessions", found
    text = run([LEAKSHIM, "report", box / "copy"]).stdout.decode()
    assert "OVERDUE: session: " in text and "Created at:\n\tsession_open (keeps_sessions.c:" in text, text


def test_a_comparison_of_two_moments_says_how_many_there_were_before(box):
    server, look = looked_at(box, "forgets", "old")
    with server:
        before = wait_until(look, "sessions that are overdue")[0]["alive"]
        wait_until(lambda: overdue_of_copy(server, box / "new")[0]["alive"] > before, "more of them")
    done = run([LEAKSHIM, "diff", box / "old", box / "new"])
    assert f"  {before:,} were alive here in the older trace.\n" in done.stdout.decode(), done


@pytest.mark.parametrize("limit, status", [("0", 1), ("90k", 1), ("99999/min", 1), ("1m", 0), ("200k/min", 0)])
def test_a_check_fails_if_a_living_process_grows_faster_than_it_may(box, limit, status):
    done = run([LEAKSHIM, "check", "--max-growth", limit, snapshot_of(box, STEADILY, {0: 1000})])
    assert done.status == status, done
    assert (b": grows by 100," in done.stdout) == (status == 1) and (b"1 trace grows too fast" in done.stdout) == (status == 1), done


def test_what_was_never_released_grows_too_and_what_stopped_does_not(box):
    check = [LEAKSHIM, "check", "--max-growth", "1k"]
    assert run([*check, snapshot_of(box, STEADILY, {})]).status == 1
    assert run([*check, snapshot_of(box, [i / 100 for i in range(200)], {})]).status == 0
    assert run([*check, snapshot_of(box, STEADILY, {0: 1000, 22: 5})]).status == 0
    assert run([*check, snapshot_of(box, STEADILY, {0: 1000}, flags=0, end=tw.EXIT)]).status == 0


@pytest.mark.parametrize("limit, status", [("64k/min", 23), ("1g", 0)])
def test_a_run_that_grew_too_fast_fails_though_all_was_let_go_in_the_end(box, limit, status):
    formats = f"text,json={box}/j,junit={box}/u"
    done = run([LEAKSHIM, "run", "--check", "--max-growth", limit, "--format", formats, "--", victim("keeps_sessions"), "tidies"],
               environment(TMPDIR=box))
    report = json.loads((box / "j").read_text())
    jsonschema.validate(report, SCHEMA)
    growth = report["summary"]["growth"]
    assert done.status == status and growth["too_fast"] == (status == 23) and growth["bytes_a_minute"] > 65536, done
    assert ("made in session_open\n" in done.text) == (status == 23), done
    assert ('type="growth" message="GROWTH: ' in (box / "u").read_text()) == (status == 23)


def test_a_run_that_ends_too_soon_to_grow_says_so_and_passes(box):
    done = run([LEAKSHIM, "run", "--check", "--max-growth", "0", "--", "/bin/true"], environment(TMPDIR=box))
    assert done.status == 0 and re.search(r"true \(\d+\) ended after .*, too soon to say how fast it grows\n", done.text), done
    done = run([LEAKSHIM, "run", "--max-growth", "0", "--", "/bin/true"], environment(TMPDIR=box))
    assert done.status == 2 and "--max-growth wants --check too" in done.text, done


def test_what_is_suppressed_neither_is_overdue_nor_grows(box):
    trace = snapshot_of(box, STEADILY, {0: 1000})
    (box / "s").write_text("leak:victim\n")
    assert run([LEAKSHIM, "check", "--max-growth", "0", trace]).status == 1
    done = run([LEAKSHIM, "check", "--max-growth", "0", "--suppressions", box / "s", trace])
    assert done.status == 0 and b"OVERDUE" not in done.stdout, done


@pytest.mark.parametrize("limit", ["", "fast", "-1", "1x", "10/hour"])
def test_a_growth_that_is_none_is_refused(box, limit):
    done = run([LEAKSHIM, "check", "--max-growth", limit, box / "t.trace"])
    assert done.status == 2 and "--max-growth wants bytes a minute like 65536, 64k or 1m/min" in done.text, done
