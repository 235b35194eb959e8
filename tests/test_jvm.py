# SPDX-License-Identifier: MIT
"""Java objects are followed from outside a Java virtual machine, with nothing but LD_PRELOAD. The services on gRPC are in
test_jvm_scenes.py; here it is what the shim does: classes that are patched, stacks, records, ends, walks of the heap."""
import shutil
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest

from harness import BUILD, LEAKSHIM, ROOT, end_group, environment, only_trace, preload, preloaded, report, run, wait_until

SOURCES = sorted((ROOT / "tests" / "victims" / "java").glob("*.java"))
JARS = [Path("/usr/share/java") / name for name in ("netty-buffer.jar", "netty-common.jar")]
MACHINES = sorted({path.resolve() for path in Path("/usr/lib/jvm").glob("*/bin/java")})
SUPPORTED = {"17", "21", "25"}

pytestmark = [
    pytest.mark.skipif(not shutil.which("javac"), reason="no javac: apt-get install openjdk-17-jdk-headless"),
    pytest.mark.skipif(not (BUILD / "tests" / "unit_class_patch").exists(), reason="built without the headers of a JDK"),
]


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    if not all(jar.exists() for jar in JARS):
        pytest.skip("no Netty in /usr/share/java: apt-get install libnetty-java")
    folder = tmp_path_factory.mktemp("classes")
    done = run(["javac", "-g", "-nowarn", "--release", "17", "-cp", ":".join(map(str, JARS)), "-d", folder, *SOURCES])
    assert done.status == 0, done
    return folder


def java(classes, program, *arguments, machine="java", options=()):
    return [machine, *options, "-cp", ":".join(map(str, [classes, *JARS])), program, *arguments]


def of_type(whole, name):
    return [group for group in whole["leaks"] if group["type"] == name]


def made_in(whole, name, method):
    return [group for group in of_type(whole, name)
            if any((frame.get("function") or "") == method for frame in group["created_at"])]


def count(groups):
    return sum(group["count"] for group in groups)


def version(machine):
    out = subprocess.run([machine, "-XshowSettings:properties", "-version"], capture_output=True, text=True, env=environment())
    lines = [line.split("=")[1].strip() for line in out.stderr.splitlines() if "java.vm.specification.version" in line]
    return lines[0] if lines else "?"


def check_leaks(whole):
    assert count(made_in(whole, "ByteBuf", "Leaks.forgets")) == 10
    assert count(made_in(whole, "ByteBuf", "Leaks.keeps")) == 5
    assert not made_in(whole, "ByteBuf", "Leaks.tidies")
    again = [finding for finding in whole["findings"] if finding["type"] == "ByteBuf"]
    assert len(again) == 1 and again[0]["count"] == 1, whole["findings"]


@pytest.mark.parametrize("way, status", [("return", 0), ("exit", 3), ("halt", 4)])
def test_buffers_that_nobody_released_are_told_however_the_program_ends(box, classes, way, status):
    bare = run(java(classes, "Leaks", way))
    done = preloaded(java(classes, "Leaks", way), box, settings={"report": "none"})
    assert (bare.status, done.status) == (status, status)
    assert (done.stdout, done.stderr) == (bare.stdout, bare.stderr)
    check_leaks(report(only_trace(box)))


