# SPDX-License-Identifier: MIT
"""A build server learns from a status whether a program leaks, and hears of new leaks only."""
import re
import subprocess

import pytest

from harness import LEAKSHIM, ROOT, end_group, only_trace, preload, preloaded, run, victim

QUIET = {"report": "none"}


def leakshim(*arguments):
    done = run([LEAKSHIM, *arguments])
    return done.status, done.stdout.decode() + done.text


def traced(box, name, *arguments):
    folder = box / ("-".join([name, *arguments]).replace(" ", "_"))
    folder.mkdir(exist_ok=True)
    preloaded([victim(name), *arguments], folder, settings=QUIET)
    return only_trace(folder)


def test_check_says_0_for_clean_1_for_leaks_2_for_what_cannot_be_judged(box):
    clean, leaky = traced(box, "free_before_exit"), traced(box, "leak_then_end", "exit")
    killed = traced(box, "leak_then_end", "kill")
    assert leakshim("check", clean)[0] == 0
    assert leakshim("check", leaky)[0] == 1
    assert leakshim("check", clean, leaky)[0] == 1
    status, text = leakshim("check", killed)
    assert status == 2 and "cannot be judged" in text
    assert leakshim("check", killed, "--allow-incomplete")[0] == 0
    assert leakshim("check", box / "nothing.trace")[0] == 2


def test_a_trace_that_was_never_scanned_passes_with_a_word_about_what_was_alive(box):
    status, text = leakshim("check", traced(box, "leak_then_end", "kill"), "--allow-incomplete")
    assert status == 0 and "not scanned, so nothing of it fails: 10,010 blocks, " in text, text
    assert "10,000 made in many (leak_then_end.c:" in text


def test_known_groups_pass_new_and_grown_ones_fail_and_gone_ones_are_named(box):
    old, new = traced(box, "leak_then_end", "exit"), traced(box, "lost_shapes", "chain")
    baseline = box / "baseline"
    assert leakshim("check", old, "--baseline", baseline)[0] == 2
    assert leakshim("check", old, "--baseline", baseline, "--write-baseline")[0] == 0
    assert leakshim("check", old, "--baseline", baseline) == (0, "leakshim: check: 0 groups fail, 2 known\n")
    status, text = leakshim("check", new, "--baseline", baseline)
    assert status == 1 and "leakshim: new: [" in text and text.count("leakshim: gone: [") == 2
    baseline.write_text(baseline.read_text().replace(" 10 1000 ", " 9 900 "))
    status, text = leakshim("check", old, "--baseline", baseline)
    assert status == 1 and "10 blocks, 1,000 bytes (9 before, +1 since), made in few (leak_then_end.c:" in text
    assert "few (" in text and "many (" not in text


def test_what_hangs_on_a_known_leak_is_judged_too(box):
    old, new = traced(box, "drags_more", "0"), traced(box, "drags_more", "1")
    baseline = box / "baseline"
    assert leakshim("check", old, "--baseline", baseline, "--write-baseline")[0] == 0
    assert leakshim("check", old, "--baseline", baseline)[0] == 0
    status, text = leakshim("check", new, "--baseline", baseline)
    assert status == 1 and "10 blocks, 100,000 bytes" in text and "body" in text, text


def test_a_new_leak_and_what_hangs_on_it_fail_as_one_group(box):
    known = box / "baseline"
    known.write_text("# leakshim baseline 1\n")
    status, text = leakshim("check", traced(box, "drags_more", "1"), "--baseline", known)
    assert status == 1 and "1 group fails" in text and text.count("LEAK:") == 1, text
    assert "100,000 bytes that hang on them" in text and "10 made in body (drags_more.c:" in text, text


def test_a_suppressed_head_does_not_swallow_what_hangs_on_it(box):
    trace, file = traced(box, "drags_more", "1"), box / "suppressions"
    file.write_text("leak:^head$\n")
    status, text = leakshim("check", trace, "--suppressions", file)
    assert status == 1 and text.count("LEAK:") == 1 and "10 times, 100,000 bytes" in text, text
    assert "only something that is not reported points at them, a block made in head (" in text
    file.write_text("leak:^request$\n")
    assert leakshim("check", trace, "--suppressions", file)[0] == 0


def test_what_is_only_possible_fails_a_check_where_it_is_asked_for(box):
    trace = traced(box, "held_in_data", "inside")
    assert leakshim("check", trace)[0] == 0
    assert leakshim("check", trace, "--fail-on", "definite,possible")[0] == 1
    text = leakshim("report", trace)[1]
    assert text.startswith("leakshim: no leak is certain: the group below is a possible one.\n\nPOSSIBLE LEAK: "), text
    assert "possible: only pointers into its middle" in text and "\n  Forgotten" not in text and "Advice" not in text, text


