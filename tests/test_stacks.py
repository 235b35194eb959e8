# SPDX-License-Identifier: MIT
"""The shim's stacks are libunwind's, frame by frame, on code of every shape.

unit/stack_checker.c, preloaded, links the shim's own stack rooms and compares at every allocation.
The victims are built here, optimised and without frame pointers, by both compilers.
"""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import ROOT, environment, include_floors

SHIM = ROOT / "shim"
ROOMS = ["base/guard", "base/loaded", "stack/stack", "stack/step", "stack/tree", "stack/modules", "stack/cfi", "stack/cfi_expression", "store/state"]
VICTIMS = ["shapes", "lookalikes", "signals", "exceptions", "longjmp", "coroutines", "deep", "no_info",
           "odd_frames", "callbacks", "reload"]
COMPILERS = [c for c in ("gcc", "clang") if shutil.which(c)]


def build(*arguments):
    subprocess.run([str(a) for a in arguments], check=True, timeout=120)


@pytest.fixture(scope="module")
def checker(tmp_path_factory):
    """The checker, as optimised as the shim is."""
    out = tmp_path_factory.mktemp("checker") / "stack_checker.so"
    build("gcc", "-std=gnu11", "-O2", "-g", "-D_GNU_SOURCE", "-fPIC", "-shared", "-fvisibility=hidden",
          "-fno-omit-frame-pointer", "-fexceptions", *include_floors(),
          ROOT / "tests/unit/stack_checker.c", ROOT / "tests/unit/areas.c",
          *[SHIM / f"{room}.c" for room in ROOMS],
          "-o", out, "-lunwind", "-Wl,-z,defs")
    return out


def build_victim(folder, name, compiler):
    source = next((ROOT / "tests/victims").glob(f"stack_{name}.c*"))
    driver = {"gcc": "g++", "clang": "clang++"}[compiler] if source.suffix == ".cpp" else compiler
    flags = ["-O2", "-fomit-frame-pointer", "-D_GNU_SOURCE", "-w", "-pthread", "-rdynamic"]
    if name == "shapes":
        flags.append("-mavx2")
    program = folder / f"{name}.{compiler}"
    build(driver, *flags, source, "-o", program)
    if name != "reload":
        return [str(program)]
    libraries = []
    for room in (256, 384):
        libraries.append(str(folder / f"{room}.{compiler}.so"))
        build(compiler, "-O2", "-shared", "-fPIC", f"-DROOM={room}",
              ROOT / "tests/victims/stack_reload_library.c", "-o", libraries[-1])
    return [str(program), *libraries]


def check(folder, checker, command, every=1):
    """Returns how many stacks of all the command's processes were compared, differ, and differ only beyond a
    frame where libunwind loses sp; and the details."""
    log = folder / "stacks"
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=200, cwd=folder,
                           env=environment(LD_PRELOAD=checker, STACK_CHECKER=every, STACK_CHECKER_FILE=log))
    assert ended.returncode == 0, ended.stderr[-2000:]
    text = log.read_text(errors="replace")
    counts = re.findall(r"(\d+) stacks compared, (\d+) different, libunwind lost (\d+)", text)
    return *(sum(int(c[i]) for c in counts) for i in range(3)), text


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", VICTIMS)
def test_every_stack_of_optimised_code_equals_libunwinds(box, checker, name, compiler):
    if name == "shapes" and "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("no AVX2 here")
    compared, different, lost, text = check(box, checker, build_victim(box, name, compiler),
                                            every=5 if name == "deep" else 1)
    assert compared > 100
    assert lost == 0 or name == "no_info", text
    assert different == 0, text


PROGRAMS = {
    "python3": ["python3", "-c", "import json, re; [json.loads(json.dumps(list(range(300)))) for i in range(20)]"],
    "python3 with threads": ["python3", "-c", "import threading, json\n"
                             "t = [threading.Thread(target=json.dumps, args=(list(range(9000)),)) for i in range(8)]\n"
                             "[x.start() for x in t]; [x.join() for x in t]"],
    "perl": ["perl", "-e", "my %h; $h{$_} = [1..10] for 1..3000; print scalar(keys %h), sort { $a <=> $b } 1..50"],
    "sqlite3": ["sqlite3", ":memory:", "create table t(a,b); insert into t with recursive c(x) as (select 1 union all "
                "select x+1 from c where x<4000) select x,hex(randomblob(9)) from c; create index i on t(b); "
                "select count(*) from t group by a%7;"],
    "git": ["git", "-C", str(ROOT), "log", "--stat", "-5"],
    "gcc": ["gcc", "-O2", "-c", str(ROOT / "tests/victims/stack_shapes.c"), "-mavx2", "-o", "out.o"],
    "node": ["node", "-e", "let a = []; for (let i = 0; i < 20000; i++) a.push(String(i)); console.log(a.sort().length)"],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_stack_of_a_real_program_equals_libunwinds(box, checker, name):
    if not shutil.which(PROGRAMS[name][0]):
        pytest.skip("not installed")
    if name == "git" and subprocess.run(["git", "-C", ROOT, "rev-parse"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("this tree is no git repository")
    compared, different, _, text = check(box, checker, PROGRAMS[name], every=7)
    assert compared > 20
    assert different == 0, text


GDB = """
set pagination off
set confirm off
set backtrace past-main on
set backtrace past-entry on
set breakpoint pending on
set startup-with-shell off
handle SIGPROF SIGUSR1 SIGUSR2 nostop noprint pass
set environment LD_PRELOAD {checker}
set environment STACK_CHECKER_FILE {log}
break compare_walks
run
python
def pcs(frame):
    while frame:
        if frame.type() not in (gdb.TAILCALL_FRAME, gdb.INLINE_FRAME):
            yield int(frame.pc())
        frame = frame.older()
for turn in range(25):
    theirs = list(pcs(gdb.selected_frame()))
    gdb.execute("finish", to_string=True)
    values = gdb.parse_and_eval("ours")
    ours = [int(values[i]) for i in range(int(gdb.parse_and_eval("ours_count")))]
    print("compared", len(ours), theirs[theirs.index(ours[0]):] == ours if ours[0] in theirs else False)
    gdb.execute("ignore 1 %d" % (turn % 17 + 3))
    gdb.execute("continue", to_string=True)
end
kill
"""


@pytest.mark.parametrize("name", ["shapes", "lookalikes", "exceptions", "signals", "longjmp", "no_info"])
def test_every_stack_of_a_stopped_program_equals_gdbs(box, checker, name):
    if not shutil.which("gdb"):
        pytest.skip("no gdb")
    script = box / "script"
    script.write_text(GDB.format(checker=checker, log=box / "stacks"))
    ended = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", script, "--args", *build_victim(box, name, "gcc"),
                            "with rbp"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200,
                           env=environment())
    results = re.findall(rb"^compared (\d+) (\w+)", ended.stdout, re.M)
    if not results and b"ptrace" in ended.stdout:
        pytest.skip("gdb may not trace here")
    assert len(results) == 25, ended.stdout.decode(errors="replace")
    assert all(int(depth) > 3 and equal == b"True" for depth, equal in results), results
