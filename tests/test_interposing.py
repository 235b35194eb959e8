# SPDX-License-Identifier: MIT
"""Every way to allocate is seen once, with its size and its kind, and the program notices nothing."""
import glob
import os
import re
import shutil
import subprocess

import pytest

from harness import (BUILD, LEAKSHIM, SHIM, counted, groups, only_trace, preload, preloaded, report, run, stack, traces,
                     victim)

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
ALLOCATORS = {
    "jemalloc": f"{LIBRARIES}/libjemalloc.so.2",
    "tcmalloc": f"{LIBRARIES}/libtcmalloc_minimal.so.4",
    "mimalloc": max(glob.glob(f"{LIBRARIES}/libmimalloc.so.*"), default=f"{LIBRARIES}/libmimalloc.so"),
}
QUIET = {"report": "none"}


@pytest.mark.parametrize("function, size", [
    ("malloc", 1001), ("calloc", 1001), ("realloc", 1003), ("realloc_null", 1004),
    ("reallocarray", 1005), ("posix_memalign", 1011), ("memalign", 1012), ("aligned_alloc", 1024),
    ("valloc", 1013), ("pvalloc", 1014), ("strdup", 10), ("zero", 0), ("large", 300 << 20),
])
def test_each_function_of_the_malloc_family_is_seen_once_with_its_size(function, size, box):
    done = preloaded([victim("one_of_each"), function], box, settings=QUIET)
    assert done.status == 0, done
    assert counted(report(only_trace(box)), "leak") == (1, size)


@pytest.mark.parametrize("operator, size", [
    ("new", 501), ("new[]", 502), ("new_nothrow", 503), ("new[]_nothrow", 504),
    ("new_aligned", 512), ("new[]_aligned", 576), ("new_aligned_nothrow", 640),
])
def test_each_operator_new_is_seen_once_with_its_size(operator, size, box):
    done = preloaded([victim("one_of_each_new"), operator], box, settings=QUIET)
    assert done.status == 0, done
    whole = report(only_trace(box))
    made = [g for g in whole["leaks"] if any("make" in name for name in stack(g))]
    assert [(g["count"], g["bytes"]) for g in made] == [(1, size)]


def test_operator_new_as_a_threads_first_allocation_is_counted_once(box):
    done = preloaded([victim("new_first_in_thread")], box, settings=QUIET)
    assert done.status == 0, done
    whole = report(only_trace(box))
    assert counted(whole, "leak_new") == (40, 12000)
    assert whole["summary"]["complete"] is True, whole["summary"]


WRONG = [("new", "free"), ("new[]", "free"), ("malloc", "delete"), ("malloc", "delete[]"),
         ("new", "delete[]"), ("new[]", "delete"), ("new", "realloc"), ("new_nothrow", "free"),
         ("new[]", "delete_sized")]
RIGHT = [("new", "delete"), ("new", "delete_sized"), ("new[]", "delete[]"), ("new[]", "delete[]_sized"),
         ("new_nothrow", "delete"), ("new_nothrow", "delete_nothrow"), ("new[]_nothrow", "delete[]"),
         ("new_aligned", "delete_aligned"), ("new[]_aligned", "delete[]_aligned"),
         ("malloc", "free"), ("malloc", "realloc")]


def mismatches(whole):
    return [finding for finding in whole["findings"] if finding["kind"] == "mismatch"]


@pytest.mark.parametrize("make, release", WRONG)
def test_a_block_released_by_the_wrong_function_is_a_finding(make, release, box):
    done = preloaded([victim("one_of_each_new"), make, release], box, settings=QUIET)
    assert done.status == 0, done
    assert len(mismatches(report(only_trace(box)))) == 1


@pytest.mark.parametrize("make, release", RIGHT)
def test_a_block_released_by_the_right_function_is_no_finding(make, release, box):
    done = preloaded([victim("one_of_each_new"), make, release], box, settings=QUIET)
    assert done.status == 0, done
    whole = report(only_trace(box))
    assert mismatches(whole) == []
    assert not [g for g in whole["leaks"] if any("make" in name for name in stack(g))]


