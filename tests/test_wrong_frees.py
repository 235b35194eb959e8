# SPDX-License-Identifier: MIT
"""free() and realloc() of what is no living block are findings, told also where libc says nothing or aborts."""
import json
import subprocess

import pytest

import wrong_free_programs as programs
from harness import LEAKSHIM, environment, preloaded, run

PROGRAM = r"""
#include <alloca.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static char fixed[64];
static char *volatile p;
static void first(void) { free(p); }
static void again(void) { free(p); }
static void *releaser(void *unused) { first(); return unused; }
static void *worker(void *how) { (void)how; p = malloc(40); first(); again(); return 0; }
int main(int count, char **words)
{
	const char *how = words[1];
	char local[64];
	pthread_t t;

	p = malloc(40);
	if (!strcmp(how, "twice")) { first(); again(); }
	if (!strcmp(how, "wiped")) { first(); memset(p, 0, 40); again(); }
	if (!strcmp(how, "wiped-later")) {
		first();
		memset(p, 0, 40);
		for (int i = 0; i < 20; i++) free(malloc(1000 + i));
		again();
	}
	if (!strcmp(how, "twice-much-later")) {
		first();
		for (int i = 0; i < 3000; i++) free(malloc(1000 + i));
		again();
	}
	if (!strcmp(how, "large-much-later")) {
		free(p);
		p = malloc(3000);
		char *volatile after = malloc(3000);
		first();
		for (int i = 0; i < 100; i++) free(malloc(16));
		again();
		free(after);
	}
	if (!strcmp(how, "two-threads")) for (int i = 0; i < 2; i++) { pthread_create(&t, 0, releaser, 0); pthread_join(t, 0); }
	if (!strcmp(how, "behind")) free(p + 48);
	if (!strcmp(how, "realloc")) { first(); memset(p, 0, 40); p = realloc(p, 3000); }
	if (!strcmp(how, "inside")) free(p + 16);
	if (!strcmp(how, "inside-large")) free((char *)malloc(3000000) + 2000000);
	if (!strcmp(how, "inside-realloc")) p = realloc(p + 16, 10);
	if (!strcmp(how, "stack")) { char *volatile q = local; free(q + 16); }
	if (!strcmp(how, "alloca")) { char *volatile q = alloca(100); free(q); }
	if (!strcmp(how, "static")) { char *volatile q = fixed; free(q + 16); }
	if (!strcmp(how, "constant")) { char *volatile q = (char *)"some constant text"; free(q); }
	if (!strcmp(how, "mapped")) free((char *)mmap(0, 12288, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4096 + 48);
	if (!strcmp(how, "mapped-start")) {
		char *m = mmap(0, 12288, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(m, 4096);
		free(m + 4096);
	}
	if (!strcmp(how, "pool")) { char *m = mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memset(m, 'x', 4096); free(m + 64); }
	if (!strcmp(how, "thread")) { pthread_create(&t, 0, worker, 0); pthread_join(t, 0); }
	if (!strcmp(how, "right")) {
		free(p);
		for (int i = 0; i < 1000; i++) { char *q = malloc(40); q = realloc(q, 50 + i); free(q); }
		free(0);
	}
	return 0;
}
"""
WRONG = {"twice": "freed-twice", "wiped": "freed-twice", "wiped-later": "freed-twice", "realloc": "freed-twice", "thread": "freed-twice",
         "twice-much-later": "freed-twice", "large-much-later": "freed-twice", "two-threads": "freed-twice", "behind": "freed-foreign",
         "inside": "freed-inside", "inside-large": "freed-inside", "inside-realloc": "freed-inside", "stack": "freed-stack",
         "alloca": "freed-stack", "mapped": "freed-foreign", "mapped-start": "freed-foreign", "pool": "freed-foreign",
         "static": "freed-static", "constant": "freed-static"}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    box = tmp_path_factory.mktemp("wrong")
    (box / "wrong.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-g", "-O0", "-w", "-pthread", box / "wrong.c", "-o", box / "wrong"], check=True, timeout=60)
    return box / "wrong"


