# SPDX-License-Identifier: MIT
"""Functions and lines of Python code stand in the stacks of what was made below them, without anything that the program is
told."""
import json
import struct
import subprocess
from pathlib import Path

import pytest

from harness import LEAKSHIM, environment, groups, preloaded, report, run, traces, under_run
from trace_writer import PROGRAM, PYTHON, Trace

LOSES = "#include <stdlib.h>\nvoid lose(void) { for (int i = 0; i < 3; i++) *(volatile char *)malloc(123) = 1; }\n"

APP = """
import ctypes, sys, threading
lose = ctypes.CDLL(sys.argv[1]).lose

def load(i):
    for _ in range(1):
        lose()

def reload(i):
    lose()

def main():
    for i in range(400):
        if i % 4:
            load(i)
        else:
            reload(i)

class Worker(threading.Thread):
    def run(self):
        main()

if len(sys.argv) > 2:
    worker = Worker()
    worker.start()
    worker.join()
else:
    main()
"""


def interpreters():
    """Debian's, and those that a developer has built."""
    yield "/usr/bin/python3"
    for version in ("3.11", "3.12", "3.13"):
        yield from sorted(map(str, (Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python{version}")))[-1:]


def knows_frames(python):
    done = subprocess.run([python, "-c", "import ctypes, sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False,
                          env=environment())
    return done.returncode == 0 and done.stdout.strip() in ("(3, 11)", "(3, 12)", "(3, 13)")


def compiled(box, source, name, *flags):
    done = subprocess.run(["gcc", "-g", "-O1", "-x", "c", "-", "-o", box / name, *flags], input=source, text=True, capture_output=True,
                          check=False)
    if done.returncode:
        pytest.skip("does not build: " + done.stderr.splitlines()[0])
    return box / name


def app(box):
    compiled(box, LOSES, "loses.so", "-shared", "-fPIC")
    (box / "app.py").write_text(APP)
    return [box / "app.py", box / "loses.so"]


def innermost(group):
    """{(function, line): how many}"""
    counts = {}
    for found in group["python"]["stacks"] if group["python"] else []:
        place = found["frames"][0]["function"], found["frames"][0]["line"]
        counts[place] = counts.get(place, 0) + found["count"]
    return counts


@pytest.mark.parametrize("python", interpreters())
def test_callers_in_python_are_named_with_their_lines(python, box):
    if not knows_frames(python):
        pytest.skip("no interpreter of a known version")
    done = under_run([python, *app(box)], box / "t")
    found = groups(report(box / "t"), "lose")
    lines = APP.splitlines()
    load, reload = ("load", lines.index("        lose()") + 1), ("reload", lines.index("    lose()") + 1)
    assert {place for group in found for place in innermost(group)} <= {load, reload}
    stacks = [other["frames"] for group in found for other in (group["python"] or {"stacks": []})["stacks"]]
    for frames in stacks:
        assert [frame["function"] for frame in frames[1:]] == ["main", "<module>"]
        assert frames[0]["file"] == str(box / "app.py") and frames[-1]["line"] == len(lines)
    largest = max(found, key=lambda group: group["count"])
    counts = innermost(largest)
    assert largest["python"]["of_these"] and sum(counts.values()) == largest["python"]["looked_at"] >= 8
    assert counts[load] > counts[reload] > 0
    assert f"looked at: load (app.py:{load[1]}) < main (app.py:" in done.text
    assert f"looked at: reload (app.py:{reload[1]}) < main (app.py:" in done.text


def test_a_thread_of_its_own_has_its_own_python_functions(box):
    under_run(["/usr/bin/python3", *app(box), "thread"], box / "t")
    group = max(groups(report(box / "t"), "lose"), key=lambda group: group["count"])
    assert {frame["function"] for found in group["python"]["stacks"] for frame in found["frames"]} >= {"load", "main", "Worker.run"}


def test_a_fork_child_names_its_python_functions(box):
    script = app(box)
    script[0].write_text("import os\nif os.fork():\n    os.wait()\n    os._exit(0)\n" + APP)
    preloaded(["/usr/bin/python3", *script], box)
    found = [group for trace in traces(box) for group in groups(report(trace), "lose")]
    assert {name for group in found for name, _ in innermost(group)} == {"load", "reload"}


def test_what_python_itself_made_is_told_by_the_function_that_asked_for_it(box):
    (box / "cache.py").write_text("import ctypes\nclass Cache:\n    def load(self):\n"
                                  "        ctypes.CDLL(None).strdup(b'x' * 77)\n"
                                  "def main():\n    for _ in range(20): Cache().load()\nmain()\n")
    done = under_run(["/usr/bin/python3", box / "cache.py"], box / "t")
    assert "made in Cache.load (cache.py:4) [" in done.text, done
    assert "  in Python: Cache.load (cache.py:4) < main (cache.py:6) < <module> (cache.py:7)" in done.text
    sarif = json.loads(run([LEAKSHIM, "report", "--format", "sarif", box / "t"]).stdout)
    places = [result["locations"][0]["physicalLocation"] for result in sarif["runs"][0]["results"]]
    assert any(place["artifactLocation"]["uri"].endswith("cache.py") and place["region"]["startLine"] == 4 for place in places), places


def test_what_is_largest_among_the_reachable_is_told_by_python_functions(box):
    (box / "cache.py").write_text("kept = []\ndef keep(n):\n    kept.append(bytes(n))\ndef main():\n"
                                  "    for i in range(300): keep(9000 + i)\nmain()\nimport os; os._exit(0)\n")
    done = under_run(["/usr/bin/python3", box / "cache.py"], box / "t", environment(PYTHONMALLOC="malloc"))
    assert " bytes, by keep (cache.py:3) < main (cache.py:5) < <module> (cache.py:6).\n" in done.text, done


def test_blocks_that_were_let_go_are_not_taken_for_those_that_were_not(box):
    """One address after the other comes back at once: what is said of the lost ones is of them alone."""
    compiled(box, "#include <stdlib.h>\nstatic void *p;\nvoid get(void) { p = malloc(123); *(volatile char *)p = 1; }\n"
             "void put(void) { free(p); p = 0; }\nvoid lose(void) { p = 0; }\n", "loses.so", "-shared", "-fPIC")
    (box / "app.py").write_text("import ctypes, sys\nlib = ctypes.CDLL(sys.argv[1])\n"
                                "def good():\n    lib.get(); lib.put()\n"
                                "def bad():\n    lib.get(); lib.lose()\n"
                                "for _ in range(30):\n    good(); good(); bad()\n")
    under_run(["/usr/bin/python3", box / "app.py", box / "loses.so"], box / "t")
    found = groups(report(box / "t"), "get")  # a word that Python left behind may lead to one: then there are two
    assert sum(group["count"] for group in found) == 30, found
    assert all(set(innermost(group)) == {("bad", 6)} for group in found if group["python"]["of_these"]), found
    assert any(group["python"]["of_these"] for group in found), found


STALE = """
#include <stdlib.h>
struct node { struct node *next; long id; char name[100]; };
static struct node *list;
void churn(void)
{
	for (int i = 0; i < 200; i++) { struct node *n = malloc(sizeof *n); n->next = list; n->id = i; list = n; }
	while (list) { struct node *n = list; list = n->next; free(n); }
}
void lose(void) { struct node *volatile n = malloc(sizeof *n); n->name[20] = 1; }
"""


def test_what_an_extension_loses_counts_under_its_own_stack_though_stale_pointers_lead_from_one_to_the_other(box):
    compiled(box, STALE, "stale.so", "-shared", "-fPIC")
    script = "import ctypes, sys\nlib = ctypes.CDLL(sys.argv[1])\nfor i in range(2000):\n    if i % 50 == 0: lib.churn()\n    lib.lose()\n"
    under_run(["/usr/bin/python3", "-c", script, box / "stale.so"], box / "t")
    lost = [group for group in groups(report(box / "t"), "lose") if group["class"] in ("definite", "possible")]
    assert 1990 <= sum(group["count"] for group in lost) <= 2000  # a word that Python left behind may hold one
    assert sum(group["lost"]["indirect"]["count"] for group in lost) > 20  # found on others, and told here all the same


BUSY = r"""
import asyncio, contextlib, json, os, re, threading
def gen(n):
    for i in range(n):
        yield {"k": [i] * (i % 7)}
class Cyclic:
    def __init__(self, n): self.n = n; self.me = self
    def __del__(self): [x for x in range(self.n % 5)]
@contextlib.contextmanager
def around(i):
    yield list(range(i % 9))
async def later(i):
    await asyncio.sleep(0)
    return [i] * 3
async def many():
    for i in range(10): await asyncio.gather(*(later(j) for j in range(4)))
def deep(n): return [n] + (deep(n - 1) if n else [])
def work(k):
    for i in range(20):
        list(gen(20)); Cyclic(i); deep(30)
        with around(i) as c: sorted(c, key=lambda x: -x)
        try: json.loads("{bad")
        except ValueError as e: str(e)
        exec(compile(f"def f{i}(x):\n  y = [x] * 3\n  return y\nf{i}(2)", f"made{i}.py", "exec"), {})
        re.sub(r"(\d+)", lambda m: m[1] * 2, "a1b22c333" * 3)
    asyncio.run(many())
threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
for t in threads: t.start()
for t in threads: t.join()
child = os.fork()
if not child:
    work(1)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("python", interpreters())
def test_threads_generators_coroutines_and_children_go_on_as_ever_when_each_block_is_looked_at(python, box):
    if not knows_frames(python):
        pytest.skip("no interpreter of a known version")
    done = preloaded([python, "-c", BUSY], box, environment(PYTHONMALLOC="malloc"), {"watch": "all", "report": "none"})
    assert (done.status, done.stdout) == (0, b"7\n"), done
    assert len(traces(box)) == 2


def test_a_python_that_is_loaded_later_is_known(box):
    library = next(iter(sorted(Path("/usr/lib").glob("*/libpython3.11.so.1.0"))), None) or pytest.skip("no libpython3.11")
    program = compiled(box, f"""
#include <dlfcn.h>
int main(int argc, char **argv)
{{
	void *p = dlopen("{library}", RTLD_NOW | RTLD_GLOBAL);
	void (*begin)(void) = dlsym(p, "Py_Initialize");
	int (*run)(const char *) = dlsym(p, "PyRun_SimpleString");
	begin();
	return argc > 1 ? run(argv[1]) : 1;
}}
""", "embeds", "-ldl")
    compiled(box, LOSES, "loses.so", "-shared", "-fPIC")
    under_run([program, f"import ctypes\ndef told():\n    ctypes.CDLL({str(box / 'loses.so')!r}).lose()\nfor _ in range(3): told()\n"],
              box / "t")
    found = groups(report(box / "t"), "lose")  # of which something in Python's memory may hold one by chance
    assert found and all(set(innermost(group)) == {("told", 3)} for group in found)


FAKE = """
#include <stdlib.h>
const unsigned long Py_Version = %s;
char _PyRuntime[4096] = "%s", PyCode_Type[400], PyUnicode_Type[400], PyBytes_Type[400];
static char state[4096];
void *PyGILState_GetThisThreadState(void) { return %s; }
void *_PyThreadState_UncheckedGet(void) { return PyGILState_GetThisThreadState(); }
__attribute__((noinline)) void _PyEval_EvalFrameDefault(void) { *(volatile char *)malloc(123) = 1; }
int main(void)
{
	*(unsigned long *)(state + 152) = (unsigned long)__builtin_thread_pointer();
	*(unsigned long *)(state + 136) = (unsigned long)__builtin_thread_pointer();
	*(void **)(state + 56) = (void *)%s;
	for (int i = 0; i < 100; i++)
		_PyEval_EvalFrameDefault();
}
"""


@pytest.mark.parametrize("version, runtime, state, frame, said", [
    ("0x030f00f0", "", "state", "0", "Python 3.15: frames of this version are not known"),
    ("0x030d00f0", "rubbish", "state", "0", "Python 3.13: it does not describe its frames as 3.13 does"),
    ("0x030b02f0", "", "state", "(state + 512)", "Python 3.11: its frames look otherwise than they should"),
    ("0x030c02f0", "", "state", "0x7ffffff0000", "Python 3.12: its frames look otherwise than they should"),
    ("0x030b02f0", "", "(void *)16", "0", None),
    ("0x030c02f0", "", "0", "0", None),
])
def test_an_interpreter_that_looks_otherwise_is_left_alone_and_that_is_said_once(version, runtime, state, frame, said, box):
    link = "" if frame == "0" else f"*(void **)({'state + 520' if version < '0x030c' else 'state + 512'}) = (void *){frame};"
    source = (FAKE % (version, runtime, state, "(state + 512)" if link else "0")).replace("	for (int i", f"	{link}\n	for (int i")
    program = compiled(box, source, "fake", "-rdynamic")
    done = under_run([program], box / "t")
    (group,) = groups(report(box / "t"), "_PyEval_EvalFrameDefault")
    assert (group["count"], group["python"]) == (100, None)
    assert done.text.count("no Python functions are named: ") == (said is not None)
    assert said is None or f"leakshim: no Python functions are named: {said}\n" in done.text


def written(box, *elements):
    """A trace with a block, and these elements about it: (kind, stack, site, name, file, line, flags, next, count)"""
    t = Trace()
    t.thread(1, main=True)
    site = t.site(t.node(0, 0x401000, t.module("/nowhere/python3", PROGRAM)), 1, 100, 100)
    t.block(site, 100, address=0x1000, thread=1)
    for element in elements:
        t.add(PYTHON, struct.pack("<8IQ", *[t.text(word) if isinstance(word, str) else word for word in element]))
    return t.write(box / "t")


FRAME = (1, 0, 0, "f", "x.py", 3, 0, 0, 0)


def test_a_merged_trace_tells_of_the_python_code_of_all(box):
    argv = app(box)
    for name in ("one", "two"):
        under_run(["/usr/bin/python3", *argv], box / name)
    group = max(groups(report(box / "one", box / "two"), "lose"), key=lambda group: group["count"])
    assert {name for name, _ in innermost(group)} == {"load", "reload"}
    single = max(groups(report(box / "one"), "lose"), key=lambda group: group["count"])
    assert group["python"]["looked_at"] > single["python"]["looked_at"]


@pytest.mark.parametrize("element", [(1, 1, 0, "f", 0, 3, 0, 0, 0), (1, 9, 0, "f", 0, 3, 0, 0, 0), (1, 0, 0, 0xffffff, 0, 3, 0, 0, 0),
                                     (2, 1, 99, 0, 0, 0, 0, 0, 5)])
def test_a_trace_in_which_python_code_leads_nowhere_is_refused(element, box):
    done = run([LEAKSHIM, "report", written(box, element)])
    assert done.status == 2 and b"damaged" in done.stderr, done


def test_what_a_trace_says_of_python_is_told_as_far_as_it_makes_sense(box):
    (group,) = report(written(box, FRAME, (2, 1, 1, 0, 0, 0, 0, 0, 5)))["leaks"]
    assert group["python"] == {"looked_at": 5, "of_these": True,  # all that were ever made there
                               "stacks": [{"count": 5, "frames": [{"function": "f", "file": "x.py", "line": 3}]}]}
    (group,) = report(written(box, FRAME, (3, 1, 1, 0, 0, 0, 0, 0, 0x1000)))["leaks"]
    assert group["python"]["of_these"] and group["python"]["looked_at"] == 1
    for strange in [(3, 99, 1, 0, 0, 0, 0, 0, 0x1000), (3, 1, 1, 0, 0, 7, 0, 0, 0x1000), (77, 1, 1, 1, 1, 1, 1, 1, 1)]:
        (group,) = report(written(box, FRAME, strange))["leaks"]
        assert group["python"] is None
    (group,) = report(written(box, FRAME, (2, 99, 1, 0, 0, 0, 0, 0, 5)))["leaks"]
    assert group["python"] == {"looked_at": 5, "of_these": True, "stacks": []}


def test_what_is_lost_after_a_great_deal_was_imported_is_looked_at_too(box):
    """Where the start of the interpreter and of its modules has used up what may be watched at once, some still are."""
    compiled(box, LOSES, "loses.so", "-shared", "-fPIC")
    (box / "late.py").write_text("import asyncio, ctypes, decimal, http.server, json, sys, unittest, xml.dom.minidom\n"
                                 "def late(lose):\n    lose()\n"
                                 "for _ in range(20):\n    late(ctypes.CDLL(sys.argv[1]).lose)\n")
    under_run(["/usr/bin/python3", box / "late.py", box / "loses.so"], box / "t")
    group = max(groups(report(box / "t"), "lose"), key=lambda group: group["count"])
    assert set(innermost(group)) == {("late", 3)} and group["python"]["looked_at"] >= 2, group


CROWDED = """
#include <stdlib.h>
__attribute__((noinline)) static void *make(int place, int depth)
{
	void *made;

	if (!depth)
		return malloc(24);
	if (place & 1)
		made = make(place >> 1, depth - 1);
	else
		made = make(place >> 1, depth - 1);
	__asm__ volatile("" ::: "memory");
	return made;
}
void crowd(void)
{
	for (int place = 0; place < 1024; place++)
		for (int i = 0; i < 100; i++)
			free(make(place, 10));
	for (int place = 0; place < 1024; place++)
		*(volatile char *)make(place, 10) = 1;
}
int main(void) { crowd(); }
"""


def watched(whole):
    return sum(group["explanation"]["lifetime"]["count"] for group in groups(whole, "crowd") if group["explanation"])


def test_where_few_blocks_can_be_watched_python_code_gets_hardly_more_of_them(box):
    """What is watched is paid for again when it is freed."""
    compiled(box, CROWDED, "crowd.so", "-shared", "-fPIC", "-O0")
    compiled(box, CROWDED, "crowd", "-O0")
    under_run([box / "crowd"], box / "plain")
    under_run(["/usr/bin/python3", "-c", f"import ctypes; ctypes.CDLL('{box}/crowd.so').crowd()"], box / "python")
    plain, python = (watched(report(box / name)) for name in ("plain", "python"))
    assert 0 < python < plain * 2, (plain, python)
