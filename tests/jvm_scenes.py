# SPDX-License-Identifier: MIT
"""Real gRPC-Java and Netty services with one mistake each: builds them against a set of jars and runs them.

Jars are Debian's (gRPC-Java 1.41.3, Netty 4.1.48), or come from Maven Central.
"""
import dataclasses
import fcntl
import functools
import json
import os
import re
import shutil
from pathlib import Path

from harness import BUILD, LEAKSHIM, ROOT, environment, only_trace, preload, run

FOLDER = ROOT / "tests" / "jvm"
DEBIAN_JARS = """grpc-api grpc-context grpc-core grpc-netty grpc-protobuf grpc-protobuf-lite grpc-stub guava gson failureaccess
protobuf perfmark-api netty-buffer netty-common netty-codec netty-codec-http netty-codec-http2 netty-codec-socks netty-handler
netty-handler-proxy netty-resolver netty-transport netty-transport-native-unix-common""".split()
OPTIONAL_JARS = {"failureaccess", "gson", "netty-codec-socks"}
MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath"
SHADED = "io.grpc.netty.shaded."


class Missing(Exception):
    """Something that is not installed, or cannot be fetched; its text is the reason of a skip."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """A program, its mistake, and what a good report says of it."""
    program: str
    cause: str | None = None  # as in the JSON report; None: there is nothing to find
    arguments: tuple = ()
    flavours: tuple = ("debian", "grpc-1.70.0")
    resource: str = "ByteBuf"  # what is never released, or "call", "channel"
    holder: str | None = None  # who holds it
    line_is_known: bool = True  # else no code of the program is in any stack of what leaks

    @property
    def name(self):
        return " ".join((self.program, *self.arguments))

    @property
    def source(self):
        return FOLDER / "scene" / f"{self.program}.java"

    def marked(self):
        """Lines on which the source says that something is missing or wrong, if need be for these arguments only."""
        ends = tuple(" ".join(("//", word, *self.arguments)) for word in ("MISSING", "WRONG"))
        lines = self.source.read_text().splitlines()
        return [number for number, line in enumerate(lines, 1) if line.endswith(ends)]


BOTH = ("debian", "grpc-1.70.0")
ALL = (*BOTH, "netty-4.2.20.Final")
SCENES = [
    Scene("UnaryNeverCompleted", "never-completed", resource="call"),
    Scene("ServerStreamNeverCompleted", "never-completed", resource="call"),
    Scene("ClientStreamNeverCompleted", "never-completed", resource="call", line_is_known=False),
    Scene("ClientNeverHalfCloses", "never-completed", resource="call"),
    Scene("UnsynchronisedObserver", "unsynchronised"),
    Scene("ShutdownNotAwaited", "not-awaited", resource="channel"),
    Scene("CancelNotCleaned", "cancelled"),
    Scene("CancelKeepsSubscriber", "cancelled", resource="call", holder="CancelKeepsSubscriber.SUBSCRIBERS"),
    Scene("ZeroCopyNeverClosed", "dropped"),
    Scene("SerializerThrows", "error-path"),
    Scene("ErrorPathForgetsRelease", "error-path"),
    Scene("RetainedInStatic", "retained", holder="RetainedInStatic.CACHE"),
    Scene("Dropped", "dropped"),
    Scene("ReleasedTwice", "double-release"),
    Scene("LibraryDropsTooLarge", "library"),
    Scene("CancelDropsQueued", "library", flavours=("grpc-1.63.0",)),
    Scene("ChatCancelNotCleaned", "cancelled"),
    Scene("InterceptorNeverCloses", "never-completed", resource="call"),
    Scene("CatchNeverAnswers", "never-completed", resource="call"),
    Scene("QueueDroppedAtShutdown", "dropped"),
    Scene("ComponentRetained", "dropped"),
    Scene("HttpForgetsRelease", "dropped"),
    Scene("EncoderThrows", "error-path"),
    Scene("NettyEcho", "dropped", ("drops",), ALL),
    Scene("NettyEcho", "retained", ("keeps",), ALL, holder="NettyEcho.KEPT"),
    Scene("NettyEcho", "double-release", ("twice",), ALL),
    Scene("NettyEcho", None, ("clean",), ALL),
    Scene("CleanCalls"),
    Scene("CleanCancel"),
    Scene("CancelDropsQueued"),
]


def scenes(flavour):
    return [scene for scene in SCENES if flavour in scene.flavours]


def java():
    program = shutil.which("java", path=environment()["PATH"])
    if not program:
        raise Missing("no java: apt-get install openjdk-17-jdk-headless")
    return program


@functools.cache
def jars(flavour):
    """The class path of a flavour."""
    return debian_jars() if flavour == "debian" else maven_jars(*flavour.split("-", 1))


def debian_jars():
    found = [Path("/usr/share/java") / f"{name}.jar" for name in DEBIAN_JARS]
    lacking = [jar.stem for jar in found if not jar.exists() and jar.stem not in OPTIONAL_JARS]
    if lacking:
        raise Missing(f"no {', '.join(lacking)} in /usr/share/java: apt-get install libgrpc-java libnetty-java "
                      "libperfmark-java libprotobuf-java")
    return [jar for jar in found if jar.exists()]


def maven_jars(profile, version):
    mvn = shutil.which("mvn")
    if not mvn:
        raise Missing("no Maven Central: mvn is not installed")
    place = BUILD / "tests" / f"jars-{profile}-{version}"
    if not place.exists():
        done = run([mvn, "-q", "-B", "-f", FOLDER / "pom.xml", f"-P{profile}", f"-D{profile}={version}", MAVEN_PLUGIN,
                    f"-Dmdep.outputFile={place}.new"], {**os.environ}, timeout=300)
        if done.status != 0:
            raise Missing(f"no Maven Central: {done.stdout.decode(errors='replace').strip()[:200]}")
        os.rename(f"{place}.new", place)
    found = [Path(jar) for jar in place.read_text().strip().split(":")]
    if not all(jar.exists() for jar in found):
        place.unlink()
        raise Missing("no Maven Central: its jars were taken away again")
    return found


def class_path(flavour):
    return ":".join(map(str, [build(flavour), *jars(flavour)]))


@functools.cache
def build(flavour):
    """Compiles the scenes of a flavour, once for all tests; returns the folder of the classes."""
    javac = shutil.which("javac", path=environment()["PATH"])
    if not javac:
        raise Missing("no javac: apt-get install openjdk-17-jdk-headless")
    path = jars(flavour)
    place = BUILD / "tests" / f"scenes-{flavour}"
    place.mkdir(parents=True, exist_ok=True)
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = [FOLDER / "notes.proto", *sorted((FOLDER / "scene").glob("*.java"))]
        stamp = place / "stamp"
        wanted = "".join(f"{source.name} {source.stat().st_mtime_ns}\n" for source in sources)
        if not stamp.exists() or stamp.read_text() != wanted:
            compile_scenes(flavour, javac, path, place, sources)
            stamp.write_text(wanted)
    return place / "classes"


def compile_scenes(flavour, javac, path, place, sources):
    for folder in ("source", "classes"):
        shutil.rmtree(place / folder, ignore_errors=True)
        (place / folder / "scene").mkdir(parents=True)
    programs = [source for source in sources[1:] if not flavour.startswith("netty") or
                source.stem in ("Collecting", "NettyEcho")]
    for source in programs:
        text = source.read_text()
        if flavour.startswith("grpc"):
            text = re.sub(r"^import (io\.netty|io\.grpc\.netty)\.", rf"import {SHADED}\1.", text, flags=re.M)
        (place / "source" / "scene" / source.name).write_text(text)
    if not flavour.startswith("netty"):
        generate_stubs(place / "source", sources[0])
    written = sorted((place / "source").rglob("*.java"))
    done = run([javac, "-proc:none", "-nowarn", "-g", "-d", place / "classes", "-cp", ":".join(map(str, path)), *written])
    assert done.status == 0, done


def generate_stubs(place, proto):
    protoc, plugin = (shutil.which(name, path=environment()["PATH"]) for name in ("protoc", "grpc_java_plugin"))
    if not protoc or not plugin:
        raise Missing("no protoc or grpc_java_plugin: apt-get install protobuf-compiler protobuf-compiler-grpc-java-plugin")
    done = run([protoc, f"-I{proto.parent}", f"--java_out={place}", f"--plugin=protoc-gen-grpc-java={plugin}",
                f"--grpc-java_out={place}", proto])
    assert done.status == 0, done
    stub = place / "scene" / "NotesGrpc.java"  # its one annotation left the JDK with Java 11
    lines = iter(stub.read_text().splitlines(keepends=True))
    kept = []
    for line in lines:
        if line.startswith("@javax.annotation.Generated"):
            while not line.rstrip().endswith(")"):
                line = next(lines)
            continue
        kept.append(line)
    stub.write_text("".join(kept))


def command(scene, flavour, *options):
    return [java(), *options, "-cp", class_path(flavour), f"scene.{scene.program}", *scene.arguments]


def netty_level(flavour, level):
    """Options that put Netty's own detector at a level and give it its best chance."""
    prefix = SHADED if flavour.startswith("grpc") else ""
    return [f"-D{prefix}io.netty.leakDetection.level={level}", "-Dscene.collect=true"]