def test_free_before_exit_is_not_reported(box):
    done = preloaded([victim("free_before_exit")], box, settings=QUIET)
    assert done.status == 0, done
    whole = report(only_trace(box))
    assert groups(whole, "main") == []
    assert whole["summary"]["complete"] is True


def test_a_clean_run_says_so_and_leaves_no_trace_by_default(box):
    done = preloaded([victim("free_before_exit")], box, settings={"keep": "leaks"})
    assert done.status == 0
    assert "LEAK:" not in done.text
    assert traces(box) == []


def test_realloc_that_shrinks_grows_or_fails_keeps_the_books_right(box):
    done = preloaded([victim("realloc_ways")], box, settings=QUIET)
    assert done.status == 0, done
    whole = report(only_trace(box))
    assert counted(whole, "shrunk") == (1, 11)
    assert counted(whole, "grown") == (1, 2000000)
    assert counted(whole, "failed") == (1, 333)
    assert counted(whole, "main") == (3, 2000344)


def test_errno_survives_every_interposed_call(box):
    done = preloaded([victim("errno_check")], box, settings=QUIET)
    assert (done.status, done.stdout, done.stderr) == (0, b"", b"")


def test_errno_survives_also_when_no_trace_can_be_written(box):
    done = preloaded([victim("errno_check")], "/nowhere/at/all")
    assert (done.status, done.stdout) == (0, b"")
    assert len(done.text.splitlines()) == 1 and done.text.startswith("leakshim: "), done


def test_malloc_fetched_from_libcs_own_handle_is_seen(box):
    done = preloaded([victim("malloc_by_dlsym")], box, settings=QUIET)
    assert done.status == 0, done
    assert counted(report(only_trace(box)), "leak") == (10, 1230)


@pytest.mark.parametrize("bound", ["lazy", "now"])
@pytest.mark.parametrize("way", ["itself", "by the first"])
def test_a_library_bound_to_its_own_scope_first_is_followed_too(bound, way, box):
    """RTLD_DEEPBIND: what it frees would else stay in the table, as PHP's extensions showed."""
    library = next((BUILD / "tests").glob(f"*deep_library_{bound}.so"))
    more = [shutil.copy(library, box)] if way == "by the first" else []
    done = preloaded([victim("bound_deep"), bound, library, *more], box, settings=QUIET)
    assert done.status == 0, done
    whole = report(only_trace(box))
    assert counted(whole, "leak") == (20, 2470)
    assert sorted(stack(group)[0] for group in groups(whole, "leak")) == ["deep_make"] * 2
    assert whole["summary"]["complete"] is True, whole["summary"]


@pytest.mark.parametrize("allocator", ALLOCATORS)
@pytest.mark.parametrize("order", ["after", "before"])
def test_another_allocator_preloaded_beside_us_is_traced(allocator, order, box):
    pair = [str(SHIM), ALLOCATORS[allocator]]
    env = preload(box, **QUIET)
    env["LD_PRELOAD"] = " ".join(pair if order == "after" else reversed(pair))
    done = run([victim("leak_then_end"), "exit"], env)
    assert done.status == 3, done
    if order == "before":
        # The other one takes every call and nothing can be seen: nobody may call that clean.
        assert len(done.text.splitlines()) == 1 and allocator in done.text, done
        assert all(not report(trace)["summary"]["complete"] for trace in traces(box))
        return
    whole = report(only_trace(box))
    assert counted(whole, "few") == (10, 1000)
    assert counted(whole, "many") == (10000, 500000)


@pytest.mark.parametrize("allocator", ALLOCATORS)
@pytest.mark.parametrize("name, arguments", [("leak_then_end", ["exit"]), ("errno_check", []),
                                             ("realloc_ways", []), ("free_before_exit", []),
                                             ("cross_thread_frees", [])])