def started(box, classes, *options, machine="java", settings=None):
    """A program that waits, in a process group of its own."""
    env = preload(box, environment(), report="none", **(settings or {}))
    process = subprocess.Popen(java(classes, "Leaks", "wait", machine=machine, options=options), env=env,
                               stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_leaves_the_names_of_java_frames_and_threads(box, classes, number):
    process = started(box, classes)
    process.send_signal(number)
    process.wait(60)
    whole = report(only_trace(box))
    check_leaks(whole)
    forgotten = made_in(whole, "ByteBuf", "Leaks.forgets")[0]
    assert forgotten["threads"][0]["name"] == "a worker with a long name"
    frame = [frame for frame in forgotten["created_at"] if frame["function"] == "Leaks.forgets"][0]
    assert (frame["file"], frame["line"]) == ("Leaks.java", 14)


def walked(process, trace):
    """A look at the heap has verdicts for what is lost, and a holder for the rest."""
    process.send_signal(signal.SIGUSR1)
    whole = report(trace)
    lost = [group for group in made_in(whole, "ByteBuf", "Leaks.forgets") if group["class"] == "definite"]
    return count(lost) == 10 and "Leaks.SINK" in str(made_in(whole, "ByteBuf", "Leaks.keeps"))


def collectors():
    return [[f"-XX:+Use{name}GC"] for name in ("Serial", "Parallel", "G1", "Z", "Shenandoah")] + [["-Xint"], ["-Xmx24m"]]


@pytest.mark.parametrize("options", collectors(), ids=lambda options: options[0].lstrip("-"))
def test_a_snapshot_tells_what_is_lost_and_who_holds_the_rest(box, classes, options):
    process = started(box, classes, *options)
    try:
        wait_until(lambda: walked(process, only_trace(box)), "a walk of the heap", 60)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(60) == 143
        end_group(process.pid)
    own = [group for group in report(only_trace(box))["leaks"]
           if group["type"] == "block" and group["class"] not in ("runtime", "reachable")]
    assert not own, own


def test_what_one_thread_makes_and_another_releases_needs_no_more_room(box, classes):
    done = preloaded(java(classes, "Leaks", "pass"), box, settings={"report": "none"})
    assert done.status == 0, done
    check_leaks(report(only_trace(box)))
    assert only_trace(box).stat().st_size < 20_000_000


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.parts[4])
def test_every_machine_is_followed_or_left_alone_with_a_word(box, classes, machine):
    done = preloaded(java(classes, "Leaks", "exit", machine=machine), box, settings={"report": "none"})
    assert done.status == 3 and b"leakshim" not in done.stderr, done
    whole = report(only_trace(box))
    if version(machine) in SUPPORTED:
        check_leaks(whole)
    else:
        assert not of_type(whole, "ByteBuf")


def test_a_machine_that_is_not_to_be_followed_is_a_program_like_others(box, classes):
    done = preloaded(java(classes, "Leaks"), box, settings={"report": "none", "jvm": 0})
    assert done.status == 0, done
    assert not of_type(report(only_trace(box)), "ByteBuf")


@pytest.mark.parametrize("options", [["-XX:ArchiveClassesAtExit="], ["-Xshare:dump", "-XX:SharedArchiveFile="]],
                         ids=lambda options: options[0].strip("-="))
def test_a_machine_that_writes_an_archive_of_its_classes_still_does(box, options):
    command = ["java", *options[:-1], options[-1] + str(box / "classes.jsa"), "-version"]
    bare = run(command)
    (box / "classes.jsa").unlink(missing_ok=True)
    done = preloaded(command, box, settings={"report": "none"})
    assert done.status == bare.status == 0 and b"agent" not in done.stdout + done.stderr, done
    assert (box / "classes.jsa").exists()
    said = run([LEAKSHIM, "report", only_trace(box)]).stdout
    assert b"the Java virtual machine: its objects were not followed: it writes an archive" in said, said


OWN = """
type Handle class=Own$Handle name=title
create  .<init>
retain  .share(int) by=arg0
release .close by=arg0
touch   .odd
inside  .odd
"""


def test_own_classes_are_followed_by_a_file(box, classes):
    probes = box / "own.jprobes"
    probes.write_text(OWN)
    done = preloaded(java(classes, "Own", options=["-Xverify:all"]), box, settings={"report": "none", "probes": probes})
    assert (done.status, done.stdout) == (0, b"59\n"), done
    groups = of_type(report(only_trace(box)), "Handle")
    assert len(groups) == 1 and groups[0]["count"] == 1, groups
    assert groups[0]["created_at"][0]["function"] == "Own$Handle.open", groups
    assert {record["op"] for record in groups[0]["records"]} == {"retain", "release", "touch"}, groups


def test_memory_outside_of_the_java_heap_has_a_java_stack(box, classes):
    for options in (["-Xint"], ["-Xcomp"]):
        folder = box / options[0]
        folder.mkdir()
        done = preloaded(java(classes, "Own", options=options), folder, settings={"report": "none"}, timeout=300)
        assert done.status == 0, done
        groups = [group for group in report(only_trace(folder))["leaks"]
                  if any((frame.get("function") or "") == "Own.takesOutside" for frame in group["created_at"])]
        assert sum(group["count"] for group in groups if group["bytes"] >= 100_000) == 3, groups


