# SPDX-License-Identifier: MIT
"""Programs that nobody here wrote run preloaded as they run alone, and each has a report."""
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness import (PATH, ROOT, environment, only_trace, preloaded, report, run, stack, table_row, traces, under_run)

PYTHON_JOB = """
import json, threading
def work(n):
    for i in range(40):
        json.loads(json.dumps({str(k): [k] * 5 for k in range(n)}))
threads = [threading.Thread(target=work, args=(300 + n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sum(len(str(i)) for i in range(1000)))
"""
PERL_JOB = 'my %h; $h{$_ % 997} .= "x$_" for 1..50000; print length(join "", map { $h{$_} } sort keys %h), "\\n"'
SQL_JOB = """create table t(a integer primary key, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
insert into t select i, printf('%08d', i * 7919 % 30011) from n;
create index b on t(b); select count(*), min(b), max(b) from t; select a from t order by b limit 5;"""
BASH_JOB = """declare -A seen; for i in $(seq 500); do seen[$((i % 37))]+=x; done
for k in "${!seen[@]}"; do echo "$k ${#seen[$k]}"; done | sort -n | tail -3
cat <(echo one) <(echo two); x=$(echo $(echo $(echo nested))); echo $x; trap 'echo bye' EXIT
f() { local a=$1; ((a > 0)) && f $((a - 1)); }; f 100; echo "${BASH_VERSINFO[0]}" >/dev/null"""
NODE_JOB = """const a = []; for (let i = 0; i < 20000; i++) a.push(Buffer.alloc(100, i & 255));
setTimeout(() => console.log(a.reduce((s, b) => s + b[7], 0)), 10);
require('zlib').deflate(Buffer.concat(a), (e, d) => console.log(d.length > 0));"""
PHP_JOB = """$a = []; for ($i = 0; $i < 20000; $i++) $a["k$i"] = str_repeat(chr(65 + $i % 26), $i % 50);
ksort($a); echo md5(serialize($a)), strlen(json_encode($a)), count(get_loaded_extensions()) > 5;"""
COMPRESS_JOB = """tar --sort=name --mtime=@0 --owner=0 --group=0 -cf t.tar files
xz -k -T2 t.tar && xz -dc t.tar.xz | cmp - t.tar && zstd -q -T2 t.tar && zstd -dcq t.tar.zst | cmp - t.tar
tar -cJf u.tar.xz files && tar -tJf u.tar.xz | sort && tar --zstd -tf t.tar.zst | wc -l"""
GIT = ["git", "-c", "user.name=A", "-c", "user.email=a@b", "-c", "gc.auto=0"]


def sh(script):
    return ["bash", "-c", script]


