# SPDX-License-Identifier: MIT
"""What the runtime of a language makes for itself is no leak of a program in it; what its extensions lose is one."""
import os
import re
import shutil
import subprocess

import pytest

from harness import LEAKSHIM, environment, groups, report, run, stack, under_run

CLEAN = {
    "python3": ["-c", "import json, ssl, threading; t = threading.Thread(target=lambda: json.dumps([1] * 999)); t.start(); t.join()"],
    "perl": ["-MPOSIX", "-MData::Dumper", "-e", "my %h = map { $_ => [1 .. 10] } 1 .. 100; print length Dumper(\\%h)"],
    "php": ["-r", "for ($i = 0; $i < 1000; $i++) $a[] = ['x' => str_repeat('a', $i)]; echo strlen(json_encode($a));"],
    "node": ["-e", "require('zlib').gzipSync(Buffer.alloc(100000)); require('http').createServer().listen(0, function () { this.close() })"],
    "ruby": ["-rjson", "-rset", "-e", "puts JSON.generate((1..1000).map { |i| { i => i.to_s * 10 } }).size; Thread.new { }.join"],
    "lua5.4": ["-e", "t = {} for i = 1, 1000 do t[i] = { i } end print(#t)"],
}


def interpreter(name):
    path = shutil.which(name, path="/usr/bin")
    return path or pytest.skip(f"no {name}")


def clean(box, *argv):
    """Runs a program three times: it has no leaks, and passes its own baseline."""
    known = box / "known"
    done = under_run(argv, box / "first", arguments=["--check", "--baseline", known, "--write-baseline"])
    assert done.status == 0, done
    for name in ("second", "third"):
        done = under_run(argv, box / name, arguments=["--check", "--baseline", known])
        assert done.status == 0 and "LEAK:" not in done.text, done
    assert "leakshim: no leaks" in run([LEAKSHIM, "report", box / "first"]).stdout.decode()


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_program_in_a_language_has_no_leaks(name, box):
    clean(box, interpreter(name), *CLEAN[name])


def java(box, name, source):
    interpreter("javac"), interpreter("java")
    (box / f"{name}.java").write_text(source)
    subprocess.run(["/usr/bin/javac", "-d", box, box / f"{name}.java"], check=True, env=environment())
    return ["/usr/bin/java", "-Xshare:auto", f"-Djava.library.path={box}", "-cp", box, name]


def test_a_clean_program_in_java_has_no_leaks(box):
    clean(box, *java(box, "Clean", "public class Clean { public static void main(String[] a) throws Exception {"
                     "Thread t = new Thread(() -> System.out.println(\"hi\".repeat(1000).length())); t.start(); t.join(); } }"))


LOSES = """
#include <stdlib.h>
static __attribute__((noinline)) void lose(void) { for (int i = 0; i < 7; i++) *(volatile char *)malloc(123) = 1; }
"""