def test_probe_files_are_checked(box):
    good, bad = box / "own.jprobes", box / "bad.jprobes"
    good.write_text(OWN)
    bad.write_text("type A clas=B\ntype B class=some.Type\nmake .x\nretain .y ret\ncreate .<init>\nrelease y\n")
    assert run([LEAKSHIM, "probes", "--check", good]).status == 0
    done = run([LEAKSHIM, "probes", "--check", bad])
    text = done.stdout.decode()
    assert done.status == 2, done
    for place in (":1:8:", ":3:1:", ":4:1:", ":6:9:"):
        assert f"{bad}{place} error: " in text, text


def test_the_catalog_has_no_mistakes():
    for path in sorted((ROOT / "shim" / "catalog").glob("*.jprobes")):
        done = run([LEAKSHIM, "probes", "--check", path])
        assert done.status == 0 and b"no mistakes" in done.stdout, done


LOADER = """
import java.nio.file.*;
public final class Loader {
    public static void main(String[] a) throws Exception {
        int bad = 0, good = 0;
        for (String line : Files.readAllLines(Path.of(a[0]))) {
            String name = line.substring(a[1].length() + 1, line.length() - 6).replace('/', '.');
            try {
                Class.forName(name, false, Loader.class.getClassLoader()).getDeclaredMethods(); // links, and so verifies
                good++;
            } catch (VerifyError | ClassFormatError wrong) {
                System.out.println(name + ": " + wrong);
                bad++;
            } catch (LinkageError | TypeNotPresentException lacking) {
                // what it needs is not installed
            }
        }
        System.out.println(good + " " + bad);
    }
}
"""


@pytest.fixture(scope="module")
def all_classes(tmp_path_factory):
    """All classes of the installed jars of Netty and gRPC, in a folder; and the list of their paths."""
    folder = tmp_path_factory.mktemp("jars")
    jars = {path.resolve() for pattern in ("netty-*.jar", "grpc-*.jar") for path in Path("/usr/share/java").glob(pattern)}
    if not jars:
        pytest.skip("no Netty in /usr/share/java: apt-get install libnetty-java")
    for jar in sorted(jars):
        with zipfile.ZipFile(jar) as archive:
            archive.extractall(folder / "classes", [name for name in archive.namelist()
                                                    if name.endswith(".class") and not name.startswith("META-INF")])
    listed = folder / "list"
    listed.write_text("".join(f"{path}\n" for path in sorted((folder / "classes").rglob("*.class"))))
    (folder / "Loader.java").write_text(LOADER)
    assert run(["javac", "-d", folder, folder / "Loader.java"]).status == 0
    return folder


def test_every_installed_class_verifies_with_calls_in_all_its_methods(all_classes):
    command = ["java", "-Xverify:all", "-cp", f"{all_classes}:{all_classes}/classes", "Loader", all_classes / "list",
               all_classes / "classes"]
    before = run(command, timeout=300).stdout.split()[-2:]
    done = run([BUILD / "tests" / "unit_class_patch"], stdin=(all_classes / "list").read_bytes(), timeout=300)
    assert done.status == 0 and b" 0 refused" in done.stdout, done
    after = run(command, timeout=300)
    assert after.stdout.split()[-2:] == before and before[1] == b"0", after
    assert int(before[0]) > 1000


def test_a_damaged_class_file_is_never_read_beyond_its_end(all_classes):
    some = (all_classes / "list").read_text().splitlines(keepends=True)[::40]
    done = run([BUILD / "tests" / "unit_class_patch", "200"], stdin="".join(some).encode(), timeout=300)
    assert done.status == 0 and b" patched" in done.stdout, done




@pytest.mark.parametrize("collector", ["G1", "Z", "Serial"])
def test_classes_that_are_unloaded_take_nothing_along_and_their_objects_are_one_group(classes, collector, tmp_path):
    jars = [str(jar) for jar in JARS]
    done = preloaded(["java", f"-XX:+Use{collector}GC", "-cp", classes, "Unloads", *jars], tmp_path)
    assert done.status == 0 and done.stdout == b"unloaded\n", done
    lost, = made_in(report(only_trace(tmp_path)), "ByteBuf", "Unloads.round")
    assert lost["count"] == 20, lost
