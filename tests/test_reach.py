# SPDX-License-Identifier: MIT
"""What is lost is told from what is held, whoever holds it, at the end and while the program runs."""
import json
import os
import resource
import signal
import subprocess
import time

import pytest

from harness import (BUILD, LEAKSHIM, Server, children, environment, only_trace, preload, preloaded, public_copy,
                     report, run, stack, traces, victim, wait_until)

QUIET = {"report": "none"}
HELD = ["reachable"]
LOST = ["definite"]


def classes(whole, function="make_hidden"):
    """The classes of the blocks that a function made, each once."""
    return sorted({group["class"] for group in whole["leaks"] if function in stack(group)})


def verdict(box, argv, **settings):
    done = preloaded(argv, box, settings={**QUIET, **settings})
    assert done.status == 0, done
    return report(only_trace(box))


def both_ways(box, name, *arguments):
    """The classes of the block while it is held, and when its holder was cleared."""
    found = []
    for way in ("held", "lost"):
        folder = box / way
        folder.mkdir()
        found.append(classes(verdict(folder, [victim(name), arguments[0], way, *arguments[1:]])))
    return found


@pytest.mark.parametrize("place", ["global", "array", "tls", "environment", "first environment", "argv", "chain", "end of block", "stack"])
def test_a_block_held_in_the_programs_data_is_reachable(place, box):
    assert both_ways(box, "held_in_data", place) == [HELD, LOST]


@pytest.mark.parametrize("place", ["anonymous", "shared", "file", "read-only"])
def test_a_block_held_in_a_mapping_of_the_programs_own_is_reachable(place, box):
    assert both_ways(box, "held_in_mapping", place) == [HELD, LOST]


def test_a_block_held_in_a_block_of_which_little_was_ever_written_is_reachable_and_the_rest_is_not_read(box):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
    assert both_ways(box, "held_in_sparse_block", "gigabyte") == [HELD, LOST]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before < 1 << 17  # a gigabyte has 2^18 pages


def both_ways_odd(box, kind, *arguments):
    """As both_ways, for kinds of memory that not every system has."""
    found = []
    for way in ("held", "lost"):
        folder = box / way
        folder.mkdir()
        done = preloaded([victim("held_in_odd_memory"), kind, way, *arguments], folder, settings=QUIET)
        if done.status == 77:
            pytest.skip(f"this system has no such memory: {kind}")
        assert done.status == 0, done
        whole = report(only_trace(folder))
        assert whole["summary"]["complete"] and not whole["summary"]["scan"]["doubtful"]
        found.append(classes(whole))
    return found


@pytest.mark.parametrize("kind", ["not copied", "wiped", "no access", "not copied and no access", "execute only", "under a key",
                                  "beside a guard", "beside a bad page", "write only", "memfd", "secret", "system v", "first of system v",
                                  "program break", "program break by number", "shared huge", "private huge"])
def test_a_block_held_in_memory_of_an_unusual_kind_is_reachable(kind, box):
    assert both_ways_odd(box, kind) == [HELD, LOST]


@pytest.mark.parametrize("kind", ["not copied", "wiped", "no access", "under a key", "beside a guard"])
def test_a_block_that_is_itself_of_an_unusual_kind_of_memory_holds(kind, box):
    assert both_ways_odd(box, kind, "block") == [HELD, LOST]


@pytest.mark.parametrize("kind", ["plain", "not copied", "wiped", "no access", "not copied and no access", "execute only", "under a key",
                                  "beside a guard", "write only", "memfd", "secret", "system v", "program break", "shared huge",
                                  "private huge"])