@pytest.mark.parametrize("what, status, complete", [("clean", 0, True), ("near", 1, True), ("deep", 1, False)])
def test_stacks_that_are_cut_count_only_where_a_leak_was_made_there(box, what, status, complete):
    preloaded([victim("deep_and_lost"), what], box, settings={"report": "none", "keep": "always"})
    done, text = leakshim("check", only_trace(box))
    assert ("NOT COMPLETE" not in text, done) == (complete, status), text


def test_an_empty_file_of_suppressions_suppresses_nothing(box):
    (box / "empty").write_text("")
    status, text = leakshim("check", traced(box, "leak_then_end", "exit"), "--suppressions", box / "empty")
    assert status == 1 and "2 groups fail" in text


def test_a_damaged_baseline_is_trouble_and_named_with_its_line(box):
    (box / "baseline").write_text("# leakshim baseline\nwhat is this\n")
    status, text = leakshim("check", traced(box, "free_before_exit"), "--baseline", box / "baseline")
    assert status == 2 and "baseline:2:" in text


def test_run_check_cannot_be_confused_with_the_programs_own_failure(box):
    for name, arguments, status, words in [("free_before_exit", [], 0, "0 groups fail"),
                                           ("lost_shapes", ["chain"], 23, "1 group fails"),
                                           ("leak_then_end", ["exit"], 3, "the program itself failed with status 3")]:
        done = run([LEAKSHIM, "run", "--check", "-o", box / name, "--", victim(name), *arguments])
        assert done.status == status and words in done.text, done


LSAN = "# of another tool\nleak:{}\n\nrace:elsewhere\n"
VALGRIND = """{{
   a-name
   Memcheck:Leak
   match-leak-kinds: definite
   fun:malloc
   fun:{}
   ...
}}
{{
   for-another-error
   Memcheck:Cond
   fun:{}
}}
"""


@pytest.mark.parametrize("syntax", [LSAN, VALGRIND])
def test_suppressions_of_both_syntaxes_are_taken_and_unused_ones_named(syntax, box):
    trace, file = traced(box, "leak_then_end", "exit"), box / "suppressions"
    file.write_text(syntax.format("many", "many") + "leak:not_there\n")
    status, text = leakshim("check", trace, "--suppressions", file)
    assert status == 1 and "few (leak" in text and "many (leak" not in text
    assert "10,000 blocks, 500,000 bytes" in text and "leak:not_there" in text and ") was not used" in text


@pytest.mark.parametrize("pattern, hits", [("m*y", True), ("^many$", True), ("^an", False), ("leak_then_end.c", True),
                                           ("leak_then_end$", True), ("man", True), ("y$", True), ("^x", False)])
def test_leak_sanitizers_patterns_mean_what_they_mean_there(pattern, hits, box):
    trace, file = traced(box, "leak_then_end", "exit"), box / "suppressions"
    file.write_text(f"leak:{pattern}\n")
    _, text = leakshim("report", trace, "--suppressions", file)
    assert (") was not used" not in text) == hits, text


def test_valgrinds_first_frame_is_the_allocating_function(box):
    trace, file = traced(box, "leak_then_end", "exit"), box / "suppressions"
    for frames, hits in [("fun:malloc\nfun:many", True), ("fun:*alloc\nfun:ma?y\nfun:main", True),
                         ("fun:many", False), ("...\nfun:main", True), ("fun:calloc\nobj:*leak_then_end", True),
                         ("fun:malloc\nfun:main", False), ("fun:malloc\n...\nsrc:leak_then_end.c:1", False)]:
        file.write_text("{\nname\nMemcheck:Leak\n" + frames + "\n}\n")
        _, text = leakshim("report", trace, "--suppressions", file)
        assert (") was not used" not in text) == hits, (frames, text)


def test_printed_suppressions_silence_what_they_were_printed_for(box):
    trace, file = traced(box, "leak_then_end", "exit"), box / "suppressions"
    file.write_text(leakshim("report", trace, "--print-suppressions")[1])
    status, text = leakshim("check", trace, "--suppressions", file)
    assert status == 0 and "not used" not in text


def test_valgrind_itself_takes_the_printed_suppressions(box):
    if not subprocess.run(["/usr/bin/which", "valgrind"], capture_output=True).stdout:
        pytest.skip("no valgrind")
    trace, file = traced(box, "lost_shapes", "chain"), box / "suppressions"
    file.write_text(leakshim("report", trace, "--print-suppressions")[1])
    done = run(["/usr/bin/valgrind", "--leak-check=full", "--error-exitcode=9", f"--suppressions={file}",
                victim("lost_shapes"), "chain"])
    assert done.status == 0, done