def test_a_program_linked_with_its_own_allocator_is_traced(allocator, name, arguments, box):
    program = box / name
    subprocess.run(["/usr/bin/cc", "-g", "-D_GNU_SOURCE", "-w", "-I", "tests/victims", "-pthread",
                    f"tests/victims/{name}.c", "-o", program, "-Wl,--no-as-needed", ALLOCATORS[allocator]],
                   check=True, cwd=os.path.dirname(os.path.dirname(__file__)))
    bare = run([program, *arguments])
    done = preloaded([program, *arguments], box, settings=QUIET)
    if name == "errno_check":  # some allocators fail it alone already; we may not add a line
        assert set(done.stdout.splitlines()) <= set(bare.stdout.splitlines()), done
    else:
        assert (done.status, done.stdout) == (bare.status, bare.stdout), done
    whole = report(only_trace(box))
    expected = {"leak_then_end": ("many", (10000, 500000)), "realloc_ways": ("shrunk", (1, 11)),
                "free_before_exit": ("main", (0, 0)), "cross_thread_frees": ("left", (1000, 40000))}
    if name in expected:
        function, figures = expected[name]
        assert counted(whole, function) == figures


def test_cross_thread_frees_leave_exact_counts(box):
    for attempt in range(3):
        folder = box / str(attempt)
        folder.mkdir()
        done = preloaded([victim("cross_thread_frees")], folder, settings=QUIET)
        assert done.status == 0, done
        whole = report(only_trace(folder))
        assert counted(whole, "left") == (1000, 40000)
        assert whole["summary"]["complete"] is True