def test_a_look_that_copies_memory_bit_by_bit_reads_all_kinds_of_it(kind, box):
    found = []
    for way in ("held", "lost"):
        folder = box / way
        folder.mkdir()
        env = preload(folder, **QUIET, pause=0, age=0)
        with Server([victim("held_in_odd_memory"), kind, way, "", "", "stay"], env, folder) as server:
            wait_until(lambda: b"ready" in server.log.read_bytes() or server.process.poll() is not None, "the victim")
            if server.process.poll() == 77:
                pytest.skip(f"this system has no such memory: {kind}")
            time.sleep(0.1)  # older than what is on its way
            whole, _ = snapshot(server, box, way + ".copy")
            assert whole["summary"]["scan"]["shared"] and not whole["summary"]["scan"]["unread"]
            assert whole["summary"]["scan"]["memory"] > 0 or kind == "secret"
            found.append(classes(whole))
    assert found == [HELD, LOST]


def test_a_mapped_file_of_a_file_system_below_dev_holds(box):
    script = 'mkdir -p /dev/held && mount -t tmpfs none /dev/held && exec "$@"'
    own = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh"]
    if os.geteuid() or run([*own, "/bin/true"]).status:
        pytest.skip("no mount namespaces here")
    found = []
    for way in ("held", "lost"):
        folder = box / way
        folder.mkdir()
        done = run([*own, victim("held_in_odd_memory"), "file below dev", way, "", "/dev/held"], preload(folder, **QUIET))
        assert done.status == 0, done
        found.append(classes(report(only_trace(folder, "held_in_odd_memory"))))
    os.rmdir("/dev/held")
    assert found == [HELD, LOST]


