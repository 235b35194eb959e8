# SPDX-License-Identifier: MIT
"""The recipes of leakshim-ci(7), each taken from the manual as it stands there, and run: what leaks fails, what does not passes."""
import configparser
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import LEAKSHIM, PATH, ROOT, SHIM, environment, run, wait_until
from test_servers import as_postgres

MANUAL = (ROOT / "analyzer" / "leakshim-ci.7").read_text()
TESTS = """#include <stdlib.h>
static void *forget(void) { return malloc(100); }
int main(void) { return getenv("FORGETS") && !forget(); }
"""


def blocks():
    """(name, file or None, text) of each block."""
    pattern = r'^\.\\" (?:(\w+): )?(?:file (\S+)|run)\n\.Bd -literal -offset indent\n(.*?)^\.Ed$'
    for name, file, text in re.findall(pattern, MANUAL, re.M | re.S):
        yield name, file or None, text.replace("\\e", "\\").replace("\\-", "-")


def file_of(name):
    return next(text for n, file, text in blocks() if n == name and file)


def commands_of(name):
    return next(text for n, file, text in blocks() if n == name and not file)


@pytest.fixture
def project(tmp_path):
    """A project with a test that forgets a block if FORGETS is set, and what its recipes need."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "leakshim").symlink_to(LEAKSHIM)
    (tmp_path / "tests.c").write_text(TESTS)
    (tmp_path / ".leakshim.ini").write_text("source-root = .\n")
    (tmp_path / ".leakshim.ini").chmod(0o644)
    path = f"{tmp_path}/bin:{PATH}:/usr/local/go/bin:/usr/lib/go/bin:{os.path.expanduser('~')}/.cargo/bin"
    env = environment(PATH=path, TMPDIR=tmp_path, HOME=os.path.expanduser("~"))

    def need(*tools):
        for tool in tools:
            if not shutil.which(tool, path=path):
                pytest.skip(f"no {tool}")

    def shell(text, **changes):
        return run(["/bin/sh", "-ec", text], {**env, **changes}, cwd=tmp_path, timeout=300)

    def write(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def judge(text, again=None, named=b"forget"):
        """The recipe passes; with a leak it fails and names what leaked."""
        done = shell(text)
        assert done.status == 0, done
        done = shell(again or text, FORGETS="1")
        assert done.status != 0, done
        assert named in done.stdout + done.stderr, done
        return done

    return SimpleNamespace(path=tmp_path, env=env, need=need, shell=shell, write=write, judge=judge)


def build(project):
    subprocess.run(["gcc", "-g", project.path / "tests.c", "-o", project.path / "tests"], check=True, timeout=60)


def test_the_baseline_of_the_manual_lets_known_leaks_pass(project):
    build(project)
    (settings, _, ini), (_, _, commands) = [b for b in blocks() if not b[0]]
    project.write(".leakshim.ini", ini)
    assert project.shell(commands, FORGETS="1").status == 0
    assert "forget" in (project.path / "ci" / "known-leaks").read_text()
    assert project.shell("leakshim run --check -- ./tests", FORGETS="1").status == 0
    project.write("ci/known-leaks", "")
    assert project.shell("leakshim run --check -- ./tests", FORGETS="1").status == 23


def test_meson(project):
    project.need("meson", "ninja")
    project.write("meson.build", "project('p', 'c')\ntest('tests', executable('tests', 'tests.c'))\n" + file_of("meson"))
    commands = commands_of("meson")
    project.judge(commands, commands.splitlines()[1] + " --print-errorlogs")


def test_cmake(project):
    project.need("cmake", "ctest")
    project.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(p C)\nenable_testing()\n"
                  "add_executable(tests tests.c)\nadd_test(NAME tests COMMAND tests)\n")
    commands = commands_of("cmake")
    project.judge(commands, commands.splitlines()[2])


def test_any_runner_in_front_of_its_children(project):
    project.need("cmake", "ctest")
    project.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(p C)\nenable_testing()\nadd_executable(tests tests.c)\n"
                  "add_test(NAME tests COMMAND sh -c $<TARGET_FILE:tests>)\n")
    assert project.shell("cmake -S . -B build && cmake --build build").status == 0
    project.judge(commands_of("ctest"))


def test_make(project):
    project.write("Makefile", "CFLAGS = -g\n" + file_of("make"))
    project.judge(commands_of("make"))


def test_pytest_of_an_extension(project):
    include = subprocess.run(["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_path('include'))"], capture_output=True,
                             text=True, check=True).stdout.strip()
    if not os.path.exists(f"{include}/Python.h"):
        pytest.skip("no Python.h")
    project.write("forgetful.c", "#include <Python.h>\nstatic PyObject *forget(PyObject *self, PyObject *args) { malloc(100); Py_RETURN_NONE; }\n"
                  'static PyMethodDef methods[] = {{"forget", forget, METH_NOARGS, ""}, {0}};\n'
                  'static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "forgetful", 0, -1, methods};\n'
                  "PyMODINIT_FUNC PyInit_forgetful(void) { return PyModule_Create(&module); }\n")
    subprocess.run(["gcc", "-g", "-shared", "-fPIC", "-I", include, "forgetful.c", "-o", "forgetful.so"], cwd=project.path, check=True, timeout=60)
    project.write("test_it.py", "import os, forgetful\ndef test_it():\n    if 'FORGETS' in os.environ: [forgetful.forget() for _ in range(20)]\n")
    project.judge(commands_of("pytest"))


def test_cargo(project):
    project.need("cargo")
    project.write("Cargo.toml", '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("src/lib.rs", "#[test]\nfn forget() { if std::env::var(\"FORGETS\").is_ok() { std::mem::forget(Box::new([1u8; 100])); } }\n")
    if project.shell("cargo test --offline").status:
        pytest.skip("cargo cannot build a program here")
    project.judge(commands_of("cargo"))


def test_go_with_cgo(project):
    project.need("go")
    project.write("p/go.mod", "module p\n\ngo 1.19\n")
    project.write("p/p.go", 'package p\n\n/*\n#include <stdlib.h>\nstatic void forget(void) { volatile char *p = malloc(100); *p = 1; }\n*/\nimport "C"\n'
                  "func Forget() { C.forget() }\n")
    project.write("p/exit.go", file_of("go"))
    project.write("p/exit_test.go", file_of("gotest"))
    project.write("p/p_test.go", 'package p\n\nimport ("os"; "testing")\n\nfunc TestIt(t *testing.T) { if os.Getenv("FORGETS") != "" { Forget() } }\n')
    env = "GO111MODULE=on GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=1\n"
    can = project.shell(f"cd p; export {env}go build ./...")
    if can.status:
        pytest.skip(f"go cannot build a program with cgo here: {can.text[-300:]}")
    project.judge(f"cd p; export {env}{commands_of('go')}", named=b"1 block in 1 group, 100 bytes")  # go test strips names off


def schema_checker():
    from test_formats import tool
    return tool("check-jsonschema", "check-jsonschema")


def steps_of(words):
    """The commands that need no other machine."""
    return "\n".join(word for word in words if "apt-get" not in word)


@pytest.mark.parametrize("name, schema, file", [
    ("github", "vendor.github-workflows", ".github/workflows/leaks.yml"), ("gitlab", "vendor.gitlab-ci", ".gitlab-ci.yml")])
def test_files_of_build_servers_are_valid(project, name, schema, file):
    project.write(file, file_of(name))
    done = subprocess.run([schema_checker(), "--builtin-schema", schema, project.path / file], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done


def judged_with_make(project, commands):
    project.write("Makefile", "CFLAGS = -g\n")
    done = project.judge(commands)
    return done


def test_github_actions(project):
    yaml = pytest.importorskip("yaml", reason="no yaml for Python")
    steps = yaml.safe_load(file_of("github"))["jobs"]["leaks"]["steps"]
    done = judged_with_make(project, steps_of(step["run"] for step in steps if "run" in step))
    assert b"::error file=tests.c,line=" in done.stdout
    assert json.loads((project.path / steps[-1]["with"]["sarif_file"]).read_text())["runs"][0]["results"]


def test_gitlab(project):
    yaml = pytest.importorskip("yaml", reason="no yaml for Python")
    job = yaml.safe_load(file_of("gitlab"))["leaks"]
    judged_with_make(project, steps_of(job["script"]))
    reports = job["artifacts"]["reports"]
    assert json.loads((project.path / reports["codequality"]).read_text())[0]["location"]["path"] == "tests.c"
    assert "<failure" in (project.path / reports["junit"]).read_text()


def test_jenkins(project):
    text = file_of("jenkins")
    assert text.count("{") == text.count("}")
    judged_with_make(project, steps_of(re.findall(r"\bsh '(.*)'$", text, re.M)))
    for file in re.findall(r"junit '(.*)'|pattern: '(.*)'", text):
        assert (project.path / "".join(file)).stat().st_size > 100


def preloaded_as(project, settings):
    """Runs the tests of the project with the settings of a service, its folders below the project."""
    for value in re.findall(r"dir=(\S+)", settings["LEAKSHIM_OPTIONS"]):
        (project.path / value.strip("/")).mkdir(parents=True, mode=0o700)
    env = {"LD_PRELOAD": settings["LD_PRELOAD"].replace("libleakshim.so", str(SHIM)),
           "LEAKSHIM_OPTIONS": settings["LEAKSHIM_OPTIONS"].replace("dir=/", f"dir={project.path}/") + f":analyzer={LEAKSHIM}"}
    return project.shell("exec ./tests", FORGETS="1", **env)


def test_a_service_of_systemd(project):
    build(project)
    drop_in = file_of("systemd")
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(drop_in)
    settings = dict(re.findall(r"^Environment=(\w+)=(.*)$", drop_in, re.M))
    assert b"LEAK: 1 time, 100 bytes" in preloaded_as(project, settings).stderr
    assert f"/var/lib/{parser['Service']['StateDirectory']}" in settings["LEAKSHIM_OPTIONS"]
    project.need("systemd-analyze")
    project.write("p.service", f"[Service]\nExecStart={project.path}/tests\n")
    project.write("p.service.d/leakshim.conf", drop_in)
    done = project.shell("SYSTEMD_UNIT_PATH=$PWD: systemd-analyze verify --man=no p.service 2>&1")
    assert done.status == 0 and b"leakshim.conf" not in done.stdout, done


def test_a_container_of_kubernetes(project):
    yaml = pytest.importorskip("yaml", reason="no yaml for Python")
    build(project)
    spec = yaml.safe_load(file_of("kubernetes"))["spec"]
    (container,) = spec["containers"]
    settings = {variable["name"]: variable["value"] for variable in container["env"]}
    assert b"LEAK: 1 time, 100 bytes" in preloaded_as(project, settings).stderr
    (mount,), (volume,) = container["volumeMounts"], spec["volumes"]
    assert mount["name"] == volume["name"] and settings["LEAKSHIM_OPTIONS"] == f"dir={mount['mountPath']}"


def until_stopped(project, words, ready, sign=signal.SIGTERM, prefix=()):
    """Starts a service, stops it as whoever runs it does, and returns its report."""
    with open(project.path / "report", "wb") as report:
        service = subprocess.Popen([*prefix, "/bin/sh", "-ec", f"exec {words}"], env=project.env, cwd=project.path, stderr=report,
                                   stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_until(lambda: ready() or service.poll() is not None, "the service to be ready", 60)
            service.send_signal(sign)
            service.wait(60)
        finally:
            if service.poll() is None:
                os.killpg(service.pid, signal.SIGKILL)
                service.wait()
    return (project.path / "report").read_text(errors="replace")


def test_the_entry_point_of_a_container(project):
    project.write("server.c", "#include <signal.h>\n#include <stdlib.h>\n#include <unistd.h>\n#include <stdio.h>\nstatic volatile sig_atomic_t over;\n"
                  "static void end(int s) { over = s; }\nstatic void *forget(void) { return malloc(100); }\n"
                  "int main(void) { signal(SIGTERM, end); forget(); fclose(fopen(\"ready\", \"w\")); while (!over) usleep(1000); return 0; }\n")
    subprocess.run(["gcc", "-g", project.path / "server.c", "-o", project.path / "server"], check=True, timeout=60)
    words = json.loads(re.search(r"^ENTRYPOINT (.*)$", file_of("docker"), re.M)[1])
    assert words[0] == "leakshim" and words[-1] == "/usr/local/bin/server"
    report = until_stopped(project, " ".join([*words[:-1], "./server"]), (project.path / "ready").exists)
    assert "LEAK: 1 time, 100 bytes, made in forget" in report and "ended by exit(0)" in report, report


def test_nginx(project):
    project.need("nginx")
    project.write("nginx.conf", "error_log stderr;\npid nginx.pid;\nevents {}\nhttp { access_log off; server { listen unix:nginx.sock; } }\n")
    report = until_stopped(project, commands_of("nginx"), (project.path / "nginx.sock").exists, signal.SIGQUIT)
    assert "The program ended by exit(0)" in report, report


def test_redis(project):
    project.need("redis-server")
    report = until_stopped(project, commands_of("redis"), (project.path / "redis.sock").exists)
    assert "The program ended by exit(0)" in report, report


def test_postgresql(box):
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("no PostgreSQL")
    _, prefix = as_postgres()
    for part, folder in ((LEAKSHIM, "bin"), (SHIM, "lib")):  # where every user can read them
        (box / folder).mkdir(mode=0o755)
        shutil.copy(part, box / folder)
    box.chmod(0o1777)
    done = run([*prefix, binaries[-1] / "initdb", "-D", box / "data", "--no-sync"], environment(), cwd=box)
    assert done.status == 0, done
    with open(box / "data" / "postgresql.auto.conf", "a", encoding="ascii") as settings:
        settings.write("listen_addresses = ''\n")
    project = SimpleNamespace(path=box, env=environment(PATH=f"{box}/bin:{binaries[-1]}:{PATH}", TMPDIR=box))
    report = until_stopped(project, commands_of("postgresql"), lambda: any(box.glob("data/.s.PGSQL.*[0-9]")), signal.SIGINT, prefix)
    assert "The program ended by exit(0)" in report, report