def library(source, out, *flags):
    source = LOSES + source
    done = subprocess.run(["gcc", "-shared", "-fPIC", "-g", "-O0", "-x", "c", "-", "-o", out, *flags], input=source, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        pytest.skip("does not build: " + done.stderr.splitlines()[0])


def lost_by_extension(box, *argv, more=()):
    under_run(argv, box / "t")
    whole = report(box / "t", *more)
    return [(group["class"], group["count"]) for group in groups(whole, "lose")]


def test_what_an_extension_of_python_loses_stays_a_leak(box):
    library("#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, \"loses\", 0, -1, 0};\n"
            "PyMODINIT_FUNC PyInit_loses(void) { lose(); return PyModule_Create(&m); }",
            box / "loses.so", "-I/usr/include/python3.11")
    ((found, count),) = lost_by_extension(box, interpreter("python3"), "-c", f"import sys; sys.path.insert(0, {str(box)!r}); import loses")
    assert count == 7 and found in ("definite", "possible")


def test_what_a_function_called_by_ctypes_loses_stays_a_leak(box):
    library("void call(void) { lose(); }", box / "called.so")
    ((found, count),) = lost_by_extension(box, interpreter("python3"), "-c", f"import ctypes; ctypes.CDLL({str(box / 'called.so')!r}).call()")
    assert (found, count) == ("definite", 7)


def test_what_an_addon_of_node_loses_stays_a_leak(box):
    library("#include <node_api.h>\nNAPI_MODULE_INIT() { lose(); return exports; }", box / "loses.node", "-I/usr/include/node")
    found = lost_by_extension(box, interpreter("node"), "-e", f"require({str(box / 'loses.node')!r})")
    text = run([LEAKSHIM, "report", box / "t"]).stdout.decode()
    assert "made in lose (" in text and not [line for line in text.splitlines() if line.startswith(("  Forgotten", "  Advice")) and "v8" in line]
    assert any(re.match(r"\t.* in node\S*, \d+ frames$", line) for line in text.splitlines()), text
    assert sum(count for _, count in found) == 7  # of which a word on the stack may still hold the last
    assert sum(count for kind, count in found if kind in ("definite", "possible")) >= 6


def test_what_a_library_for_java_loses_stays_a_leak(box):
    argv = java(box, "Jni", "public class Jni { static native void call(); public static void main(String[] a) {"
                "System.loadLibrary(\"loses\"); call(); } }")
    library("void Java_Jni_call(void *env, void *c) { lose(); }", box / "libloses.so")
    ((found, count),) = lost_by_extension(box, *argv)
    assert count == 7 and found != "runtime"


def test_what_go_makes_to_start_a_thread_is_no_leak_of_the_program(box):
    (box / "go.c").write_text("#include <stdlib.h>\n#define APART __attribute__((noinline, noipa))\nAPART void x_cgo_thread_start(void)"
                              " { *(volatile char *)malloc(24) = 1; }\nAPART void Cfunc_dup(void) { *(volatile char *)malloc(7) = 1; }\n"
                              "int main(void) { x_cgo_thread_start(); Cfunc_dup(); x_cgo_thread_start(); return 0; }\n")
    subprocess.run(["gcc", "-g", "-O1", box / "go.c", "-o", box / "go"], check=True, env=environment())
    under_run([box / "go"], box / "t")
    whole = report(box / "t")
    assert {group["class"] for group in groups(whole, "x_cgo_thread_start")} == {"runtime"}
    assert {group["class"] for group in groups(whole, "Cfunc_dup")} == {"definite"}


def test_a_user_can_say_what_another_runtime_makes_for_itself(box):
    library("void call(void) { lose(); }", box / "libmine.so")
    argv = [interpreter("python3"), "-c", f"import ctypes; ctypes.CDLL({str(box / 'libmine.so')!r}).call()"]
    (box / "mine.runtime").write_text("runtime Mine # with a comment\nmodule libmine.so\nlibrary libffi.so.* _ctypes.* python3*\n")
    assert lost_by_extension(box, *argv, more=["--runtimes", box / "mine.runtime"]) == [("runtime", 7)]
    (box / "mine.runtime").write_text("runtime Mine\nmodule libmine.so\nlibrary libffi.so.* _ctypes.* python3*\nexcept lo?e\n")
    assert lost_by_extension(box, *argv, more=["--runtimes", box / "mine.runtime"])[0][0] == "definite"


@pytest.mark.parametrize("text, what", [("module x\n", ":1: "), ("runtime A\n\nmodul x\n", ":3: "), ("runtime\n", "has a name"),
                                        ("runtime A\ncode x\n", ":2: ")])
def test_a_mistake_in_such_a_file_is_named_with_its_line(text, what, box):
    (box / "bad").write_text(text)
    under_run(["/bin/true"], box / "t")
    done = run([LEAKSHIM, "report", "--runtimes", box / "bad", box / "t"])
    assert done.status == 2 and what in done.text, done


def test_the_summary_ends_with_what_is_largest_among_the_reachable(box):
    script = "import os; kept = [[i] for i in range(20000)]; os._exit(0)"
    for pools, env in ((True, environment()), (False, environment(PYTHONMALLOC="malloc"))):
        done = under_run([interpreter("python3"), "-c", script], box / f"t{pools}", env)
        assert "leakshim: still reachable " in done.text and "; largest: " in done.text, done
        assert ("with PYTHONMALLOC=malloc in its environment each is a block" in done.text) == pools, done
        assert pools or "20,000 blocks" in done.text or "19,99" in done.text, done


GO = """
package main

/*
#include <stdlib.h>
static char *keep(int n) { char *p = malloc(n); *p = 1; return p; }
*/
import "C"

//go:noinline
func leak(n int) { C.keep(C.int(n)) }

//go:noinline
func serve(done chan bool) { leak(777); done <- true }

func main() {
	leak(77)
	done := make(chan bool)
	go serve(done)
	<-done
}
"""


def test_callers_of_c_code_in_go_are_in_the_stack(box):
    if not shutil.which("go"):
        pytest.skip("not installed: go")
    (box / "go.mod").write_text("module lose\ngo 1.18\n")
    (box / "main.go").write_text(GO)
    subprocess.run(["go", "build", "-o", "lose", "."], cwd=box, check=True, timeout=300, env={**os.environ, "GOFLAGS": "-mod=mod"})
    done = under_run([box / "lose"], box / "t")
    made = {group["bytes"]: stack(group) for group in report(box / "t")["leaks"]}
    assert made[77][-2:] == ["main.leak", "main.main"] and made[777][5:7] == ["main.leak", "main.serve"], made
    assert "callers are not known" not in done.text.split("777 bytes")[1].split("LEAK:")[0], done