@pytest.mark.parametrize("kind", ["undumpable not copied", "undumpable wiped"])
@pytest.mark.parametrize("way", ["held", "lost"])
def test_what_only_memory_that_could_not_be_read_could_hold_is_possible_and_the_check_cannot_be_trusted(kind, way, box):
    if os.geteuid():
        pytest.skip("wants root, to become somebody else")
    shim, _, (program,) = public_copy(box, victim("held_in_odd_memory"))
    folder = box / "traces"
    folder.mkdir()
    folder.chmod(0o777)
    done = run(["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, kind, way],
               {**preload(folder, **QUIET), "LD_PRELOAD": shim})
    assert done.status == 0, done
    trace = only_trace(folder, "held_in_odd_memory")
    whole = report(trace)
    assert classes(whole) == ["possible"]
    assert not whole["summary"]["complete"] and whole["summary"]["classes"]["definite"]["blocks"] == 0
    assert [(u["kind"], u["bytes"]) for u in whole["summary"]["scan"]["unread"]] == [(kind[11:].replace(" ", "-"), 65536)]
    text = run([LEAKSHIM, "report", trace]).stdout.decode()
    assert "not all could be read" in text and "not read: 65,536 bytes in 1 range from 0x" in text
    check = run([LEAKSHIM, "check", trace])
    assert check.status == 2 and b"memory that could not be read" in check.stdout, check


@pytest.mark.parametrize("end, status", [("return", 0), ("exit", 0), ("_exit", 0), ("abort", 134)])
@pytest.mark.parametrize("way", ["spin", "sleep", "blocked"])
def test_threads_that_run_at_the_end_hold_what_is_on_the_live_part_of_their_stacks(end, status, way, box):
    for i in range(2):
        folder = box / str(i)
        folder.mkdir()
        done = preloaded([victim("spins_at_the_end"), end, way], folder, settings=QUIET)
        assert done.status == status, done
        whole = report(only_trace(folder))
        lost = [(group["class"], group["count"]) for group in whole["leaks"] if stack(group)[0] == "lose"]
        held = [(group["class"], group["count"]) for group in whole["leaks"] if stack(group)[0] == "hold"]
        assert (lost, held) == ([("definite", 40)], [("reachable", 4)])
        assert whole["summary"]["scan"]["unstable_threads"] == 0


def test_what_is_in_flight_is_told_in_the_first_line_of_the_summary(box):
    done = preloaded([victim("spins_at_the_end"), "exit", "deaf"], box, settings=QUIET)
    assert done.status == 0, done
    trace = only_trace(box)
    whole = report(trace)
    assert whole["summary"]["scan"]["unstable_threads"] == 4
    flying = whole["summary"]["classes"]["in-flight"]["blocks"]
    first = next(line for line in run([LEAKSHIM, "report", trace]).stdout.decode().splitlines()
                 if line.startswith("leakshim: ") and "The program ended" in line)
    assert (f"{flying} in flight" in first) == (flying > 0)


def test_no_signal_of_ours_is_left_to_a_program_that_takes_over(box):
    done = preloaded([victim("spins_at_the_end"), "exec"], box, settings=QUIET)
    assert done.status == 0, done


@pytest.mark.parametrize("place", ["epoll", "timer", "pipe", "eventfd", "signal stack", "signal stack of a thread",
                                   "signal stack by number", "registered buffer"])
def test_a_block_that_only_the_kernel_holds_is_reachable(place, box):
    if place == "timer" and not os.path.exists("/proc/self/timers"):
        pytest.skip("this kernel has no /proc/PID/timers")
    if place == "registered buffer" and run([victim("held_by_kernel"), place]).status == 77:
        pytest.skip("this system has no io_uring, or refuses it")
    assert both_ways(box, "held_by_kernel", place) == [HELD, LOST]


def test_who_names_the_thread_whose_signal_stack_a_block_is(box):
    whole = verdict(box, [victim("held_by_kernel"), "signal stack"])
    (name,) = [group["fingerprint"] for group in whole["leaks"] if "make_hidden" in stack(group)]
    done = run([LEAKSHIM, "who", only_trace(box), name])
    assert done.status == 0 and b"\n  the kernel: the signal stack of thread " in done.stdout, done


@pytest.mark.parametrize("place", ["signal stack given back", "signal stack of an ended thread"])
def test_a_signal_stack_that_no_thread_has_any_more_is_lost(place, box):
    assert classes(verdict(box, [victim("held_by_kernel"), place])) == LOST


def requests(box, *arguments):
    """The class of the block, and what the report says was not read."""
    done = preloaded([victim("held_by_ring"), *arguments], box, settings=QUIET)
    if done.status == 77:
        pytest.skip(f"this system has no {arguments[0]}, or refuses it")
    assert done.status == 0, done
    whole = report(only_trace(box))
    return classes(whole), [(u["kind"], u["start"]) for u in whole["summary"]["scan"]["unread"]]


def test_a_request_that_still_stands_in_its_ring_holds(box):
    for way, class_of in (("held", HELD), ("lost", LOST)):
        (box / way).mkdir()
        assert requests(box / way, "io_uring", way, "few") == (class_of, [])


@pytest.mark.parametrize("way", ["held", "lost"])
@pytest.mark.parametrize("kind", ["io_uring", "aio"])
def test_what_only_a_request_could_hold_that_nobody_can_see_is_possible(kind, way, box):
    assert requests(box, kind, way) == (["possible"], [(kind, None)])


@pytest.mark.parametrize("kind", ["io_uring", "aio"])
def test_requests_that_are_done_make_no_doubt(kind, box):
    assert requests(box, kind, "idle") == (LOST, [])


@pytest.mark.parametrize("look", [(), ("look",)])
@pytest.mark.parametrize("hears", ["", "fork"])
@pytest.mark.parametrize("memory", ["private", "shared"])
@pytest.mark.parametrize("way", ["held", "lost"])
def test_whoever_supplies_missing_pages_hears_nothing_of_a_look(way, memory, hears, look, box):
    """The victim ends with 3 if it did."""
    done = preloaded([victim("held_in_served_memory"), way, memory, hears, *look], box,
                     settings={**QUIET, "report": "signal", "pause": 1000} if look else QUIET)
    if done.status == 77:
        pytest.skip("this system has no userfaultfd, or refuses it")
    assert done.status == 0, done
    whole = report(only_trace(box))
    scan = whole["summary"]["scan"]
    if hears and not look:
        assert "(userfaultfd)" in scan["failure"]
        return
    assert classes(whole) == (HELD if way == "held" else ["possible"])
    (unread,) = scan["unread"]
    assert (unread["kind"], unread["bytes"]) == ("elsewhere", (1 << 20) - 4096)
    assert not [group for group in whole["leaks"] if group["type"] == "thread" and group["class"] != "reachable"]


@pytest.mark.parametrize("place, held", [("ignored", ["ignored"]), ("region", HELD)])
def test_a_block_that_the_program_itself_speaks_for_is_no_leak(place, held, box):
    assert both_ways(box, "held_by_request", place) == [held, LOST]


@pytest.mark.parametrize("place", ["stack", "spinning stack", "tls", "first key", "late key"])
def test_a_block_that_only_another_thread_holds_is_reachable(place, box):
    assert both_ways(box, "held_by_thread", place) == [HELD, LOST]


@pytest.mark.parametrize("call", ["read", "poll", "epoll_wait", "select", "accept", "recv", "pause", "usleep",
                                  "condition", "semaphore", "mutex", "join"])
def test_a_block_whose_only_pointer_is_in_a_register_of_a_waiting_thread_is_reachable(call, box):
    assert both_ways(box, "held_in_register", call) == [HELD, LOST]


@pytest.mark.parametrize("place", ["stack", "tls"])
def test_a_thread_whose_stack_is_a_block_holds_too(place, box):
    assert both_ways(box, "held_by_thread", place, "on a block") == [HELD, LOST]


@pytest.mark.parametrize("place", ["mapping", "block"])
def test_a_block_that_only_a_suspended_coroutine_holds_is_reachable(place, box):
    held, lost = both_ways(box, "held_by_coroutine", place)
    assert held == HELD
    assert lost in (LOST, ["possible"])  # scratch registers that swapcontext saves may lead near it


@pytest.mark.parametrize("place", ["global", "tls"])
def test_a_block_held_by_a_library_that_was_loaded_later_is_reachable(place, box):
    library = next((BUILD / "tests").glob("*held_library.so"))
    assert both_ways(box, "held_in_library", place, library) == [HELD, LOST]


@pytest.mark.parametrize("place", ["dead stack", "freed block", "unaligned", "one past the end", "tagged"])
def test_a_word_that_no_program_could_use_again_holds_nothing(place, box):
    assert classes(verdict(box, [victim("held_in_data"), place])) == LOST


@pytest.mark.parametrize("way", ["malloc", "new", "aligned", "realloc"])
def test_memory_that_was_never_written_to_holds_nothing_where_blocks_are_cleared(way, box):
    found = []
    for fill in ("no", "yes"):
        (box / fill).mkdir()
        found.append(classes(verdict(box / fill, [victim("stale"), way], fill=fill), "lose"))
    assert found == [HELD, LOST]


def test_what_a_thread_returned_is_held_until_it_is_joined(box):
    assert both_ways(box, "held_by_thread", "result") == [HELD, LOST]
    (box / "d").mkdir()
    assert classes(verdict(box / "d", [victim("held_by_thread"), "detached result", "held"])) == LOST


def test_the_stack_of_an_ended_thread_holds_nothing(box):
    assert classes(verdict(box, [victim("held_by_thread"), "ended thread"])) == LOST


@pytest.mark.parametrize("place", ["inside", "next byte"])
def test_a_block_held_by_an_inner_pointer_only_is_possible(place, box):
    assert classes(verdict(box, [victim("held_in_data"), place])) == ["possible"]


def test_cursors_that_were_left_behind_are_no_habit_where_the_siblings_are_held_by_their_start(box):
    whole = verdict(box, [victim("held_in_data"), "cursors"])
    assert {group["class"]: group["count"] for group in whole["leaks"] if "make_hidden" in stack(group)} == \
        {"possible": 8, "reachable": 52}


@pytest.mark.parametrize("idiom", ["array", "bases", "length", "string"])
def test_an_inner_pointer_that_follows_a_known_idiom_holds_its_block(idiom, box):
    assert classes(verdict(box, [victim("idioms"), idiom]), "main") == HELD


IDIOMS = ["nothing", "nothing aligned", "narrow bases", "length of all", "length at 16", "aligned by hand", "rust arc", "rust arc of nothing",
          "swiss table", "small swiss table", "sds of 8 bits", "sds of 32 bits", "sds with room to spare", "python object", "glib box",
          "php table", "php list", "pmr piece", "hook", "nothing behind a head"]


@pytest.mark.parametrize("idiom", IDIOMS)
def test_a_languages_ordinary_way_of_holding_is_known_and_told_from_what_is_like_it(idiom, box):
    for way, found in ((), HELD), (("broken",), ["possible"]):
        folder = box / "-".join(way)
        folder.mkdir(exist_ok=True)
        assert classes(verdict(folder, [victim("idioms"), idiom, *way]), "main") == found, way


@pytest.mark.parametrize("end", ["_Exit", "quick_exit", "exit"])
@pytest.mark.parametrize("way", ["caught", "destructor", "terminate", "nested", "thrown again", "kept", "future"])
def test_an_exception_that_is_under_way_caught_or_kept_is_no_leak(way, end, box):
    whole = verdict(box, [victim("exceptions"), way, end])
    # at exit() destructors let go what is kept in a variable
    assert classes(whole, "fails") in ([HELD, []] if end == "exit" else [HELD]), whole["leaks"]
    assert not [group for group in whole["leaks"] if group["class"] not in ("reachable", "runtime")], whole["leaks"]


def test_an_exception_that_nobody_can_let_go_any_more_is_lost(box):
    assert set(classes(verdict(box, [victim("exceptions"), "lost", "_Exit"]), "fails")) <= {"indirect", "definite"}


@pytest.mark.parametrize("size, found", [(8, "possible"), (64, "possible"), (72, "definite"), (1336, "definite"), (30, "definite")])
def test_a_pointer_behind_what_may_be_a_head_without_contents_makes_it_possible(size, found, box):
    assert classes(verdict(box, [victim("held_in_data"), "behind", "held", size])) == [found]


def test_a_pointer_behind_the_end_that_a_loop_left_on_the_stack_holds_nothing(box):
    assert classes(verdict(box, [victim("held_in_data"), "behind on the stack", "held", 64])) == LOST


def test_low_bits_that_are_flags_can_be_left_out_too(box):
    assert classes(verdict(box, [victim("held_in_data"), "next byte"], roots="+tagged")) == HELD


def test_the_upper_bits_of_a_word_can_be_left_out(box):
    assert classes(verdict(box, [victim("held_in_data"), "tagged"], roots="tagged")) == HELD


@pytest.mark.parametrize("kind, name, place", [
    ("globals", "held_in_data", "global"), ("tls", "held_in_data", "tls"),
    ("mmaps", "held_in_mapping", "anonymous"), ("kernel", "held_by_kernel", "epoll"),
    ("kernel", "held_by_kernel", "timer"), ("kernel", "held_by_kernel", "pipe"),
    ("stacks", "held_in_data", "stack"), ("stacks", "held_by_thread", "stack"),
    ("tls", "held_by_thread", "tls")])
def test_each_kind_of_root_can_be_switched_off(kind, name, place, box):
    assert classes(verdict(box, [victim(name), place], roots=f"-{kind}")) == LOST


def test_without_roots_nothing_is_classified_and_the_report_says_so(box):
    whole = verdict(box, [victim("held_in_data"), "global"], roots="none")
    assert classes(whole) == ["unclassified"]


# shape -> sizes of the heads: the blocks that are reported for themselves
SHAPES = {"chain": [1001], "backward chain": [1003], "cycle": [1001], "self": [1001, 1003],
          "cycle with a tail": [1002], "chain to a cycle": [1003], "two cycles": [1001],
          "shared child": [1001, 1002], "inner pointers": [1001], "apart": [1001, 1002, 1003]}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_lost_structure_is_reported_by_its_heads(shape, box):
    whole = verdict(box, [victim("lost_shapes"), shape])
    made = [group for group in whole["leaks"] if "build" in stack(group)]
    heads = sum(group["lost"]["definite"]["bytes"] for group in made)
    dragged = sum(group["lost"]["indirect"]["bytes"] for group in made)
    everything = 3006 + (1004 if shape == "two cycles" else 0)
    assert (heads, dragged) == (sum(SHAPES[shape]), everything - sum(SHAPES[shape]))


@pytest.mark.parametrize("way", ["plain", "shuffled"])
def test_lost_cycles_are_told_by_the_same_head_whatever_their_addresses(way, box):
    done = preloaded([victim("cycles"), *([way] if way != "plain" else [])], box)
    heads = [group for group in report(only_trace(box))["leaks"] if group["class"] == "definite"]
    assert [(group["count"], group["cycles"]["count"]) for group in heads] == [(40, 40)]
    assert [link["type"] for link in heads[0]["cycles"]["example"]] == [None, None]
    assert "40 cycles: made in lose (cycles.cpp:" in done.text and "-> itself." in done.text, done


@pytest.mark.parametrize("end", ["exit", "_exit", "quick_exit", "abort", "term", "segv"])
def test_every_end_that_can_be_seen_coming_is_classified(end, box):
    preloaded([victim("leak_then_end"), end], box, settings=QUIET)
    assert classes(report(only_trace(box)), "many") == LOST


def test_a_fork_child_does_not_call_lost_what_older_blocks_hold(box):
    preloaded(["/bin/bash", "-c", "a=(1 2 3); (for i in {1..50}; do b[$i]=x$i; done; : ${b[7]}); :"], box,
              settings=QUIET)
    lost = [group for trace in traces(box, "bash") for group in report(trace)["leaks"]
            if group["class"] in ("definite", "possible")]
    assert lost == []


def scanned(folder, **settings):
    env = preload(folder, **{**QUIET, **settings})
    return Server([victim("lost_while_it_runs")], env, folder)


def ready(server):
    wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")


def snapshot(server, folder, name):
    done = run([LEAKSHIM, "snapshot", server.pid, "--format", "json", "--show", "all", "--max", "0",
                "-o", folder / name])
    assert done.status == 0, done
    return json.loads(done.stdout), done


def looks_find_only_what_is_hidden(server, box, count):
    for i in range(count):
        whole, done = snapshot(server, box, f"copy{i}")
        lost = [group for group in whole["leaks"] if group["class"] in ("definite", "possible", "indirect")]
        assert [(stack(group)[0], group["count"]) for group in lost] == [("make_hidden", 10)], done
    assert b"EINTR" not in server.log.read_bytes()


def test_a_snapshot_of_a_running_program_names_what_is_lost_and_nothing_else(box):
    with scanned(box) as server:
        ready(server)
        looks_find_only_what_is_hidden(server, box, 5)


def test_one_look_suspects_and_a_second_one_confirms(box):
    with scanned(box, age=0) as server:
        ready(server)
        time.sleep(0.1)
        seen = []
        for i in range(2):
            whole, _ = snapshot(server, box, f"copy{i}")
            text = run([LEAKSHIM, "report", box / f"copy{i}"]).stdout.decode()
            seen.append(("Suspected by one scan" in text, "Confirmed by two scans" in text))
        assert seen == [(True, False), (False, True)]


def test_a_snapshot_leaves_no_descriptor_and_no_child_that_wait_can_see(box):
    with scanned(box) as server:
        ready(server)
        before = sorted(os.listdir(f"/proc/{server.pid}/fd"))
        for i in range(3):
            snapshot(server, box, f"copy{i}")
        assert sorted(os.listdir(f"/proc/{server.pid}/fd")) == before
        running = [pid for pid in children(server.pid)
                   if open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"]
        assert running == []
        assert len(children(server.pid)) <= 3


def test_a_snapshot_also_works_where_the_program_owns_the_signal(box):
    env = preload(box, **QUIET)
    with Server([victim("owns_usr1")], env, box) as server:
        wait_until(lambda: traces(box), "the trace")
        time.sleep(0.2)
        if server.process.poll() is None:
            whole, _ = snapshot(server, box, "copy")
            assert "unclassified" not in {group["class"] for group in whole["leaks"]}


def test_somebody_elses_use_of_the_request_signal_keeps_its_meaning(box):
    with scanned(box) as server:
        ready(server)
        os.kill(server.pid, 62)
        assert server.process.wait(30) == -62


@pytest.mark.parametrize("way, found", [("nothing", LOST), ("ignore", ["ignored"]), ("ignore inside", ["ignored"]),
                                        ("ignore outside", LOST), ("disable", ["ignored"]),
                                        ("region", HELD), ("region gone", ["indirect"])])
def test_a_program_written_for_leak_sanitizer_is_heard(way, found, box):
    assert classes(verdict(box, [victim("lsan_calls"), way])) == found


def test_a_programs_own_suppressions_come_with_its_trace(box):
    done = preloaded([victim("lsan_calls"), "nothing"], box, environment(OWN_SUPPRESSIONS=1), settings=QUIET)
    assert done.status == 0, done
    assert classes(report(only_trace(box))) == ["ignored"]


def test_a_leak_check_that_the_program_asks_for_reports_and_answers(box):
    done = preloaded([victim("lsan_calls"), "check"], box)
    assert done.stdout == b"1\n" and done.text.count("LEAK:") == 2, done
    quiet = preloaded([victim("lsan_calls"), "check"], box, environment(TURNED_OFF=1))
    assert quiet.stdout == b"0\n" and "LEAK:" not in quiet.text, quiet


def test_after_the_check_that_is_the_last_by_its_definition_the_end_makes_none(box):
    done = preloaded([victim("lsan_calls"), "last check"], box)
    assert done.text.count("LEAK:") == 1 and "1 time so far, 1,337 bytes" in done.text, done


@pytest.mark.parametrize("pause", [10, 0])
def test_what_a_server_with_threads_lost_is_lost_too_where_it_has_given_up_its_rights(pause, box):
    """It may not read its own memory by /proc: nobody can say what stands in a stack's guard but that there never was anything."""
    if os.geteuid():
        pytest.skip("wants root, to become somebody else")
    shim, analyzer, (program,) = public_copy(box, victim("gives_up_its_rights"))
    box.chmod(0o755)
    (box / "t").mkdir()
    (box / "t").chmod(0o1777)
    env = environment(LD_PRELOAD=shim, LEAKSHIM_OPTIONS=f"analyzer={analyzer}:dir={box}/t:keep=always:report=none:pause={pause}")
    with Server([program, 4, "stay"], env, box) as server:
        wait_until(lambda: len(os.listdir(f"/proc/{server.pid}/task")) == 5, "the threads of another user")
        done = run([LEAKSHIM, "snapshot", server.pid, "-o", box / "look", "--format", "json", "--show", "all", "--max", "0"])
        assert done.status == 0, done
    whole = json.loads(done.stdout)
    assert whole["summary"]["scan"]["unread"] == [] and whole["summary"]["scan"]["shared"] is (pause == 0)
    assert {group["class"] for group in whole["leaks"] if group["type"] == "block" and group["bytes"] == 300} == {"definite"}


def test_over_its_budget_a_look_makes_no_copy_and_calls_nothing_lost_that_is_held(box):
    with scanned(box, pause=0) as server:
        ready(server)
        for i in range(3):
            whole, done = snapshot(server, box, f"copy{i}")
            lost = {stack(group)[0]: group["count"] for group in whole["leaks"]
                    if group["class"] in ("definite", "possible", "indirect")}
            # looking at memory that moves may miss some of the ten, never call a held one lost
            assert set(lost) <= {"make_hidden"} and lost.get("make_hidden", 0) <= 10, done
        assert b"EINTR" not in server.log.read_bytes()


def test_an_unprivileged_user_without_new_privileges_gets_the_same_verdicts(box):
    if os.geteuid():
        pytest.skip("wants root, to become somebody else")
    shim, _, (program,) = public_copy(box, victim("held_by_kernel"))
    folder = box / "traces"
    folder.mkdir()
    folder.chmod(0o777)
    env = {**preload(folder, **QUIET), "LD_PRELOAD": shim}
    done = run(["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
                program, "epoll"], env)
    assert done.status == 0, done
    assert classes(report(only_trace(folder, "held_by_kernel"))) == HELD


@pytest.mark.parametrize("way, expected", [("held", HELD), ("lost", LOST)])
def test_under_the_system_call_filter_of_docker_the_verdicts_are_the_same(way, expected, box):
    done = preloaded([victim("under_docker_filter"), victim("held_by_kernel"), "epoll", way], box, settings=QUIET)
    assert done.status == 0, done
    assert classes(report(only_trace(box, "held_by_kernel"))) == expected


def test_under_the_system_call_filter_of_docker_a_running_program_can_be_looked_at(box):
    env = preload(box, **QUIET)
    with Server([victim("under_docker_filter"), victim("lost_while_it_runs")], env, box) as server:
        ready(server)
        looks_find_only_what_is_hidden(server, box, 2)


def test_where_proc_hides_the_processes_of_others_the_verdicts_are_the_same(box):
    if os.geteuid():
        pytest.skip("wants root, to become somebody else")
    hidden = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", 'mount -o remount,hidepid=2 /proc && exec "$@"', "sh"]
    if run([*hidden, "/bin/true"]).status:
        pytest.skip("no mount namespaces here, or no hidepid=")
    shim, _, (program,) = public_copy(box, victim("lost_while_it_runs"))
    folder = box / "traces"
    folder.mkdir()
    folder.chmod(0o777)
    env = {**preload(folder, **QUIET), "LD_PRELOAD": shim}
    script = '"$0" & sleep 0.5; ls -d /proc/1 2>/dev/null; "$1" snapshot $! --format json --show all -o "$2"; kill -9 $!'
    done = run([*hidden, "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "/usr/bin/env",
                "-u", "LD_PRELOAD", "/bin/sh", "-c", f'LD_PRELOAD={shim} ; export LD_PRELOAD; {script}', program, LEAKSHIM,
                folder / "copy"], env)
    assert "/proc/1\n" not in done.stdout.decode() and done.stdout, done
    whole = json.loads(done.stdout[done.stdout.index(b"{"):])
    lost = [group for group in whole["leaks"] if group["class"] in ("definite", "possible", "indirect")]
    assert [(stack(group)[0], group["count"]) for group in lost] == [("make_hidden", 10)], done


def test_without_proc_the_report_says_what_is_not_known(box):
    if subprocess.run(["/usr/bin/unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    done = run(["/usr/bin/unshare", "-m", "/bin/sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh",
                victim("held_in_data"), "global"], preload(box, **QUIET))
    assert done.status == 0, done
    trace = only_trace(box, "held_in_data")
    held = [group["class"] for group in report(trace)["leaks"] if group["bytes"] == 1337]
    assert held == ["unclassified"]  # names are not known either: /proc/self/exe
    assert b"/proc/self/maps cannot be read" in run([LEAKSHIM, "report", trace]).stdout


@pytest.mark.parametrize("what", ["cycle", "pair", "only"])
def test_inner_pointers_left_behind_in_a_lost_block_drag_nothing_that_is_led_to_properly(box, what):
    expected = {"structure": (20, 20), "buffer": (20, 0)}
    preloaded([victim("stale_inner"), what], box, settings={"report": "none"})
    whole = report(only_trace(box))
    heads = {stack(leak)[0]: (leak["lost"]["definite"]["count"], leak["lost"]["indirect"]["count"]) for leak in whole["leaks"]}
    assert heads == expected, [(stack(leak), leak["class"], leak["count"], leak["lost"]) for leak in whole["leaks"]]


@pytest.mark.parametrize("fill, heads", [("no", {"buffer"}), ("yes", {"session", "buffer"})])
def test_where_a_younger_block_holds_an_older_one_the_report_offers_to_clear_blocks(box, fill, heads):
    done = preloaded([victim("stale_start")], box, settings={"report": "exit", "fill": fill})
    whole = report(only_trace(box))
    assert {stack(leak)[0] for leak in whole["leaks"] if leak["lost"]["definite"]["count"]} == heads, whole["leaks"]
    assert ("a run with fill=yes tells whether a pointer was only left behind" in done.text) == (fill == "no"), done
