# SPDX-License-Identifier: MIT
"""Counted resources of real libraries and of the program itself: each with its fault and its clean twin.

The victims are victims/probes_*.c, built here against the Debian packages; what is not installed is
skipped with its name.
"""
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import uprobes
from harness import LEAKSHIM, ROOT, Server, environment, include_floors, only_trace, preload, preloaded, report, run, stack, traces, wait_until

VICTIMS = ROOT / "tests/victims"
LEAKS = {"definite", "possible", "held", "unclassified"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probes")

    def build(name, packages=(), *flags):
        source = next(VICTIMS.glob(f"{name}.c*"))
        out = folder / (name + "".join(flags).replace("-", ""))
        if not out.exists():
            words = []
            if packages:
                found = subprocess.run(["pkg-config", "--cflags", "--libs", *packages], text=True,
                                       capture_output=True, timeout=60)
                if found.returncode:
                    pytest.skip(f"not installed: {' '.join(packages)}")
                words = found.stdout.split()
            subprocess.run(["g++" if source.suffix == ".cpp" else "gcc", "-g", "-O0", "-w", *flags, source, "-o", out,
                            *words, "-ldl"], check=True, timeout=120)
        return str(out)
    return build


def watch(folder, argv, env=None, status=0, **settings):
    """Runs a program preloaded; its report, and what it wrote."""
    folder.mkdir(exist_ok=True)
    ended = run(argv, preload(folder, env, report="exit", **settings))
    assert ended.status == status, ended
    return report(only_trace(folder)), ended


def resources(whole, kind, classes=LEAKS):
    return [leak for leak in whole["leaks"] if leak["type"] == kind and leak["class"] in classes]


def lost(whole, kind, classes=LEAKS):
    return sum(leak["count"] for leak in resources(whole, kind, classes))


@pytest.mark.parametrize("way, heads", [("node", ["GObject"]), ("array", ["GObject"]), ("above", ["GObject", "block"])])
def test_a_counted_object_is_told_of_before_what_was_lost_with_it(way, heads, built, tmp_path):
    program = built("probes_cycle_head", ["gobject-2.0"])
    preloaded([program, way], tmp_path, settings={"report": "none"})
    whole = report(only_trace(tmp_path))
    assert sorted(leak["type"] for leak in whole["leaks"] if leak["lost"]["definite"]["count"]) == heads, whole["leaks"]


@pytest.mark.parametrize("way", ["own reference", "own closure", "each other", "several", "watched"])
def test_an_object_is_not_held_by_the_table_of_its_signal_handlers(way, built, tmp_path):
    program = built("probes_gobject_handlers", ["gobject-2.0"])
    preloaded([program, way], tmp_path, settings={"report": "none"})
    made = {group["class"]: group["count"] for group in report(only_trace(tmp_path))["leaks"]
            if group["type"] == "GObject" and "use_one" in stack(group)}
    assert made.get("definite", 0) >= 5, made  # a stale word may hold one of six
    (tmp_path / "right").mkdir()
    preloaded([program, way, "right"], tmp_path / "right", settings={"report": "none"})
    left = report(only_trace(tmp_path / "right"))["leaks"]
    assert {group["class"] for group in left} <= {"reachable", "runtime"}, left


def test_a_source_that_its_main_loop_lets_go_is_no_mistake(built, tmp_path):
    done = run([LEAKSHIM, "run", "--format", "json", "--", built("probes_glib_source", ["glib-2.0"])], environment(TMPDIR=tmp_path))
    whole = json.loads(done.text)
    assert done.status == 0 and not whole["findings"] and not resources(whole, "GSource"), whole


def component_row(name, expected, found):
    """A line of the table of components, in the test's log."""
    print(f"component: {name}: expected {expected}, found {found}")


def counted_leaks(whole):
    counts = Counter()
    for leak in whole["leaks"]:
        if leak["class"] in LEAKS and leak["type"] not in ("block", "object", "array"):
            counts[leak["type"]] += leak["count"]
    return dict(counts)


COMPONENTS = [
    # victim, packages, what is lost, where it was made
    ("glib_bytes", ["glib-2.0"], {"GBytes": 3}, "make"),
    ("glib_variant", ["glib-2.0"], {"GVariant": 4}, "make"),
    ("gobject_cycle", ["gobject-2.0"], {"GObject": 1}, "make"),
    ("ffmpeg", ["libavutil"], {"AVBufferRef": 5, "AVFrame": 1}, "main"),
    ("openssl", ["libcrypto"], {"X509": 2}, "make"),
    ("dbus", ["dbus-1"], {"DBusMessage": 1}, "make"),
    ("libevent", ["libevent"], {"evbuffer": 1}, "make"),
    ("cairo", ["cairo"], {"cairo_surface_t": 2}, "make"),
    ("two_jsons", ["json-c", "jansson"], {"json_object": 1, "json_t": 1}, "main"),
    ("grpc", ["grpc"], {"grpc_byte_buffer": 1, "grpc_slice": 1}, "make"),
    ("gio", ["gio-2.0"], {"GObject": 6}, "first_line_length"),
    ("reopen", ["json-c"], {"json_object": 3}, "lose"),
]


@pytest.mark.parametrize("name, packages, expected, maker", COMPONENTS, ids=[c[0] for c in COMPONENTS])
def test_what_was_not_released_is_reported_with_its_maker(tmp_path, built, name, packages, expected, maker):
    whole, _ = watch(tmp_path, [built("probes_" + name, packages)])
    component_row(name, expected, counted_leaks(whole))
    assert counted_leaks(whole) == expected
    assert any(maker in stack(leak) for kind in expected for leak in resources(whole, kind))


@pytest.mark.parametrize("name, packages", [c[:2] for c in COMPONENTS], ids=[c[0] for c in COMPONENTS])
def test_the_clean_twin_has_no_leaks(tmp_path, built, name, packages):
    whole, _ = watch(tmp_path, [built("probes_" + name, packages), "clean"])
    assert [leak for leak in whole["leaks"] if leak["class"] in LEAKS] == []
    assert whole["findings"] == []


def made_in_all_classes(whole, kind, maker):
    """A stale word may still point at one of them, or one at the other: then its class is another one."""
    return [leak for leak in resources(whole, kind, LEAKS | {"reachable", "indirect"}) if maker in stack(leak)]


def test_where_a_decoder_says_eagain_the_forgotten_frames_and_packets_are_counted(tmp_path, built):
    program = built("probes_ffmpeg_decode", ["libavcodec", "libavutil"])
    whole, ended = watch(tmp_path, [program])
    frames, packets = map(int, ended.stdout.split())
    counted = counted_leaks(whole)
    component_row("ffmpeg_decode", {"AVFrame": frames, "AVPacket": packets}, counted)
    # a packet's reference of its data hangs on it, unless a stale word of the codec's points into that too (FFmpeg 7)
    assert counted.pop("AVBufferRef", 0) <= packets
    assert counted == {"AVFrame": frames, "AVPacket": packets} and frames >= 40
    leak, = resources(whole, "AVFrame")
    assert stack(leak)[:2] == ["receive", "decode"]
    assert leak["records"][0]["function"] == "av_frame_unref" or leak["records"][0]["op"] == "touch"


def test_a_decoder_that_lets_go_of_all_has_no_leaks(tmp_path, built):
    whole, ended = watch(tmp_path, [built("probes_ffmpeg_decode", ["libavcodec", "libavutil"]), "clean"])
    assert ended.stdout == b"0 0\n" and counted_leaks(whole) == {}


@pytest.mark.parametrize("how, count", [("leaky", 1), ("clean", 0)])
def test_calls_never_finished_and_a_queue_not_drained_are_found(tmp_path, built, how, count):
    whole, _ = watch(tmp_path, [built("probes_grpc_call", ["grpc"]), how])
    calls = made_in_all_classes(whole, "grpc_call", "start")
    queues = made_in_all_classes(whole, "grpc_completion_queue", "main")  # gRPC's own threads may still point at it
    found = {"grpc_call": sum(leak["count"] for leak in calls), "grpc_completion_queue": len(queues)}
    component_row(f"grpc_call, {how}", {"grpc_call": 2 * count, "grpc_completion_queue": count}, found)
    assert found == {"grpc_call": 2 * count, "grpc_completion_queue": count}
    assert lost(whole, "grpc_call") == 2 * count
    assert count or counted_leaks(whole) == {}


def test_what_a_program_in_cpp_keeps_of_grpc_is_found(tmp_path, built):
    program = built("probes_grpc_cpp", ["grpc++", "grpc"])
    whole, _ = watch(tmp_path, [program])
    assert sum(leak["count"] for leak in made_in_all_classes(whole, "grpc_byte_buffer", "make_message")) == 2
    kept = [leak for leak in resources(whole, "grpc_slice", LEAKS | {"indirect"}) if leak["count"]]
    component_row("grpc_cpp", {"object": 2, "grpc_slice": 1}, {
        "object": sum(leak["count"] for leak in whole["leaks"] if leak["type"] == "object" and leak["class"] in LEAKS),
        "grpc_slice": sum(leak["lost"]["definite"]["count"] for leak in kept)})
    assert sum(leak["lost"]["definite"]["count"] for leak in kept) == 1 and sum(leak["count"] for leak in kept) == 3
    objects = [leak for leak in whole["leaks"] if leak["type"] == "object" and leak["class"] in LEAKS]
    assert [(stack(leak)[0], leak["count"]) for leak in objects] == [("make_message", 2)]


def test_a_program_in_cpp_that_lets_go_of_all_has_no_leaks(tmp_path, built):
    whole, _ = watch(tmp_path, [built("probes_grpc_cpp", ["grpc++", "grpc"]), "clean"])
    assert [leak for leak in whole["leaks"] if leak["class"] in LEAKS] == []


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugin")
    words = subprocess.run(["pkg-config", "--cflags", "--libs", "gstreamer-1.0"], text=True, capture_output=True)
    if words.returncode:
        pytest.skip("not installed: libgstreamer1.0-dev")
    subprocess.run(["gcc", "-shared", "-fPIC", "-g", "-w", VICTIMS / "probes_gst_plugin.c", "-o",
                    folder / "libleaky.so", *words.stdout.split()], check=True, timeout=120)
    return environment(GST_PLUGIN_PATH=folder, GST_REGISTRY=folder / "registry", GST_REGISTRY_FORK="no")


LAUNCH = ["gst-launch-1.0", "-q", "fakesrc", "num-buffers=40", "sizetype=fixed", "!", "leaky", "!", "fakesink"]


def test_gst_launch_with_a_plugin_that_drops_buffers_has_as_many_leaks_as_its_own_tracer_says(tmp_path, plugin):
    truth = run(LAUNCH, {**plugin, "GST_TRACERS": "leaks(filters=GstBuffer)", "GST_DEBUG": "GST_TRACER:7"})
    alive = sum("object-alive, type-name=(string)GstBuffer" in line for line in truth.text.splitlines())
    whole, _ = watch(tmp_path / "traces", LAUNCH, plugin)
    found = made_in_all_classes(whole, "GstMiniObject", "gst_buffer_new")
    component_row("gst-launch, plugin", {"GstBuffer": alive}, {"GstBuffer": sum(leak["count"] for leak in found)})
    assert alive == sum(leak["count"] for leak in found) == 10
    assert any(leak["class"] == "definite" for leak in found)


def test_gst_launch_with_the_plugin_set_right_loses_nothing(tmp_path, plugin):
    run(LAUNCH, plugin)  # makes the registry of plugins
    words = [word for word in LAUNCH]
    words.insert(words.index("leaky") + 1, "clean=true")
    whole, _ = watch(tmp_path / "traces", words, plugin)
    assert made_in_all_classes(whole, "GstMiniObject", "gst_buffer_new") == []
    assert [leak for leak in whole["leaks"] if leak["class"] in LEAKS] == []


COUNTED_BY_THE_KERNEL = [
    # victim, package, library, type, functions that take a reference, those that give one back
    ("glib_bytes", "glib-2.0", "libglib-2.0.so.0", "GBytes", ["g_bytes_new", "g_bytes_ref"], ["g_bytes_unref"]),
    ("dbus", "dbus-1", "libdbus-1.so.3", "DBusMessage", ["dbus_message_new_signal", "dbus_message_ref"],
     ["dbus_message_unref"]),
    ("openssl", "libcrypto", "libcrypto.so.3", "X509", ["X509_new", "X509_up_ref"], ["X509_free"]),
]


@pytest.mark.parametrize("how", ["leaky", "clean"])
@pytest.mark.parametrize("name, package, library, kind, takes, gives", COUNTED_BY_THE_KERNEL,
                         ids=[c[0] for c in COUNTED_BY_THE_KERNEL])
def test_the_references_that_are_left_are_those_that_the_kernel_counted(tmp_path, built, name, package, library, kind,
                                                                         takes, gives, how):
    program = built("probes_" + name, [package])
    path, = {line.split()[2] for line in run(["ldd", program]).stdout.decode().splitlines() if library in line}
    try:
        calls = uprobes.count([program, how], environment(), path, takes + gives)
    except uprobes.Unavailable as why:
        pytest.skip(str(why))
    left = sum(calls[symbol] for symbol in takes) - sum(calls[symbol] for symbol in gives)
    whole, _ = watch(tmp_path, [program, how])
    leaks = resources(whole, kind)
    assert sum(entry["change"] for leak in leaks for entry in leak["balance"]) == left
    assert (left > 0) == (how == "leaky") and calls[takes[0]] >= 2


def test_a_lost_gstreamer_buffer_is_found_and_counted_as_its_own_tracer_does(tmp_path, built):
    program = built("probes_gst_pad", ["gstreamer-1.0"])
    env = environment(GST_REGISTRY=tmp_path / "registry", GST_REGISTRY_FORK="no")
    truth = run([program], {**env, "GST_TRACERS": "leaks(filters=GstBuffer)", "GST_DEBUG": "GST_TRACER:7"})
    objects = [line for line in truth.text.splitlines() if "object-alive" in line and "GstBuffer" in line]
    whole, _ = watch(tmp_path / "shim", [program], env)
    made = made_in_all_classes(whole, "GstMiniObject", "gst_buffer_new")
    component_row("gst_pad", {"GstBuffer": len(objects)}, {"GstBuffer": sum(leak["count"] for leak in made)})
    assert len(objects) == sum(leak["count"] for leak in made) == 10
    assert {"retain"} <= {record["op"] for leak in made for record in leak["records"]}


def test_clean_gstreamer_loses_no_buffer(tmp_path, built):
    env = environment(GST_REGISTRY=tmp_path / "registry", GST_REGISTRY_FORK="no")
    program = built("probes_gst_pad", ["gstreamer-1.0"])
    run([program, "clean"], env)  # makes the registry of plugins
    whole, _ = watch(tmp_path / "shim", [program, "clean"], env)
    assert not [leak for leak in resources(whole, "GstMiniObject") if "gst_buffer_new" in stack(leak)]


@pytest.mark.parametrize("what, count", [("keep", 7), ("drop", 0)])
def test_an_extension_that_forgets_py_decref_is_found(tmp_path, what, count):
    config = shutil.which("python3-config", path="/usr/bin")
    if not config:
        pytest.skip("not installed: python3-dev")
    includes = subprocess.run([config, "--includes"], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["gcc", "-shared", "-fPIC", "-g", "-w", *includes, VICTIMS / "probes_python_extension.c",
                    "-o", tmp_path / "counted.so"], check=True)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import counted\n" + \
        f"for i in range(7): counted.{what}()"
    env = environment(PYTHONMALLOC="malloc")
    whole, _ = watch(tmp_path / "shim", ["/usr/bin/python3", "-c", script], env, probes="cpython")
    made = made_in_all_classes(whole, "PyObject", what)
    component_row(f"cpython, {what}", {"PyObject": count}, {"PyObject": sum(leak["count"] for leak in made)})
    assert sum(leak["count"] for leak in made) == count
    assert sum(leak["count"] for leak in made if leak["class"] in LEAKS) >= count - 1


OWN = """
type buf count=i32@0 block=own
create  buf_new      ret
retain  buf_retain   arg0
release buf_release  arg0
"""


def own(folder, program, what, text=OWN, **more):
    probes = folder / "own.probes"
    probes.write_text(text)
    return watch(folder / "traces", [program, *([what] if what else [])], probes=probes, **more)


@pytest.mark.parametrize("flags", [(), ("-no-pie",), ("-O2",), ("-O1", "-fno-inline"), ("-Os", "-fno-inline"), ("-fcf-protection=full",)], ids=str)
def test_functions_of_the_executable_itself_are_followed(tmp_path, built, flags):
    whole, _ = own(tmp_path, built("probes_own", (), *flags), "leak")
    assert counted_leaks(whole) == {"buf": 1}
    leak, = resources(whole, "buf")
    assert leak["records"][0]["op"] == "release"
    assert leak["records"][0]["count"] == 1


def test_ten_thousand_equal_operations_take_the_memory_of_a_few(tmp_path, built):
    whole, _ = own(tmp_path, built("probes_own"), "leak")
    records = resources(whole, "buf")[0]["records"]
    assert len(records) == 4
    assert sorted(record["merged"] for record in records) == [0, 0, 4999, 4999]


def test_the_balance_tells_what_each_place_took_and_gave_back(tmp_path, built):
    whole, ended = own(tmp_path, built("probes_own"), "leak")
    leak, = resources(whole, "buf")
    line = {at: n for n, text in enumerate((VICTIMS / "probes_own.c").read_text().splitlines(), 1)
            for at in ("= buf_new();", "5000", '"leak"') if at in text}
    loop, lost = line["5000"] + 1, line['"leak"']
    assert sorted((entry["change"], entry["function"], entry["at"]["line"]) for entry in leak["balance"]) == [
        (-5000, "buf_release", loop), (-1, "buf_release", lost), (1, "buf_new", line["= buf_new();"]),
        (1, "buf_retain", lost), (5000, "buf_retain", loop)]
    assert leak["balance_left_out"] == 0
    assert f"Balance: +5000 buf_retain() at main (probes_own.c:{loop}), -5000 buf_release()" in ended.text


def test_the_balance_of_a_group_is_the_sum_over_its_resources(tmp_path, built):
    text = OWN.replace("buf_release  arg0", "buf_release  arg0\n")
    program = built("probes_threads", (), "-pthread")
    whole, _ = own(tmp_path, program, "3")
    leaks = resources(whole, "buf")
    assert sum(leak["count"] for leak in leaks) == 3
    for leak in leaks:
        assert leak["count"] * 2 == sum(entry["change"] for entry in leak["balance"])
        assert {entry["at"]["function"] for entry in leak["balance"]} <= {"work", "main"}


@pytest.mark.parametrize("what, kind", [("twice", "released-again"), ("late", "retained-after-end"),
                                        ("held", "freed-while-held")])
def test_wrong_uses_are_reported_as_they_happen(tmp_path, built, what, kind):
    whole, _ = own(tmp_path, built("probes_own"), what)
    assert [(f["kind"], f["type"]) for f in whole["findings"]] == [(kind, "buf")]


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A program, and a library that uses another one whose functions cannot be patched at their entries."""
    folder = tmp_path_factory.mktemp("short")
    flags = ["-g", "-w", f"-L{folder}", f"-Wl,-rpath,{folder}"]
    for name, more in (("library", ["-O1", "-shared", "-fPIC", "-o", "libshort.so"]),
                       ("user", ["-O1", "-shared", "-fPIC", "-o", "libuser.so", "-lshort"]),
                       ("", ["-o", "short", "-lshort", "-ldl"])):
        source = VICTIMS / ("probes_short_" + name + ".c" if name else "probes_short.c")
        subprocess.run(["gcc", *flags, source, *more], check=True, timeout=60, cwd=folder)
    return folder


def statuses(trace):
    listing = run([LEAKSHIM, "probes", trace]).stdout.decode().splitlines()
    return {words[-3]: " ".join(words[:-3]) for words in (line.split() for line in listing) if "own.probes" in words[-1]}


@pytest.mark.parametrize("hooks, status", [("entry", "followed"), ("got", "by imports")])
def test_functions_that_cannot_be_patched_are_followed_through_their_imports(tmp_path, short, hooks, status):
    whole, _ = own(tmp_path, str(short / "short"), None, hooks=hooks)
    leak, = resources(whole, "buf")
    assert (leak["count"], leak["records"][0]["op"], leak["records"][0]["count"]) == (1, "release", 2)
    assert sum(entry["change"] for entry in leak["balance"]) == 2  # through an import, and through dlsym
    assert statuses(only_trace(tmp_path / "traces")) == {"buf_new": status, "buf_retain": "by imports",
                                                         "buf_release": "by imports"}


def test_a_library_that_is_loaded_later_is_led_too(tmp_path, short):
    whole, _ = own(tmp_path, str(short / "short"), str(short / "libuser.so"))
    made = {stack(leak)[0]: leak for leak in resources(whole, "buf")}
    assert {maker: sum(entry["change"] for entry in leak["balance"]) for maker, leak in made.items()} == {"main": 2, "use": 1}


@pytest.mark.parametrize("what", [[], ["twice"]], ids=["clean", "twice"])
def test_objects_whose_release_could_not_be_followed_are_no_certain_leaks(tmp_path, built, what):
    (tmp_path / "own.probes").write_text("type session count=i32@0\ncreate session_open ret\nrelease session_close arg0\n"
                                         "release session_kill arg0\n")
    whole, ended = watch(tmp_path / "traces", [built("probes_refused"), *what], probes=tmp_path / "own.probes")
    trace = only_trace(tmp_path / "traces")
    assert {(leak["class"], leak["not_followed"]) for leak in resources(whole, "session")} == {("possible", "session_close")}
    assert whole["findings"] == [] and run([LEAKSHIM, "check", trace]).status == 0
    assert "Nobody knows: session_close() could not be followed (a loop begins at its entry)" in ended.text, ended


CXX = """
type Packet count=i32@0
create net::Packet::create ret
release net::Packet::release() arg0
final net::Packet::release( int ) arg0
type Pooled block=own
create net::Pool<net::Packet>::take ret
final net::Pool::give arg0
"""


@pytest.mark.parametrize("flags", [(), ("-O2",), ("-O2", "-flto"), ("-O1", "-fno-pie", "-no-pie")], ids=str)
def test_functions_of_cpp_are_named_as_people_write_them(tmp_path, built, flags):
    whole, ended = own(tmp_path, built("probes_cxx", (), *flags), None, text=CXX)
    assert counted_leaks(whole) == {"Packet": 2, "Pooled": 1} and whole["findings"] == []
    assert {leak["release"] for leak in resources(whole, "Packet")} == {"net::Packet::release()"}
    listing = run([LEAKSHIM, "probes", only_trace(tmp_path / "traces")]).stdout.decode()
    for name in ("net::Packet::create(unsigned long)", "net::Packet::release(int)", "net::Pool<net::Packet>::take()",
                 "net::Pool<int>::give(int*)"):
        assert f"followed   {name}  " in listing, listing
    assert "_Z" not in listing + ended.text


@pytest.mark.parametrize("written, real, fits", [
    ("Packet::release", "_ZN6Packet7releaseEi", True), ("Packet::release(int)", "_ZN6Packet7releaseEi", True),
    ("Packet::release()", "_ZN6Packet7releaseEi", False), ("Packet::release(void)", "_ZN6Packet7releaseEv", True),
    ("Packet::push(const char *)", "_ZN6Packet4pushEPKc", True), ("Packet::push(char const*)", "_ZN6Packet4pushEPKc", True),
    ("Packet::push(char *)", "_ZN6Packet4pushEPKc", False), ("Packet::~Packet", "_ZN6PacketD2Ev", True),
    ("Packet::Packet", "_ZN6PacketC1Ev", True), ("Pool::take", "_ZN4PoolIiE4takeEv", True), ("Pool<long>::take", "_ZN4PoolIiE4takeEv", False),
    ("get<int>(int)", "_Z3getIiET_S0_", True), ("release", "_ZN12_GLOBAL__N_17releaseEP6Packet", True), ("release", "_ZN6Packet7releaseEv", False),
    ("Packet::push(size_t)", "_ZN6Packet4pushEm", True), ("Packet::operator new", "_ZN6PacketnwEm", True),
    ("Packet::release()", "_ZN6Packet7releaseEv.lto_priv.0", True), ("a::f(const std::string &)",
     "_ZN1a1fERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE", True), ("x", "_Z", False), ("x", "_ZN", False),
    ("x", "_ZN9999999999xE", False), ("x", "_ZNS_E", False), ("x", "_ZN1xI" + "P" * 3000 + "iEE", False)])
def test_a_written_name_of_cpp_fits_its_own_linker_names_only(cxx_names, written, real, fits):
    assert (cxx_names(f"{real}\t{written}\n") == "") == fits


@pytest.fixture(scope="module")
def cxx_names(tmp_path_factory):
    program = tmp_path_factory.mktemp("cxx") / "names"
    subprocess.run(["gcc", "-g", "-D_GNU_SOURCE", "-w", "-fsanitize=address,undefined", "-fno-sanitize-recover", *include_floors(),
                    ROOT / "tests/unit/cxx_names.c", ROOT / "shim/hook/cxx_names.c", "-o", program], check=True, timeout=60)
    return lambda lines: subprocess.run([program], input=lines, capture_output=True, text=True, check=True, timeout=60).stdout


def test_nearly_every_exported_function_of_cpp_libraries_fits_what_cxxfilt_prints_of_it(cxx_names):
    names = []
    for library in ("libgrpc.so.29", "libprotobuf.so.32", "libstdc++.so.6", "libicuuc.so.72"):
        path = Path("/usr/lib/x86_64-linux-gnu") / library
        text = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True).stdout
        names += [words[-1].split("@")[0] for words in map(str.split, text.splitlines()) if words[-2] == "T" and words[-1].startswith("_ZN")]
    if not names:
        pytest.skip("none of the libraries is installed")
    names = names[::7]
    written = subprocess.run(["c++filt", "-p"], input="\n".join(names), capture_output=True, text=True, check=True).stdout.split("\n")
    missed = cxx_names("".join(f"{name}\t{text.replace('[abi:cxx11]', '')}\n" for name, text in zip(names, written)
                               if "operator" not in text)).splitlines()
    assert len(missed) < 0.03 * len(names), (len(names), missed[:20])


@pytest.mark.parametrize("suffix, status, certain", [(".lto_priv.0", "followed", True), (".isra.0", "refused", False),
                                                     (".constprop.0", "refused", False), (".part.0", "refused", False)])
def test_of_copies_that_optimization_made_it_is_said_which_are_followed(tmp_path, built, suffix, status, certain):
    text = "type item count=i32@0 static=1\ncreate item_take ret\nrelease item_give arg0\n"
    whole, _ = own(tmp_path, built("probes_copies_of_functions", (), f'-DSUFFIX="{suffix}"'), None, text=text)
    listing = run([LEAKSHIM, "probes", only_trace(tmp_path / "traces")]).stdout.decode()
    assert re.search(rf"^{status} +item_give{re.escape(suffix)} ", listing, re.M) and "followed   item_give  " in listing, listing
    assert {leak["class"] for leak in resources(whole, "item")} == (set() if certain else {"possible"})


GLIB_SIZES = r"""
#include <gio/gio.h>
static void lose(void)
{
	g_object_new(G_TYPE_OBJECT, NULL);
	g_memory_input_stream_new();
	g_main_loop_ref(g_main_loop_new(NULL, FALSE));
}
int main(void) { g_list_append(NULL, lose); lose(); return 0; }
"""


@pytest.mark.parametrize("hooks", ["entry", "got"])
def test_objects_of_glib_have_their_size_and_count_and_glib_has_nothing_to_say(tmp_path, hooks):
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gio-2.0"], text=True, capture_output=True, timeout=60)
    if flags.returncode:
        pytest.skip("not installed: gio-2.0")
    subprocess.run(["gcc", "-g", "-x", "c", "-", "-o", tmp_path / "sizes", *flags.stdout.split()], input=GLIB_SIZES, text=True, check=True,
                   timeout=60)
    whole, ended = watch(tmp_path / "traces", [str(tmp_path / "sizes")], hooks=hooks)
    assert "CRITICAL" not in ended.text
    loop, = resources(whole, "GMainLoop")
    assert (loop["count"], loop["bytes"]) == (1, 16) and loop["class"] == "definite" and "Count 2;" in ended.text
    assert not [leak for leak in whole["leaks"] if leak["type"] == "GHashTable" and leak["class"] == "definite"]
    if hooks == "entry":
        assert sum(leak["bytes"] for leak in resources(whole, "GObject")) >= 24 + 56
        assert {leak["created_by"]["function"] for leak in resources(whole, "GObject")} == {"g_type_create_instance"}


def test_the_function_that_made_an_object_is_the_first_one_under_created_at(tmp_path, built):
    whole, ended = own(tmp_path, built("probes_own"), "leak")
    leak, = resources(whole, "buf")
    assert leak["created_by"]["function"] == "buf_new" and leak["created_by"]["file"].endswith("probes_own.c")
    assert re.search(r"Created at:\n\tbuf_new \(probes_own.c:\d+\)\n\tmain \(probes_own.c:\d+\)", ended.text), ended


def test_nothing_is_said_of_others_of_a_counted_object_that_are_not_remembered(tmp_path, built):
    _, ended = own(tmp_path, built("probes_own"), "leak")
    assert "buf_release() was not called" in ended.text and "seen to be released" not in ended.text.split("LEAK: ")[1], ended


@pytest.mark.parametrize("flags, said", [(("-DKEPT=static", "-DPOINTED"), "session_close() is followed, but the compiler also put it"),
                                         (("-DKEPT=static",), "session_close() was put into its callers by the compiler")], ids=["also", "all"])
def test_where_a_release_was_inlined_nothing_is_certain_and_it_is_said(tmp_path, built, flags, said):
    text = "type session count=i32@0\ncreate session_open ret\nrelease session_close arg0\n"
    whole, ended = own(tmp_path, built("probes_inlined", (), "-O2", *flags), None, text=text)
    assert {(leak["class"], leak["not_followed"]) for leak in resources(whole, "session")} == {("possible", "session_close")}, whole["leaks"]
    assert said in ended.text and run([LEAKSHIM, "check", only_trace(tmp_path / "traces")]).status == 0, ended


@pytest.mark.parametrize("optimized, places", [("", 0), ("-flto", 1)], ids=["one by one", "as a whole"])
def test_functions_that_are_only_inlined_are_not_said_to_be_missing(tmp_path, optimized, places):
    head = "struct session { int refs; char name[60]; };\nstruct session *session_open(void);\nvoid session_close(struct session *s);\n"
    (tmp_path / "s.c").write_text(f"#include <stdlib.h>\n{head}struct session *session_open(void) {{ struct session *s = calloc(1, sizeof *s);"
                                  " s->refs = 1; return s; }\nvoid session_close(struct session *s) { if (!--s->refs) free(s); }\n")
    (tmp_path / "m.c").write_text(f"{head}struct session *volatile held;\nint main(int n, char **v) {{ (void)v; for (int i = 0; i < 8; i++)"
                                  " { held = session_open(); if (i + n != 4) session_close(held); held = 0; } return 0; }\n")
    subprocess.run(["gcc", "-g", "-O2", *filter(None, [optimized]), tmp_path / "s.c", tmp_path / "m.c", "-o", tmp_path / "p"], check=True,
                   timeout=60)
    text = "type session count=i32@0\ncreate session_open ret\nrelease session_close arg0\n"
    _, ended = own(tmp_path, str(tmp_path / "p"), None, text=text)
    said = "put into their callers by the compiler, where nothing follows them: session_open() in 1 place, session_close() in 1 place"
    assert "not in the loaded libraries" not in ended.text and (said in ended.text) == bool(places), ended


def test_with_hooks_none_no_function_is_followed_and_the_report_says_so(tmp_path, short):
    whole, ended = own(tmp_path, str(short / "short"), None, hooks="none")
    assert resources(whole, "buf") == [] and [leak["type"] for leak in whole["leaks"] if leak["class"] in LEAKS] == ["block"]
    assert "not followed: buf_new(): switched off (hooks=none)" in ended.text
    listing = run([LEAKSHIM, "probes", only_trace(tmp_path / "traces")]).stdout.decode()
    assert listing.count("refused") == 4 and "3 refused" in listing  # three lines and their sum


@pytest.mark.parametrize("how", ["entry", "got"])
def test_the_right_twin_of_what_is_led_has_no_leaks(tmp_path, short, how):
    whole, _ = own(tmp_path, str(short / "short"), "clean", hooks=how)
    assert counted_leaks(whole) == {} and whole["findings"] == []


@pytest.mark.parametrize("level, seen", [("paranoid", True), ("simple", False)])
def test_a_copy_out_of_a_buffer_is_a_touch_where_it_was_asked_for(tmp_path, built, level, seen):
    text = 'type own lib=libglib-2.0.so.0\ncreate g_bytes_new ret\n'
    (tmp_path / "own.probes").write_text(text)
    whole, _ = watch(tmp_path / "traces", [built("probes_copies", ["glib-2.0"])], probes=f"libc-io,{tmp_path}/own.probes",
                     level=level)
    records = [record for leak in whole["leaks"] if leak["type"] in ("GBytes", "own") for record in leak["records"]]
    assert ("memcpy" in {record["function"] for record in records if record["op"] == "touch"}) == seen


GOT_COMMANDS = [
    ["gst-launch-1.0", "-q", "audiotestsrc", "num-buffers=20", "!", "audioconvert", "!", "fdsink"],
    ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=160x120", "-c:v", "mpeg4", "-f", "md5", "-"],
    ["curl", "-s", "file:///etc/passwd"],
    ["gio", "info", "-a", "standard::size", "/etc/passwd"],
]


@pytest.mark.parametrize("command", GOT_COMMANDS, ids=[c[0] for c in GOT_COMMANDS])
def test_commands_do_the_same_where_everything_is_led_through_imports(tmp_path, command):
    if not shutil.which(command[0], path=environment()["PATH"]):
        pytest.skip(f"not installed: {command[0]}")
    env = environment(GST_REGISTRY=tmp_path / "registry", GST_REGISTRY_FORK="no")
    bare = run(command, env)
    (tmp_path / "traces").mkdir()
    traced = run(command, preload(tmp_path / "traces", env, report="none", hooks="got", probes="libc-io"))
    assert traces(tmp_path / "traces") and (traced.status, traced.stdout) == (bare.status, bare.stdout), traced


@pytest.mark.parametrize("pool", ["mapping", "block"])
def test_in_a_pool_only_the_buffers_that_nothing_points_at_are_leaks(tmp_path, built, pool):
    whole, _ = own(tmp_path, built("probes_pool"), pool, OWN.replace("block=own", "block=slab"))
    found = {leak["class"]: leak["count"] for leak in resources(whole, "buf", LEAKS | {"reachable"})}
    assert found == {"definite": 2, "reachable": 1}


@pytest.mark.parametrize("kind", ["slab", "any"])
def test_buffers_of_a_pool_that_was_let_go_as_a_whole_are_no_leaks(tmp_path, built, kind):
    whole, _ = own(tmp_path, built("probes_pool"), "let go", OWN.replace("block=own", f"block={kind}"))
    assert resources(whole, "buf", LEAKS | {"reachable"}) == []


@pytest.mark.parametrize("what", ["forgotten", "twice", "one", "heap", "leaked", "inside", "out-of-sight", "thread"])
def test_a_reachable_buffer_with_more_references_than_pointers_is_held(tmp_path, built, what):
    whole, ended = own(tmp_path, built("probes_held", (), "-pthread"), what)
    assert len(resources(whole, "buf", {"held", "reachable"})) == 1
    assert lost(whole, "buf") == lost(whole, "buf", {"held"}) == (what == "forgotten")
    if what == "forgotten":
        assert "When pointers were looked for: count 2, 1 pointer to it." in ended.text
        assert "held 1 (64 bytes)" in ended.text
        assert resources(whole, "buf", {"held"})[0]["held"] == {"references": 2, "pointers": 1}


@pytest.mark.parametrize("what, expected", [("forgotten", [0, 1, 1]), ("twice", [0, 0, 0])])
def test_in_a_running_program_it_takes_two_scans_to_call_a_buffer_held(tmp_path, built, what, expected):
    (tmp_path / "own.probes").write_text(OWN)
    env = preload(tmp_path, probes=tmp_path / "own.probes", report="none")
    with Server([built("probes_held", (), "-pthread"), what, "wait"], env, tmp_path) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        seen = []
        for _ in range(3):
            done = run([LEAKSHIM, "snapshot", server.pid, "--format", "json", "--show", "all"], cwd=tmp_path)
            assert done.status == 0, done
            seen.append(lost(json.loads(done.stdout), "buf", {"held"}))
    assert seen == expected


@pytest.mark.parametrize("how, count", [("", 1), ("clean", 0)])
def test_an_object_in_a_cache_whose_maker_forgot_it_too_is_held(tmp_path, built, how, count):
    whole, _ = watch(tmp_path, [built("probes_glib_held", ["gobject-2.0"]), how])
    made = [leak for leak in resources(whole, "GObject", {"held", "reachable"}) if "put" in stack(leak)]
    assert sum(leak["count"] for leak in made) == 3
    assert sum(leak["count"] for leak in made if leak["class"] == "held") == count
    assert counted_leaks(whole) == ({"GObject": 1} if count else {})


def test_a_count_changed_by_two_threads_at_once_is_a_finding_with_both_stacks(tmp_path, built):
    whole, ended = own(tmp_path, built("probes_race", (), "-pthread"), "bare")
    finding, = [f for f in whole["findings"] if f["kind"] == "raced"]
    assert (finding["type"], finding["created_at"][0]["function"]) == ("buf", "main")
    assert finding["done_at"][0]["function"] == finding["ended_at"][0]["function"] == "take_turns"
    assert "RACE: buf." in ended.text and "The other thread was at:\n\ttake_turns (probes_race.c:" in ended.text


@pytest.mark.parametrize("how", ["atomic", "locked", "hidden"])
def test_counts_changed_with_atomics_or_locks_or_out_of_sight_are_no_race(tmp_path, built, how):
    whole, _ = own(tmp_path, built("probes_race", (), "-pthread"), how)
    assert [f for f in whole["findings"] if f["kind"] == "raced"] == []


def test_right_use_of_own_functions_has_no_findings(tmp_path, built):
    whole, _ = own(tmp_path, built("probes_own"), "right")
    assert whole["findings"] == [] and counted_leaks(whole) == {}


def test_a_wrong_count_offset_is_noticed_at_the_first_create(tmp_path, built):
    whole, _ = own(tmp_path, built("probes_own"), "leak", OWN.replace("i32@0", "i32@8"))
    assert counted_leaks(whole) == {"buf": 1}


def test_mistakes_in_a_probe_file_cost_their_lines_only(tmp_path, built):
    whole, _ = own(tmp_path, built("probes_own"), "leak", OWN + "retian buf_retain arg0\n")
    assert counted_leaks(whole) == {"buf": 1}
    problem, = whole["probe_problems"]
    assert problem.endswith("own.probes:6:1: error: 'retian' is not a verb; did you mean 'retain'?")


def test_a_missing_probe_file_does_not_stop_the_program(tmp_path, built):
    whole, ended = watch(tmp_path, [built("probes_own"), "right"], probes=tmp_path / "none.probes")
    assert "none.probes" in ended.text
    assert any("cannot be read" in problem for problem in whole["probe_problems"])


EVERYDAY = [
    ["gst-launch-1.0", "-q", "audiotestsrc", "num-buffers=20", "!", "audioconvert", "!", "fdsink"],
    ["gst-inspect-1.0", "fakesrc"],
    ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=160x120", "-c:v", "mpeg4", "-f", "md5", "-"],
    ["openssl", "dgst", "-sha256", "/etc/passwd"],
    ["openssl", "x509", "-in", "cert.pem", "-noout", "-text"],
    ["curl", "-s", "file:///etc/passwd"],
    ["gio", "info", "-a", "standard::size", "/etc/passwd"],
    ["rsvg-convert", "a.svg"],
    ["xmllint", "--xpath", "count(//i)", "a.xml"],
    ["dbus-send", "--system", "--print-reply", "--dest=org.none", "/", "a.b"],
    ["busctl", "--user", "list"],
    ["/usr/bin/python3", "-c", "import json, hashlib, ssl; print(json.dumps(list(range(99))))"],
]


@pytest.mark.parametrize("command", EVERYDAY, ids=[c[0].split("/")[-1] + str(i) for i, c in enumerate(EVERYDAY)])
def test_everyday_commands_do_the_same_with_all_of_the_catalog_hooked(tmp_path, command):
    if not shutil.which(command[0], path=environment()["PATH"]):
        pytest.skip(f"not installed: {command[0]}")
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
                                    '<circle cx="4" cy="4" r="3" fill="red"/></svg>')
    (tmp_path / "a.xml").write_text("<r>" + "<i/>" * 999 + "</r>")
    if "cert.pem" in command:
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "cert.pem",
             "-subj", "/CN=x"], cwd=tmp_path)
    env = environment(GST_REGISTRY=tmp_path / "registry", GST_REGISTRY_FORK="no")
    env.pop("DBUS_SESSION_BUS_ADDRESS", None)
    bare = run(command, env, cwd=tmp_path)
    (tmp_path / "traces").mkdir()
    traced = run(command, preload(tmp_path / "traces", env, report="none"), cwd=tmp_path)
    assert traces(tmp_path / "traces"), traced
    assert (traced.status, traced.stdout) == (bare.status, bare.stdout), traced


def test_the_catalog_is_listed_and_every_file_of_it_is_without_mistakes():
    listed = run([LEAKSHIM, "probes"])
    files = sorted((ROOT / "shim/catalog").glob("*.probes"))
    assert listed.status == 0
    assert all(path.name in listed.stdout.decode() for path in files)
    checked = run([LEAKSHIM, "probes", "--check", *files])
    assert checked.status == 0
    assert checked.stdout.decode().count("no mistakes") == len(files), checked


def test_every_function_of_the_catalog_exists_in_its_library():
    """Names are compared with the dynamic symbols of what is installed."""
    folder = Path("/usr/lib/x86_64-linux-gnu")
    found = {}
    missing = []
    for path in (ROOT / "shim/catalog").glob("*.probes"):
        names = set()
        for line in path.read_text().splitlines():
            words = line.split("#")[0].split()
            if words[:1] == ["type"]:
                glob = next(word[4:] for word in words if word.startswith("lib="))
                if glob not in found:
                    places = [*folder.glob(glob), *Path("/usr/bin").glob(glob)]
                    found[glob] = set().union(*(symbols(place) for place in places))
                names = found[glob]
            elif words and names and words[1] not in names:
                missing.append((path.name, words[1]))
    assert missing == []
    assert len([glob for glob in found if found[glob]]) > 10


def symbols(path):
    lines = subprocess.run(["readelf", "-W", "--dyn-syms", path], capture_output=True, text=True).stdout
    rows = [line.split() for line in lines.splitlines()]
    return {row[7].split("@")[0] for row in rows if len(row) > 7 and row[3] in ("FUNC", "IFUNC") and row[6] != "UND"}


MISTAKES = [
    ("type", "1:1: error: 'type' without a name"),
    ("type A count=u33@16", "1:14: error: 'u33' is not a count format; did you mean 'u32'?"),
    ("type A count=u32", "1:14: error: count 'u32' is not of the form FMT@OFFSET"),
    ("type A bloc=own", "1:8: error: 'bloc' is not a setting of this line; did you mean 'block'?"),
    ("type A lib=", "1:8: error: 'lib=' has no value"),
    ("type A big", "1:8: error: 'big' is not of the form key=value"),
    ("create f ret", "1:1: error: 'create' line before any 'type' line"),
    ("type A\ncreate f ret\nretian f arg0", "3:1: error: 'retian' is not a verb; did you mean 'retain'?"),
    ("type A\ncreate", "2:1: error: 'create' without a symbol"),
    ("type A\ncreate f", "2:8: error: no location after 'f' (want ret, arg0..arg5, stk0..stk63 or [LOC+N])"),
    ("type A\ncreate 9f ret", "2:8: error: '9f' is not the name of a function"),
    ("type A\ncreate f arg6", "2:10: error: unknown location 'arg6' (want ret, arg0..arg5, stk0..stk63 or [LOC+N])"),
    ("type A\ncreate f [[ret]", "2:10: error: no closing ']' in '[[ret]'"),
    ("type A\ncreate f [ret+x]", "2:15: error: 'x' is not an offset"),
    ("type A\nrelease f ret", "2:11: error: 'ret': only create, adopt and retain can use ret"),
    ("type A\ncreate f ret if=arg0", "2:17: error: condition 'arg0' has none of ==, !=, &, >="),
    ("type A\ncreate f ret stack=65", "2:20: error: '65' is not a number of stack words (0 to 64)"),
    ("type A\ncreate f ret\nrelease g arg0\nrelease g arg1",
     "4:9: error: 'g' in * already declared at {file}:3 as release of A"),
    ("type A\ncreate f ret", "1:1: warning: type 'A' has create but neither release nor final"),
    ("type A\nfinal f arg0", "1:1: warning: type 'A' has release but neither create nor adopt"),
]


@pytest.mark.parametrize("text, message", MISTAKES, ids=[m[1].split(": ", 1)[1][:40] for m in MISTAKES])
def test_every_mistake_in_a_probe_file_has_its_place_and_the_nearest_right_word(tmp_path, text, message):
    path = tmp_path / "own.probes"
    path.write_text(text + "\n")
    checked = run([LEAKSHIM, "probes", "--check", path])
    assert f"{path}:{message.format(file=path)}\n" in checked.stdout.decode()
    assert checked.status == (2 if "error" in message else 0)


def test_probes_beyond_the_limit_are_ignored_with_one_message(tmp_path):
    path = tmp_path / "own.probes"
    path.write_text("type A\n" + "".join(f"touch f{i} arg0\n" for i in range(1100)))
    checked = run([LEAKSHIM, "probes", "--check", path])
    assert checked.stdout.decode() == \
        f"{path}:1026:1: error: more than 1024 probes; the rest of the file is ignored\n"


def test_any_bytes_can_stand_in_a_probe_file(tmp_path):
    path = tmp_path / "own.probes"
    path.write_bytes(bytes(range(256)) * 50 + b"\ntype A\ncreate f ret\nrelease g arg0\n" + b"[" * 5000)
    assert run([LEAKSHIM, "probes", "--check", path]).status == 2


def test_probes_tells_which_functions_of_a_program_are_followed(tmp_path, built):
    own(tmp_path, built("probes_own"), "leak", OWN + "retain buf_nowhere arg0\n")
    told = run([LEAKSHIM, "probes", only_trace(tmp_path / "traces")]).stdout.decode()
    assert "followed   buf_release  buf" in told
    assert "not there  buf_nowhere  buf" in told


def test_eight_threads_lose_exactly_what_they_lose(tmp_path, built):
    whole, _ = own(tmp_path, built("probes_threads", (), "-pthread"), "9")
    assert counted_leaks(whole) == {"buf": 9}
    assert whole["findings"] == []


def test_a_function_may_be_called_at_the_very_top_of_a_stack(tmp_path, built):
    text = OWN.replace("retain  buf_retain   arg0\n", "")
    whole, ended = own(tmp_path, built("probes_coroutine"), "", text)
    assert ended.stdout == b"made\n"
    assert whole["findings"] == [] and counted_leaks(whole) == {}


def test_a_fork_child_follows_its_own_resources_and_not_its_parents(tmp_path, built):
    probes = tmp_path / "own.probes"
    probes.write_text(OWN)
    run([built("probes_fork")], preload(tmp_path, report="exit", probes=probes))
    parent, child = sorted((report(trace) for trace in traces(tmp_path)), key=lambda w: w["program"]["forked"])
    assert counted_leaks(parent) == {}
    assert lost(child, "buf", LEAKS | {"reachable"}) == 2  # a stale word may still point at the last one


@pytest.mark.parametrize("level", ["simple", "advanced"])
def test_a_sample_of_resources_has_no_false_findings(tmp_path, built, level):
    whole, _ = own(tmp_path, built("probes_threads", (), "-pthread"), "0", level=level)
    assert whole["findings"] == []
    assert "buf" not in counted_leaks(whole)


SHAPES = """
type out count=i32@8 block=own
create  out_new     [arg0]     if=ret>=0
release out_drop    arg0
type wide count=i32@8 block=own
create  wide_new    [ret]      stack=2
release wide_drop   stk0
type handle count=i32@8
create  handle_new  [ret]
release handle_drop [[arg0]]
type both count=i32@8
create  both        ret
release both        arg0       if=arg1&1
type many count=i32@8 block=own
create  many        ret
final   many_drop   arg0
"""


@pytest.mark.parametrize("flags", [(), ("-O2", "-fno-inline"), ("-fsanitize=undefined",)], ids=str)
def test_every_shape_of_location_leads_to_its_object(tmp_path, built, flags):
    whole, _ = own(tmp_path, built("probes_shapes", (), *flags), "", SHAPES)
    alive = LEAKS | {"reachable", "indirect"}
    found = {kind: lost(whole, kind, alive) for kind in ("out", "wide", "handle", "both", "many")}
    assert found == {"out": 1, "wide": 1, "handle": 1, "both": 1, "many": 1}
    # one of the many is let go by the function of another type
    assert [(f["kind"], f["type"], f["function"]) for f in whole["findings"]] == [("mismatched-release", "many", "out_drop")]
