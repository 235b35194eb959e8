# SPDX-License-Identifier: MIT
"""Services on gRPC-Java and Netty, each with one mistake: the report names it, by its cause and its line."""
import concurrent.futures
import re
import shutil
import tempfile
from pathlib import Path

import pytest

import jvm_scenes
from harness import LEAKSHIM, ROOT, run

CENTRAL = ("grpc-1.70.0", "grpc-1.63.0", "netty-4.2.20.Final")


def each(*flavours, faulty):
    """Scenes of flavours, those with a mistake or those without."""
    pairs = [(flavour, scene) for flavour in flavours for scene in jvm_scenes.scenes(flavour) if bool(scene.cause) == faulty]
    return pytest.mark.parametrize("flavour, scene", pairs,
                                   ids=[f"{flavour}-{scene.name.replace(' ', '-')}" for flavour, scene in pairs])


class Ahead:
    """Runs the scenes of the tests that are to come, two at a time, since each of them mostly waits."""

    def __init__(self, items):
        self.folder = Path(tempfile.mkdtemp(prefix="leakshim-scenes-"))
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        wanted = [item.callspec.params for item in items if hasattr(item, "callspec")]
        self.running = {}
        for params in wanted:
            if "scene" in params:
                self.begin(params["scene"], params["flavour"])

    def begin(self, scene, flavour):
        key = flavour, scene.name
        if key not in self.running:
            self.running[key] = self.pool.submit(self.run, scene, flavour)
        return self.running[key]

    def run(self, scene, flavour):
        jvm_scenes.build(flavour)
        return jvm_scenes.look(scene, flavour, tempfile.mkdtemp(dir=self.folder))

    def end(self):
        self.pool.shutdown(cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def ahead(request):
    scenes = Ahead(item for item in request.session.items if item.fspath == request.fspath)
    yield scenes
    scenes.end()


@pytest.fixture
def look(ahead):
    """Runs a scene under leakshim; skips with the reason where its flavour cannot be built."""
    def found_in(scene, flavour):
        try:
            found = ahead.begin(scene, flavour).result()
        except jvm_scenes.Missing as reason:
            pytest.skip(str(reason))
        assert found.ended.status == 0, found.ended
        return found
    return found_in


def judge(scene, found):
    problems = found.of_cause(scene.cause)
    assert problems, (found.causes, found.text)
    assert all(problem["explanation"]["because"] or problem["explanation"]["last_held_by"] for problem in problems), found.text
    assert all(problem["explanation"]["advice"] for problem in problems), found.text
    marked = scene.marked()
    if scene.line_is_known and marked:
        assert set(marked) & {line for _, line in found.lines(scene.cause)}, (marked, found.text)


@each("debian", faulty=True)
def test_a_service_with_a_mistake_is_reported_with_its_cause_and_its_line(flavour, scene, look):
    judge(scene, look(scene, flavour))


@each("debian", faulty=False)
def test_a_clean_service_has_no_group_and_passes_a_check(flavour, scene, look):
    found = look(scene, flavour)
    assert not found.problems, found.text
    done = run([LEAKSHIM, "check", found.trace])
    assert done.status == 0, done


def test_a_report_of_java_reads_as_netty_users_expect(look):
    scene = next(scene for scene in jvm_scenes.SCENES if scene.program == "RetainedInStatic")
    text = look(scene, "debian").text
    assert "LEAK: ByteBuf.release() was not called before" in text
    assert "Recent access records:\n#1: release by release(), count 1 after it" in text
    assert "\nCreated at:\n\tio.netty.buffer.PooledByteBufAllocator.newDirectBuffer(PooledByteBufAllocator.java:" in text
    assert "\tscene.RetainedInStatic.remember(RetainedInStatic.java:28)\n" in text
    assert "In a call of Notes/Say" in text


@each(*CENTRAL, faulty=True)
def test_newer_jars_with_a_mistake_are_reported_with_their_cause(flavour, scene, look):
    judge(scene, look(scene, flavour))


@each(*CENTRAL, faulty=False)
def test_newer_jars_without_a_mistake_have_no_group(flavour, scene, look):
    found = look(scene, flavour)
    assert not found.problems, found.text


def test_the_report_of_java_in_the_readme_is_real(look):
    readme = (ROOT / "README.md").read_text()
    handler = re.search(r"^```java\n(.*?)^```$", readme, re.M | re.S)[1]
    shown = re.search(r"java -jar server.jar\n(.*?)^```$", readme, re.M | re.S)[1]
    scene = next(scene for scene in jvm_scenes.SCENES if scene.program == "UnaryNeverCompleted")
    assert handler in scene.source.read_text()
    text = look(scene, "debian").text
    said = text.splitlines()
    assert said[0].startswith("LEAK: ServerCall.close() was not called before")
    for line in shown.splitlines()[1:]:
        assert line in said or "garbage" in line, (line, text)  # whether it was collected depends on the machine
