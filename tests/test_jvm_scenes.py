# SPDX-License-Identifier: MIT
"""Services on gRPC-Java and Netty, each with one mistake: the report names it, by its cause and its line."""
import pytest

import jvm_scenes
from harness import run

FAULTY = [scene for scene in jvm_scenes.SCENES if scene.cause]


def each(flavour):
    return pytest.mark.parametrize("scene", jvm_scenes.scenes(flavour), ids=lambda scene: scene.name.replace(" ", "-"))


@pytest.fixture(name="installed", scope="module")
def is_installed():
    needed("debian")


def needed(flavour):
    """Skips with the reason where a flavour cannot be built."""
    try:
        jvm_scenes.build(flavour)
    except jvm_scenes.Missing as reason:
        pytest.skip(str(reason))


@each("debian")
def test_a_scene_runs_to_its_end_alone(scene, installed):
    done = run(jvm_scenes.command(scene, "debian"))
    assert done.status == 0, done
