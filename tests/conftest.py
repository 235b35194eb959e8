# SPDX-License-Identifier: MIT
"""What every test file gets: `box`, an empty folder that anybody may enter, and a look at what is built."""
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

import harness


def pytest_sessionstart(session):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored under nohup, and a shell cannot trap what it finds ignored
    for part in (harness.SHIM, harness.LEAKSHIM):
        if not part.exists():
            pytest.exit(f"{part} is not built; run scripts/test, or meson setup build && ninja -C build", 2)


@pytest.fixture
def box():
    folder = Path(tempfile.mkdtemp(prefix="leakshim-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