def test_ten_thousand_short_threads_are_counted_and_leave_nothing(box):
    sizes = {}
    for threads in (10000, 20000):
        folder = box / str(threads)
        folder.mkdir()
        done = preloaded([victim("thread_storm"), threads], folder, settings=QUIET)
        assert done.status == 0, done
        trace = only_trace(folder)
        assert counted(report(trace), "leak") == (threads // 100, threads // 100 * 77)
        sizes[threads] = trace.stat().st_size
    # 100 more threads left a block behind and are named by it; 9,900 others must cost nothing
    assert sizes[20000] - sizes[10000] < 100000, sizes


def test_ten_million_pairs_leave_the_trace_as_large_as_one_million(box):
    sizes = {}
    for pairs in (1000000, 10000000):
        folder = box / str(pairs)
        folder.mkdir()
        done = preloaded([victim("churn"), pairs], folder, settings=QUIET)
        assert done.status == 0, done
        trace = only_trace(folder)
        assert groups(report(trace), "one") == []
        sizes[pairs] = trace.stat().st_size
    assert sizes[10000000] == sizes[1000000], sizes


def test_smallest_thread_stack_and_small_signal_stack_do_not_overflow(box):
    done = preloaded([victim("tiny_stacks")], box, settings=QUIET)
    assert done.status == 0, done
    whole = report(only_trace(box))
    blocks = whole["summary"]["blocks"]
    assert counted(whole, "leak_in_thread")[0] == 10 or not whole["summary"]["complete"]
    assert counted(whole, "leak_in_handler")[0] == 10 or not whole["summary"]["complete"]
    assert blocks >= 20


def test_no_descriptor_is_held(box):
    bare = run([victim("list_descriptors")])
    done = preloaded([victim("list_descriptors")], box, settings=QUIET)
    assert (done.status, done.stdout) == (bare.status, bare.stdout)


def test_trace_is_for_the_owners_eyes_only(box):
    old = os.umask(0)
    try:
        preloaded([victim("leak_then_end")], box, settings=QUIET)
    finally:
        os.umask(old)
    trace = only_trace(box)
    assert trace.stat().st_mode & 0o777 == 0o600


def test_default_folder_is_private(box):
    done = run([victim("leak_then_end")], {**preload(box), "TMPDIR": str(box),
                                           "LEAKSHIM_OPTIONS": "report=none:keep=always"})
    assert done.status == 2, done
    folder = box / f"leakshim-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert only_trace(folder).name.startswith("leak_then_end.")


def test_no_symbolic_link_is_followed(box):
    target = box / "precious"
    target.write_text("keep me")
    (box / "t.trace").symlink_to(target)
    done = preloaded([victim("leak_then_end")], box, settings={"trace": box / "t.trace"})
    assert done.status == 2, done
    assert target.read_text() == "keep me"
    assert "leakshim: " in done.text


def test_an_existing_file_is_not_overwritten(box):
    (box / "t.trace").write_text("keep me")
    done = preloaded([victim("leak_then_end")], box, settings={"trace": box / "t.trace"})
    assert done.status == 2, done
    assert (box / "t.trace").read_text() == "keep me"
    assert "leakshim: " in done.text


def test_a_default_folder_that_is_a_link_is_not_used(box):
    elsewhere = box / "elsewhere"
    elsewhere.mkdir()
    (box / f"leakshim-{os.getuid()}").symlink_to(elsewhere)
    env = {**preload(box), "TMPDIR": str(box), "LEAKSHIM_OPTIONS": f"analyzer={LEAKSHIM}"}
    done = run([victim("leak_then_end")], env)
    assert done.status == 2, done
    assert list(elsewhere.iterdir()) == []
    place = re.search(r"leakshim: trace (\S+);", done.text)
    if place:  # another private folder was found
        os.unlink(place[1])
    else:
        assert "untraced" in done.text, done


def dynamic_symbols(*arguments):
    out = subprocess.run(["/usr/bin/nm", "-D", *arguments, SHIM], check=True, capture_output=True, text=True)
    return {re.sub(r"@.*", "", line.split()[-1]) for line in out.stdout.splitlines()}


def golden(name):
    path = os.path.join(os.path.dirname(__file__), "expect", name)
    return {line for line in open(path).read().splitlines() if line and not line.startswith("#")}


def test_exports_only_the_interposed_names():
    assert dynamic_symbols("--defined-only") == golden("exports")


def test_imports_only_what_is_known():
    # Names that one compiler's runtime adds and another does not
    either = {"__cxa_finalize", "__gmon_start__", "_ITM_deregisterTMCloneTable",
              "_ITM_registerTMCloneTable", "__stack_chk_fail", "bcmp"}
    assert dynamic_symbols("--undefined-only") - either <= golden("imports")


def test_static_tls_is_at_most_two_words():
    out = subprocess.run(["/usr/bin/readelf", "-lW", SHIM], check=True, capture_output=True, text=True)
    tls = [line.split() for line in out.stdout.splitlines() if line.split()[:1] == ["TLS"]]
    assert all(int(fields[5], 16) <= 16 for fields in tls), tls


def test_unknown_options_are_named_once_and_ignored(box):
    done = preloaded([victim("leak_then_end")], box, settings={"report": "none", "levle": "simple"})
    assert done.status == 2
    assert done.text.count("levle") == 1 and len(done.text.splitlines()) == 1, done
    assert counted(report(only_trace(box)), "few") == (10, 1000)


def test_totals_of_a_place_are_right_beyond_four_gigabytes_and_for_all_threads(box):
    done = preloaded([victim("totals")], box, settings=QUIET)
    assert done.status == 0, done
    whole = report(only_trace(box))
    found = {name: [(g["count"], g["bytes"], g["ever"], g["peak_bytes"]) for g in groups(whole, name)]
             for name in ("make_huge", "make_row", "make_often")}
    assert found["make_huge"] == [(1, 3 << 30, 4, 12 << 30)]
    assert found["make_row"] == [(1, 1000, 1000, 10_000)]
    one, four = sorted(found["make_often"])
    assert one == (1, 77, 5001, 2 << 20)
    assert four[:3] == (4, 308, 20004) and 100 <= four[3] <= 4 * 100
    assert whole["summary"]["complete"] is True, whole["summary"]