@pytest.fixture(scope="module")
def all_wrong(tmp_path_factory):
    return programs.compiled(tmp_path_factory.mktemp("all"), False)


def findings(tmp_path, *command):
    env = environment(TMPDIR=tmp_path, MALLOC_CHECK_="0")
    done = run([LEAKSHIM, "run", "-o", tmp_path / "t.trace", "--", *command], env)
    report = json.loads(run([LEAKSHIM, "report", "--format", "json", tmp_path / "t.trace"]).stdout)
    return done, report["findings"]


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_free_is_a_finding(program, tmp_path, how):
    done, found = findings(tmp_path, program, how)
    assert [f["kind"] for f in found] == [WRONG[how]], (done, found)
    assert found[0]["released_at" if "released_at" in found[0] else "done_at"][-1]["function"] in ("main", "worker", "releaser")


def test_a_second_free_names_the_first_and_where_the_block_was_made(program, tmp_path):
    done, found = findings(tmp_path, program, "wiped")
    assert found[0]["done_at"][0]["function"] == "again" and found[0]["ended_at"][0]["function"] == "first", found
    assert found[0]["created_at"][0]["function"] == "main", found
    assert "FREED TWICE: block.free() was called for memory that had been freed before: 1 time" in done.text, done


INHERITS = r"""
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **words)
{
	char *volatile p = malloc(40), *volatile q;

	if (!fork()) {
		q = malloc(30);
		free(p);
		memset(p, 0, 40);
		if (count > 1)
			free(p);
		free(q);
		_exit(0);
	}
	wait(0);
	free(p);
	return 0;
}
"""


def test_a_child_that_frees_twice_what_its_parent_made_is_told_of_and_one_that_frees_it_once_is_not(tmp_path):
    subprocess.run(["gcc", "-g", "-w", "-x", "c", "-", "-o", tmp_path / "inherits"], input=INHERITS.encode(), check=True, timeout=60)
    for words, kinds in ([], []), (["twice"], ["freed-twice"]):
        done = run([LEAKSHIM, "run", "--format", "json", "--", tmp_path / "inherits", *words], environment(TMPDIR=tmp_path))
        whole = json.loads(done.text[done.text.index("{"):])
        assert [f["kind"] for r in [whole, *whole.get("processes", [])] for f in r["findings"]] == kinds, done


FREES_ONLY = r"""
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
static char fixed[64];
int main(int count, char **words)
{
	char *volatile p = malloc(40), *volatile q = malloc(5000), *volatile fine = malloc(40), local[64], *volatile here = local;
	const char *how = words[1];

	if (!fork()) {
		if (!strcmp(how, "twice")) { free(p); free(p); }
		if (!strcmp(how, "twice-larger")) { free(q); free(q); }
		if (!strcmp(how, "wiped")) { free(p); memset(p, 0, 40); free(p); }
		if (!strcmp(how, "between")) { free(p); free(fine); memset(p, 0, 40); q = malloc(900); free(p); }
		if (!strcmp(how, "realloc")) { free(p); p = realloc(p, 100); }
		if (!strcmp(how, "inner")) free(p + 16);
		if (!strcmp(how, "static")) free(fixed + 16 + (count > 9));
		if (!strcmp(how, "stack")) free(here + 16);
		if (!strcmp(how, "right")) { free(p); free(q); free(fine); }
		if (!strcmp(how, "right-realloc")) { p = realloc(p, 3000); free(p); free(q); }
		if (!strcmp(how, "right-refused")) { char *more = realloc(p, ~0ul >> 2); if (!more) free(p); }
		_exit(0);
	}
	wait(0);
	return 0;
}
"""


@pytest.fixture(scope="module")
def frees_only(tmp_path_factory):
    path = tmp_path_factory.mktemp("frees") / "frees_only"
    subprocess.run(["gcc", "-g", "-w", "-x", "c", "-", "-o", path], input=FREES_ONLY.encode(), check=True, timeout=60)
    return path


