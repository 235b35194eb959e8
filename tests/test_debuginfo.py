# SPDX-License-Identifier: MIT
"""Lines of stripped programs, from debug information that lies elsewhere."""
import http.server
import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from harness import LEAKSHIM, environment, run


@pytest.fixture
def stripped(tmp_path):
    """A trace of a stripped program, its debug information, and its build id."""
    (tmp_path / "x.c").write_text("#include <stdlib.h>\nstatic void *forget(void) { return malloc(9); }\nint main(void) { return !forget(); }\n")
    program, debug = tmp_path / "x", tmp_path / "apart"  # beside it, x.debug would be found
    for words in (["gcc", "-g", "-Wl,--build-id", tmp_path / "x.c", "-o", program], ["objcopy", "--only-keep-debug", program, debug],
                  ["strip", program]):
        subprocess.run(words, check=True, timeout=60)
    run([LEAKSHIM, "run", "-o", tmp_path / "t", "--", program], environment(TMPDIR=tmp_path))
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    return tmp_path / "t", debug, re.search(r"Build ID: ([0-9a-f]+)", notes)[1]


def serve(answers):
    """A server on loopback that has these files, and notes what it is asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            data = answers.get(self.path)
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, asked


def report(trace, folder, url=None, *words, **changes):
    more = {"DEBUGINFOD_URLS": url} if url else {}
    return run([LEAKSHIM, "report", *words, trace], environment(DEBUGINFOD_CACHE_PATH=folder / "cache", HOME=folder, **more, **changes))


def has_library():
    return any(Path("/usr/lib").glob("*/libdebuginfod.so.1")) or pytest.skip("no libdebuginfod, which libdw asks servers by")


def test_debug_information_is_fetched_where_servers_are_named(stripped, tmp_path):
    has_library()
    trace, debug, build_id = stripped
    assert b"x.c:2" not in report(trace, tmp_path).stdout
    server, asked = serve({f"/buildid/{build_id}/debuginfo": debug.read_bytes()})
    try:
        done = report(trace, tmp_path, f"http://127.0.0.1:{server.server_port}")
        assert b"made in forget (x.c:2)" in done.stdout and not done.stderr, done
        assert f"/buildid/{build_id}/debuginfo" in asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_server_that_does_not_answer_is_asked_once(stripped, tmp_path):
    has_library()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = report(stripped[0], tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}", DEBUGINFOD_TIMEOUT=1)
    assert done.status == 0 and b"LEAK: 1 time, 9 bytes" in done.stdout, done
    assert done.text.count("DEBUGINFOD_URLS: no answer in ") == 1 and done.text.count("\n") == 1, done


def test_a_server_that_is_not_there_is_no_trouble(stripped, tmp_path):
    done = report(stripped[0], tmp_path, "http://127.0.0.1:1")
    assert done.status == 0 and b"LEAK: 1 time, 9 bytes" in done.stdout, done


def test_the_end_of_a_program_waits_for_no_server(stripped, tmp_path):
    server, asked = serve({})
    try:
        report(stripped[0], tmp_path, f"http://127.0.0.1:{server.server_port}", "--from-shim", "exit", "--keep", "always")
        assert not asked
    finally:
        server.shutdown()
        server.server_close()


def test_debug_information_is_found_by_build_id_below_usr_lib_debug(stripped, tmp_path):
    trace, debug, build_id = stripped
    script = (f"mkdir -p /usr/lib/debug && mount -t tmpfs tmpfs /usr/lib/debug && mkdir -p /usr/lib/debug/.build-id/{build_id[:2]} && "
              f"cp {debug} /usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug && exec {LEAKSHIM} report {trace}")
    done = run(["unshare", "--map-root-user", "--mount", "/bin/sh", "-ec", script])
    if done.status == 1 and not done.stdout:
        pytest.skip(f"no mounts of its own: {done.text}")
    assert b"made in forget (x.c:2)" in done.stdout, done