def test_diff_names_new_grown_and_gone(box):
    old, new = traced(box, "leak_twice", "1"), traced(box, "leak_twice", "3")
    status, text = leakshim("diff", old, new)
    assert status == 0 and "leakshim: grown: [" in text and "3 blocks, 300 bytes (1 before, +2 since), made in lose (leak_twice.c:" in text
    none = traced(box, "leak_twice", "0")
    other = leakshim("diff", old, none)[1]
    assert "leakshim: new: [" not in other and "leakshim: gone: [" in other, other
    other = leakshim("diff", none, old)[1]
    assert "leakshim: new: [" in other and "gone" not in other, other
    assert leakshim("report", new, "--since", old)[1] == text
    assert leakshim("diff", old, old)[1].startswith("leakshim: nothing new\n")


def test_diff_of_two_moments_of_a_program_shows_what_grew_though_it_is_reachable(box):
    process = subprocess.Popen([victim("grows_on_request")], env=preload(box, report="none", age="0"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
    moments = []

    def moment(request):
        if request:
            process.stdin.write(f"{request}\n")
            process.stdin.flush()
        process.stdout.readline()
        moments.append(box / f"{len(moments)}.moment")
        assert leakshim("snapshot", process.pid, "-o", moments[-1])[0] == 0

    try:
        for request in ("", "keep", "lose"):
            moment(request)
    finally:
        end_group(process.pid)
        process.communicate()
    start, kept, lost = moments
    assert "new:" not in leakshim("diff", start, start)[1]
    status, text = leakshim("diff", start, kept)
    assert status == 0 and re.search(r"^leakshim: new: \[\w+\] 10 blocks, 1,000 bytes, made in .*\nLEAK: 10 times so far, .*\n"
                                     r"  still reachable: (.*\n)+Created at:\n\tadd_some ", text), text
    assert "large_" not in text and "gone:" not in text, text
    status, text = leakshim("diff", kept, lost)
    assert status == 0 and "10 times" in text and "  definite: nothing points at them" in text, text
    assert text.count("leakshim: gone: [") == 1 and "block < add_some" in text, text
    status, text = leakshim("diff", lost, start, "--max", "1")
    assert status == 0 and "leakshim: gone: [" in text, text


def test_all_that_fails_a_check_up_to_the_limit_has_its_stack_however_small(box):
    trace, baseline = traced(box, "lost_shapes", "apart"), box / "baseline"
    whole = traced(box, "leak_then_end", "exit")
    assert leakshim("check", whole, "--baseline", baseline, "--write-baseline")[0] == 0
    for limit in ("1", "2"):
        text = leakshim("check", trace, whole, "--baseline", baseline, "--max", limit)[1]
        assert text.count("Created at:") == min(int(limit), text.count("leakshim: new: [")), text


def test_who_leads_from_a_block_to_what_lost_it(box):
    trace = traced(box, "lost_shapes", "chain")
    status, text = leakshim("who", trace, "0x10")
    assert status == 2 and "no live block" in text
    assert leakshim("who", trace, "somewhere")[0] == 2
    tail = run([victim("lost_shapes"), "addresses"], preload(box, **QUIET)).stdout.decode().split()
    trace = max(box.glob("lost_shapes.*.trace"), key=lambda path: path.stat().st_mtime_ns)
    status, text = leakshim("who", trace, tail[2])
    assert status == 0 and re.findall(r"(1,00\d) bytes", text) == ["1,003", "1,002", "1,001"], text
    assert "nothing points at it any more" in text.splitlines()[-1]


def with_reason(baseline, reason):
    lines = baseline.read_text().splitlines()
    baseline.write_text("\n".join([lines[0], *(f"{line} # {reason}" for line in lines[1:])]) + "\n")


def test_lines_of_a_baseline_keep_their_reasons_when_it_is_written_anew(box):
    trace, baseline = traced(box, "leak_then_end", "exit"), box / "baseline"
    leakshim("check", trace, "--baseline", baseline, "--write-baseline")
    with_reason(baseline, "libfoo's, until 2999-12-31")
    assert leakshim("check", trace, "--baseline", baseline)[0] == 0
    before = baseline.read_text()
    assert leakshim("check", trace, "--baseline", baseline, "--write-baseline")[0] == 0
    assert baseline.read_text() == before and before.count("libfoo's") == 2


@pytest.mark.parametrize("reason, status, message", [
    ("until 2001-02-03", 1, ":2:{column}: this date is over: the line holds no more"),
    ("until somebody mends it", 0, "0 groups fail"),
    ("until 2999-13-01", 2, ":2:{column}: this is no date; want YYYY-MM-DD"),
    ("until 2999-1-1", 2, ":2:{column}: this is no date"),
])
def test_a_date_ends_a_line_of_a_baseline(box, reason, status, message):
    trace, baseline = traced(box, "leak_then_end", "exit"), box / "baseline"
    leakshim("check", trace, "--baseline", baseline, "--write-baseline")
    with_reason(baseline, reason)
    column = baseline.read_text().splitlines()[1].find("until ") + len("until ") + 1
    done = leakshim("check", trace, "--baseline", baseline)
    assert done[0] == status and message.format(column=column) in done[1], done


def test_a_baseline_of_another_version_is_refused(box):
    (box / "baseline").write_text("# leakshim baseline 2: more\n")
    status, text = leakshim("check", traced(box, "leak_then_end", "exit"), "--baseline", box / "baseline")
    assert status == 2 and "baseline:1:1: a baseline of another version; write it anew" in text, text


def test_what_the_code_of_a_module_makes_can_be_ignored(box):
    (box / "lib.c").write_text("#include <string.h>\nvoid make(void) { *strdup(\"lost\") = 0; }\n")
    (box / "own.c").write_text("#include <stdlib.h>\nvoid make(void);\nint main(void) { make(); return !malloc(7); }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-fno-builtin", "lib.c", "-o", "libforgets.so.1"], cwd=box, check=True)
    subprocess.run(["gcc", "own.c", "./libforgets.so.1", "-o", "own"], cwd=box, check=True)
    run([LEAKSHIM, "run", "-o", box / "own.trace", "--", "./own"], cwd=box)
    text = leakshim("report", box / "own.trace", "--ignore-module", "libforgets.so.*")[1]
    assert text.count("LEAK:") == 1 and "7 bytes" in text and "suppression libforgets.so.* (--ignore-module): 1 block, 5 bytes" in text
    text = leakshim("report", box / "own.trace", "--ignore-module", "*/nowhere/*")[1]
    assert text.count("LEAK:") == 2 and "was not used" in text, text
    (box / ".leakshim.ini").write_text("ignore-module = own\nignore-module = libforgets.so.1\n")
    (box / ".leakshim.ini").chmod(0o644)
    assert run([LEAKSHIM, "check", box / "own.trace"], cwd=box).status == 0


@pytest.mark.parametrize("leaks_at, fails", [("1 2 3", True), ("1 2", False), ("3", False)])
def test_of_repeated_runs_only_leaks_that_all_of_them_show_count(box, leaks_at, fails):
    (box / "some.c").write_text("#include <stdlib.h>\nint main(int n, char **w) { return n > 1 && !malloc(7); }\n")
    subprocess.run(["gcc", box / "some.c", "-o", box / "some"], check=True)
    (box / "run").write_text(f"""#!/bin/sh
n=$(($(cat {box}/count 2>/dev/null || echo 0) + 1)); echo $n > {box}/count
case " {leaks_at} " in *" $n "*) exec {box}/some leaks ;; esac
exec {box}/some
""")
    (box / "run").chmod(0o755)
    done = run([LEAKSHIM, "run", "--check", "--repeat", "3", "--", box / "run"])
    assert done.status == (23 if fails else 0) and (box / "count").read_text() == "3\n", done
    assert done.text.count("LEAK:") == fails, done
    assert ("1 group was not in all of the 3 runs: passed over" in done.text) == (leaks_at == "3"), done


def test_a_repeated_run_that_fails_ends_it_all_with_its_status(box):
    (box / "run").write_text(f"#!/bin/sh\necho >> {box}/count\nexit 5\n")
    (box / "run").chmod(0o755)
    done = run([LEAKSHIM, "run", "--repeat", "3", "--", box / "run"])
    assert done.status == 5 and "run 1 of 3 ended with status 5" in done.text and (box / "count").read_text() == "\n", done


def test_the_schema_that_is_printed_is_the_published_one():
    assert leakshim("report", "--schema") == (0, (ROOT / "analyzer/report.schema.json").read_text())


def test_traces_of_two_programs_are_not_compared(box):
    done = leakshim("diff", traced(box, "leak_then_end", "exit"), traced(box, "lost_shapes", "chain"))
    assert done == (2, "leakshim: traces of two programs, leak_then_end and lost_shapes: a comparison wants two of one\n")


def test_a_trace_that_cannot_be_read_is_not_compared(box):
    old = traced(box, "leak_then_end", "exit")
    for pair in ((old, "/nowhere/*.trace"), ("/nowhere/*.trace", old)):
        status, text = leakshim("diff", *pair)
        assert status == 2 and text.count("\n") == 1 and "cannot be read: No such file" in text, text


@pytest.mark.parametrize("option", ["baseline", "suppressions", "config", "runtimes"])
def test_a_folder_in_the_place_of_a_file_is_trouble(box, option):
    status, text = leakshim("check", f"--{option}", box, traced(box, "leak_then_end", "exit"))
    assert status == 2 and text.count("\n") == 1 and "Is a directory" in text, text