@pytest.mark.parametrize("how, kinds", [
    ("twice", ["freed-twice"]), ("twice-larger", ["freed-twice"]), ("wiped", ["freed-twice"]), ("between", ["freed-twice"]),
    ("realloc", ["freed-twice"]), ("inner", ["freed-foreign"]), ("static", ["freed-static"]), ("stack", ["freed-stack"]),
    ("right", []), ("right-realloc", []), ("right-refused", [])])
def test_a_child_that_makes_nothing_of_its_own_is_told_of_what_it_frees_wrongly(how, kinds, frees_only, tmp_path):
    done = run([LEAKSHIM, "run", "--format", "json", "--", frees_only, how], environment(TMPDIR=tmp_path))
    whole = json.loads(done.text[done.text.index("{"):])
    assert [f["kind"] for r in [whole, *whole.get("processes", [])] for f in r["findings"]] == kinds, done


def test_a_child_that_frees_rightly_what_it_inherited_makes_no_trace(frees_only, tmp_path):
    (tmp_path / "traces").mkdir()
    preloaded([frees_only, "right"], tmp_path / "traces")
    assert len(list((tmp_path / "traces").glob("*.trace"))) == 1


def test_a_check_fails_on_a_wrong_free_that_libc_lets_through(program, tmp_path):
    done = run([LEAKSHIM, "run", "--check", "--", program, "wiped"], environment(TMPDIR=tmp_path))
    assert done.status == 23, done


def test_what_libc_aborts_for_is_told_too(program, tmp_path):
    done, found = findings(tmp_path, program, "twice")
    assert done.status in (134, 0) and len(found) == 1, done


def test_right_frees_are_no_findings(program, tmp_path):
    done, found = findings(tmp_path, program, "right")
    assert done.status == 0 and not found, found


@pytest.mark.parametrize("variant, function", [
    ((415, "new_array", "local"), "operator delete[]"), ((415, "new", "thread"), "operator delete"), ((415, "malloc", "map"), "free"),
    ((590, "stack_delete", "local"), "operator delete"), ((761, "new_array", "local"), "operator delete[]")], ids=str)
def test_a_wrong_free_tells_which_function_did_it(all_wrong, tmp_path, variant, function):
    done, found = findings(tmp_path, all_wrong, *programs.words_of(*variant))
    assert found[0]["function"] == function and f"block.{function}() was called for" in done.text, (done, found)


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_each_kind_of_wrong_free_is_found_on_every_way_of_the_pointer_and_none_in_the_right_twins(tmp_path, compiler):
    wrong, right = (programs.compiled(tmp_path, is_right, compiler) for is_right in (False, True))
    env, chosen = environment(TMPDIR=tmp_path), list(programs.sample(2 if compiler == "g++" else 1))
    missed = []
    for variant in chosen:
        found = programs.seen_by(LEAKSHIM, wrong, variant, tmp_path, env)
        if not found & programs.FINDINGS[variant[0]]:
            missed.append((variant, found))
    assert not missed and len(chosen) >= (60 if compiler == "g++" else 40), missed
    done, found = findings(tmp_path, right)
    assert done.status == 0 and not found, found


@pytest.mark.parametrize("command", [
    ["/usr/bin/python3", "-c", "import json, sqlite3; json.loads('[1]')"],
    ["/usr/bin/perl", "-e", "my %h = map { $_ => 1 } 1..1000; fork ? wait : exit"],
    ["/bin/bash", "-c", "for i in 1 2 3; do (echo $i | cat); done"],
    ["/usr/bin/git", "--version"],
    ["/usr/bin/sqlite3", ":memory:", "create table t(a); insert into t values(1); select * from t"],
], ids=lambda command: command[0])
def test_real_programs_have_no_wrong_frees(command, tmp_path):
    done = run([LEAKSHIM, "run", "--format", "json", "--", *command], environment(TMPDIR=tmp_path))
    report = json.loads(done.text[done.text.index("{"):])
    reports = [report, *report.get("processes", [])]
    assert not [f for r in reports for f in r["findings"]], reports