def netty_reports(ended):
    """What Netty's detector said: the lines with LEAK."""
    return [line for line in (ended.stdout + ended.stderr).decode(errors="replace").splitlines() if "LEAK:" in line]


class Found:
    """What leakshim says of a scene that ran under it."""

    def __init__(self, ended, whole, text, trace):
        self.ended, self.whole, self.text, self.trace = ended, whole, text, trace
        self.problems = whole["leaks"] + whole["findings"]

    @property
    def causes(self):
        return {problem.get("cause") for problem in self.problems}

    def of_cause(self, cause):
        return [problem for problem in self.problems if problem.get("cause") == cause]

    def lines(self, cause):
        """(file, line) of the releases that the groups of a cause lack."""
        missing = [(problem.get("explanation") or {}).get("missing_release") for problem in self.of_cause(cause)]
        return [(place["file"], place["line"]) for place in missing if place]

    def words(self):
        if not self.problems:
            return "nothing"
        kinds = {}
        for problem in self.problems:
            kinds[problem["type"]] = kinds.get(problem["type"], 0) + problem["count"]
        return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))

    def best(self, scene):
        """The line that is named, of the expected cause if there is one."""
        lines = self.lines(scene.cause) or [None]
        return f"{lines[0][0]}:{lines[0][1]}" if lines[0] else "-"


def look(scene, flavour, folder, *options, settings=None):
    """Runs a scene under leakshim and reads its report."""
    ended = run(command(scene, flavour, *options), preload(folder, report="none", **(settings or {})), timeout=120)
    trace = only_trace(folder, "java")
    text, whole = (run([LEAKSHIM, "report", trace, *form]).stdout for form in ((), ("--format", "json", "--max", "0")))
    return Found(ended, json.loads(whole), text.decode(errors="replace"), trace)