PROGRAMS = {
    "git log": [*GIT, "-C", "repository", "--no-pager", "log", "--stat", "-p"],
    "git status": [*GIT, "-C", "repository", "status", "--porcelain", "--ignored"],
    "git commit": sh("cd repository && date > new && git add new && git -c user.name=A -c user.email=a@b "
                     "commit -qm x && git log --oneline | wc -l && git repack -adq && git fsck 2>/dev/null"),
    "perl": ["perl", "-e", PERL_JOB],
    "python3": ["python3", "-c", PYTHON_JOB],
    "python3 PYTHONMALLOC=malloc": ["env", "PYTHONMALLOC=malloc", "python3", "-c", PYTHON_JOB],
    "sqlite3": ["sqlite3", ":memory:", SQL_JOB],
    "/usr/bin/time": ["/usr/bin/time", "-f", "%x", "sh", "-c", "echo timed; exit 3"],
    "bash": sh(BASH_JOB),
    "ssh -V": ["ssh", "-V"],
    "ssh -G": ["ssh", "-F", "/dev/null", "-G", "localhost"],
    "curl --version": ["curl", "--version"],
    "curl file:": ["curl", "-s", "file:///etc/services"],
    "xmllint": ["xmllint", "--format", "--xpath", "//c[@n='77']", "data.xml"],
    "jq": ["jq", "-S", "map(select(.n % 7 == 0)) | length, .[3]", "data.json"],
    "tar, xz, zstd": sh(COMPRESS_JOB),
    "gcc -S": ["gcc", "-O2", "-D_GNU_SOURCE", "-I.", "-S", "-o", "-", "source.c"],
    "gcc (cc1, as, collect2)": sh("gcc -O2 -g -D_GNU_SOURCE -I. -pthread source.c -o prog && ./prog exit"),
    "g++": sh("echo '#include <map>\n#include <iostream>\nint main() { std::map<int, int> m; m[1] = 2; "
              "std::cout << m[1]; }' | g++ -x c++ - -o prog && ./prog"),
    "clang": sh("clang -O2 -D_GNU_SOURCE -I. -pthread source.c -o prog && ./prog exit"),
    "node": ["node", "-e", NODE_JOB],
    "php": ["php", "-r", PHP_JOB],
    "java -version": ["java", "-version"],
    "java --version": ["java", "--version"],
    "make -j": sh("printf 'all: a b c\\na b c:\\n\\t@sh -c \"sleep 0.01\"\\n' > Makefile && make -j4 && echo made"),
    "find, xargs, sort, awk": sh("find files -type f | sort | xargs -P1 -n3 wc -l | awk '{s += $1} END {print s}'"),
    "openssl": sh("openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=a 2>/dev/null && "
                  "openssl x509 -in c -noout -subject"),
    "gdb --version": ["gdb", "-nx", "-batch", "-ex", "print 6*7"],
}


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Files to work on: copies of our own sources, a repository of them, XML and JSON."""
    folder = tmp_path_factory.mktemp("material")
    shutil.copytree(ROOT / "tests", folder / "files", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests/victims/leak_then_end.c", folder / "source.c")
    shutil.copy(ROOT / "tests/victims/victim.h", folder)
    rows = range(3000)
    (folder / "data.xml").write_text("<a>" + "".join(f"<c n='{n}'>text {n}</c>" for n in rows) + "</a>")
    (folder / "data.json").write_text(json.dumps([{"n": n, "text": "x" * (n % 50)} for n in rows]))
    shutil.copytree(folder / "files", folder / "repository")
    (folder / "repository" / ".gitignore").write_text("*.o\n")
    script = "git init -q -b main . && for f in .gitignore victims *.py; do git add -- $f && git commit -qm $f -- $f; done; touch y.o"
    env = environment(HOME=folder, GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="A",
                      GIT_COMMITTER_EMAIL="a@b")
    subprocess.run(["/bin/bash", "-ec", script], cwd=folder / "repository", env=env, check=True)
    return folder


@pytest.fixture
def bench(material, box):
    """Runs one program of the matrix in a fresh copy of the material."""
    def one(runner, argv, *arguments, **more):
        work = box / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(material, work, symlinks=True)
        env = environment(HOME=work, TMPDIR=box)
        return runner(argv, *arguments, env=env, cwd=work, **more)
    return one


def need(argv):
    if not shutil.which(argv[0], path=PATH):
        pytest.skip(f"{argv[0]} is not installed")


def bare(argv, env, cwd):
    return run(argv, env, cwd=cwd)


@pytest.mark.parametrize("name", PROGRAMS)
def test_real_program_preloaded_is_the_same_program(name, bench, box):
    argv = PROGRAMS[name]
    need(argv)
    alone = bench(bare, argv)
    (box / "traces").mkdir()
    traced = bench(preloaded, argv, box / "traces")
    assert (traced.status, traced.stdout) == (alone.status, alone.stdout), traced
    found = traces(box / "traces")
    assert found, traced
    for trace in found:
        whole = report(trace)
        assert whole["summary"]["complete"] is True, trace.name
        assert not [f for f in whole["findings"] if f["kind"].startswith("freed-")], (trace.name, whole["findings"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_real_program_under_leakshim_run_is_the_same_program(name, bench, box):
    argv = PROGRAMS[name]
    need(argv)
    alone = bench(bare, argv)
    traced = bench(under_run, argv, box / "t.trace")
    assert (traced.status, traced.stdout) == (alone.status, alone.stdout), traced
    whole = report(box / "t.trace")
    if "LEAKSHIM_TABLE" in os.environ:
        write_table_row(name, bench, box, alone, traced, whole)


def write_table_row(name, bench, box, alone, traced, whole):
    """Times are the best of three: alone, preloaded without a report, and `leakshim run` with its report."""
    argv = PROGRAMS[name]
    quiet = {"report": "none", "keep": "leaks"}
    runs = [(bench(bare, argv).seconds, bench(preloaded, argv, box, settings=quiet).seconds,
             bench(under_run, argv, box / f"{n}.trace").seconds) for n in range(3)]
    base, tracing, with_report = (min(column) for column in zip(*runs))
    table_row(name, traced.status == alone.status, traced.stdout == alone.stdout,
              whole["summary"]["blocks"], tracing / base, with_report / base)


def test_what_phps_extensions_let_go_is_no_leak(bench, box):
    """They are loaded with RTLD_DEEPBIND, so that their free would be libc's own. Valgrind finds nothing lost either."""
    need(["php"])
    done = bench(preloaded, PROGRAMS["php"], box)
    assert done.status == 0, done
    for trace in traces(box):
        whole = report(trace)
        assert whole["summary"]["complete"] is True, whole["summary"]
        assert not [group for group in whole["leaks"] if group["class"] == "definite"], whole["leaks"][:3]


NODE_LEAK = """const kept = [];
function leak(n) { kept.push(Buffer.allocUnsafeSlow(5000 + n)); }
function serve() { for (let i = 0; i < 300; i++) leak(i % 3); }
serve();
process.kill(process.pid, "SIGKILL");
"""


def test_javascript_frames_have_names_and_lines_where_node_writes_a_perf_map(box):
    need(["node"])
    (box / "leak.js").write_text(NODE_LEAK)
    done = preloaded(["node", "--perf-basic-prof", "--interpreted-frames-native-stack", box / "leak.js"], box,
                     cwd=box)  # where node leaves a log of its own
    try:
        assert done.status == 128 + signal.SIGKILL, done
        # node 18 writes lines, newer ones columns, too
        named = [(group["bytes"], [re.sub(r"^JS:\W?|(?<=\.js:\d):\d+$", "", name) for name in stack(group) if str(box) in name][:2])
                 for group in report(only_trace(box))["leaks"] if group["bytes"] // group["count"] // 10 == 500]
        # the code that was interpreted first may be compiled meanwhile: another stack
        ours = [size for size, names in named if names == [f"leak {box}/leak.js:2", f"serve {box}/leak.js:3"]]
        assert sum(ours) == 300 * 5001 and len(ours) <= 3, named
    finally:
        Path(f"/tmp/perf-{done.pid}.map").unlink(missing_ok=True)


def test_gcc_is_followed_into_cc1_as_and_collect2(bench, box):
    need(["gcc"])
    done = bench(preloaded, PROGRAMS["gcc (cc1, as, collect2)"], box)
    assert done.status == 3, done
    names = {Path(trace).name.split(".")[0] for trace in traces(box)}
    assert {"gcc", "cc1", "as", "collect2", "ld", "prog"} <= names, names
