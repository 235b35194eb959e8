# SPDX-License-Identifier: MIT
"""Every way in which an object of a library ends, or leaves the program's hands, is seen: freed by a function of another name,
by one that the compiler inlined inside the library, with what it was given to, or as a part of something else.

The victims are victims/ways_*.c: many small functions, each of which is one way. What is not installed is skipped.
"""
import shutil
import subprocess
import wave

import pytest

from harness import ROOT, environment, only_trace, preload, report, run, stack

VICTIMS = ROOT / "tests/victims"
LEAKS = {"definite", "possible", "held"}
LIBRARIES = {
    "cairo": ["cairo", "cairo-pdf", "cairo-svg", "cairo-ft"],
    "dbus": ["dbus-1"],
    "ffmpeg": ["libavformat", "libavcodec", "libavutil"],
    "glib": ["gio-2.0"],
    "gobject": ["gio-2.0"],
    "gstreamer": ["gstreamer-1.0"],
    "jansson": ["jansson"],
    "json-c": ["json-c"],
    "libevent": ["libevent"],
    "libxml2": ["libxml-2.0"],
    "net": ["libcurl", "libarchive", "libnghttp2"],
    "openssl": ["openssl"],
    "systemd": ["libsystemd"],
}
NEED_A_BUS = {"dbus", "systemd"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ways")
    with wave.open(str(folder / "silence.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(8000))
    return folder


def built(place, library):
    out = place / f"ways_{library}"
    if not out.exists():
        found = subprocess.run(["pkg-config", "--cflags", "--libs", *LIBRARIES[library]], text=True, capture_output=True, timeout=60)
        if found.returncode:
            pytest.skip(f"not installed: {' '.join(LIBRARIES[library])}")
        subprocess.run(["gcc", "-g", "-O0", "-w", VICTIMS / f"ways_{library}.c", "-o", out, *found.stdout.split()], check=True,
                       timeout=120)
    return out


def go(place, library, folder, *words, **settings):
    """Runs the ways of a library preloaded; what is lost, and the findings."""
    env = environment(WAYS_WAV=place / "silence.wav", GST_REGISTRY=place / "registry", GST_REGISTRY_FORK="no")
    argv = [built(place, library), *words]
    preloaded = preload(folder, {"PATH": env["PATH"]}, report="none", **settings)
    if library in NEED_A_BUS:
        if not shutil.which("dbus-run-session", path=env["PATH"]):
            pytest.skip("not installed: dbus-daemon")
        argv = ["dbus-run-session", "--", "env", *(f"{name}={value}" for name, value in preloaded.items()), *argv]
    ended = run(argv, env if library in NEED_A_BUS else {**env, **preloaded})
    assert ended.status == 0, ended
    return told(folder, f"ways_{library}")


def told(folder, program):
    whole = report(only_trace(folder, program))
    lost = [(leak["class"], leak["type"], leak["count"], stack(leak)) for leak in whole["leaks"] if leak["class"] in LEAKS]
    return lost, [(found["kind"], found["type"], found["function"]) for found in whole["findings"]]


@pytest.mark.parametrize("library", LIBRARIES)
def test_nothing_is_said_of_objects_that_ended_in_any_way(library, place, tmp_path):
    assert go(place, library, tmp_path, "clean") == ([], [])


@pytest.mark.parametrize("level", ["simple", "advanced"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_nothing_is_said_of_them_where_only_a_sample_of_objects_and_blocks_is_followed(library, level, place, tmp_path):
    lost, findings = go(place, library, tmp_path, "clean", "all", "20", level=level)
    assert ([group for group in lost if group[1] != "block"], findings) == ([], [])


FORGOTTEN = [
    ("cairo", "pattern_of_group", "cairo_pattern_t"), ("cairo", "surface_part", "cairo_surface_t"),
    ("dbus", "message_shared", "DBusMessage"), ("dbus", "message_copied", "DBusMessage"),
    ("ffmpeg", "packet_grown", "AVPacket"), ("ffmpeg", "frame_made_writable", "AVFrame"),
    ("glib", "key_file_free", "GKeyFile"), ("glib", "key_file_shared_unref_free", "GKeyFile"),
    ("glib", "queue_ref_unlocked", "GAsyncQueue"), ("glib", "uri_unref", "GUri"), ("glib", "uri_relative", "GUri"),
    ("glib", "bytes_to_array", "GBytes"), ("glib", "arc_box_release", "g_atomic_rc_box"),
    ("gobject", "param_sunk", "GParamSpec"), ("gobject", "floating_sunk", "GObject"), ("gobject", "node_info_unref", "GDBusNodeInfo"),
    ("gstreamer", "structure_clear", "GstStructure"), ("gstreamer", "buffer_clear", "GstMiniObject"),
    ("jansson", "decref_shared", "json_t"), ("json-c", "put_shared", "json_object"),
    ("libevent", "event_finalized", "event"), ("libevent", "buffer_referenced", "evbuffer"),
    ("libxml2", "xpath_object_without_set", "xmlXPathObject"), ("libxml2", "xpath_variable", "xmlXPathObject"),
    ("net", "h2_header_kept", "nghttp2_rcbuf"), ("net", "mime_in_mime", "curl_mime"),
    ("openssl", "x509_item_free", "X509"), ("openssl", "bio_shared_all", "BIO"), ("openssl", "crl_item_free", "X509_CRL"),
    ("systemd", "event_unref", "sd_event"), ("systemd", "bus_unref", "sd_bus"),
]


@pytest.mark.parametrize("library, way, kind", FORGOTTEN, ids=["-".join(words[:2]) for words in FORGOTTEN])
def test_an_object_whose_end_was_forgotten_is_told_of_once(library, way, kind, place, tmp_path):
    lost, findings = go(place, library, tmp_path, "forget", way)
    kinds = [(whose, count) for _, whose, count, made in lost if way in made]
    assert len(kinds) == 1 and kinds[0][0] == kind and findings == [], (lost, findings)


PARTS = r"""
#include <stdlib.h>
struct item { int is_part; char text[2996]; };
struct item *item_new(void) { return calloc(1, sizeof(struct item)); }
void item_free(struct item *i) { if (!i->is_part) free(i); }
int main(void)
{
	for (int round = 0; round < 900; round++) {
		char *before = malloc(3000);
		struct item *one = item_new(), *part = one;

		item_free(one);
		free(before);
		char *whole = calloc(1, 1 << 16);
		if (whole < (char *)part && (char *)(part + 1) <= whole + (1 << 16)) {
			part->is_part = 1;
			item_free(part);
		}
		free(whole);
	}
}
"""


@pytest.mark.parametrize("level", ["paranoid", "advanced", "simple"])
def test_a_part_of_a_block_is_not_the_object_that_ended_at_its_address(level, tmp_path):
    (tmp_path / "own.probes").write_text("type item block=own\ncreate item_new ret\nfinal item_free arg0\n")
    subprocess.run(["gcc", "-g", "-O0", "-w", "-x", "c", "-", "-o", tmp_path / "parts"], input=PARTS, text=True, check=True, timeout=60)
    for _ in range(1 if level == "paranoid" else 8):  # other blocks are followed each time
        assert run([tmp_path / "parts"], preload(tmp_path, probes=tmp_path / "own.probes", report="none", level=level)).status == 0
        assert told(tmp_path, "parts") == ([], [])
        for trace in tmp_path.glob("*.trace"):
            trace.unlink()
