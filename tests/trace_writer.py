# SPDX-License-Identifier: MIT
"""Writes traces by hand, as shim/format/trace.h lays them out, so that the analyzer meets what no
shim would write. Checked against real traces by test_report_traces.py."""
import struct

HEADER_SIZE = 8192
TEXT, MODULE, THREAD, NODE, SITE, BLOCK, PENDING, MISMATCH = range(1, 9)
TYPE, PROBE, RESOURCE, RECORD, FINDING, PROBLEM, SCAN, VERDICT = range(9, 17)
RELEASED = 17
SHARED = 19
JAVA_VM = 24
PYTHON = 31
ELEMENT = {TEXT: 1, MODULE: 88, THREAD: 40, NODE: 32, SITE: 32, BLOCK: 24, PENDING: 24, MISMATCH: 48,
           TYPE: 64, PROBE: 40, RESOURCE: 128, RECORD: 32, FINDING: 96, PROBLEM: 8,
           SCAN: 176, VERDICT: 24, RELEASED: 80, SHARED: 24, JAVA_VM: 80, PYTHON: 40}
PER_CHUNK = {TEXT: 4032, BLOCK: 168, NODE: 126, SITE: 126, SHARED: 168}
MALLOC, ALIGNED, NEW, NEW_ARRAY = range(4)
PLAIN, PROGRAM, LIBC, LOADER, SHIM = range(5)
EXIT, SIGNAL = 1, 5
REACHABLE, POSSIBLE, DEFINITE, INDIRECT, IGNORED = range(1, 6)
CREATE, RETAIN, SINK, RELEASE, FINAL, TOUCH = range(1, 7)
ENDED, ADOPTED, COUNTED = 1, 2, 4


class Trace:
    """Grows areas in memory; bytes() gives the file."""

    def __init__(self, program="victim", executable="/nowhere/victim"):
        self.areas = {number: bytearray(size) for number, size in ELEMENT.items()}
        self.header = {"version": 2, "endian": 0x01020304, "flags": 0, "pid": 4711, "end": EXIT,
                       "detail": 0, "end_time": 10_000_000, "program": program,
                       "executable": executable, "drops": [0] * 16, "rates": [0] * 16,
                       "stop": "", "start": 0, "mono": 1_000_000_000}
        self.root = self.node(0, 0, 0, bare=True)

    def add(self, area, data):
        assert len(data) % ELEMENT[area] == 0
        at = len(self.areas[area]) // ELEMENT[area]
        self.areas[area] += data
        return at

    def text(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        room = PER_CHUNK[TEXT] - len(self.areas[TEXT]) % PER_CHUNK[TEXT]
        if len(data) + 1 > room:
            self.areas[TEXT] += bytes(room)
        return self.add(TEXT, data + b"\0")

    def module(self, path, kind=PLAIN, start=0x400000, size=0x100000, bias=None, build_id=b""):
        return self.add(MODULE, struct.pack(
            "<5Q2I2Q20sI", start, start + size, start if bias is None else bias, 0, 0,
            self.text(path) if path else 0, kind, 0, 0, build_id, len(build_id)))

    def thread(self, tid, name="main", main=False):
        data = name if isinstance(name, bytes) else name.encode()
        return self.add(THREAD, struct.pack("<2I16sQQ", tid, int(main), data, 0, 0))

    def node(self, parent, pc, module=0, flags=0, bare=False):
        return self.add(NODE, struct.pack("<Q6I", pc | module << 48, 0 if bare else parent or self.root,
                                          0, 0, 0, 0, flags))

    def stack(self, module, *pcs):
        """Return addresses, innermost first."""
        at = self.root
        for pc in reversed(pcs):
            at = self.node(at, pc, module)
        return at

    def site(self, node, blocks=0, size=0, live=0, peak=0):
        return self.add(SITE, struct.pack("<4I2q", node, 1, blocks, size, live, peak))

    def pending(self, site, blocks, size, live):
        return self.add(PENDING, struct.pack("<2IQq", site, blocks, size, live))

    def block(self, site, size, address=None, thread=0, family=MALLOC, rate=0, time=0):
        address = address or 0x10000 + len(self.areas[BLOCK])
        return self.add(BLOCK, struct.pack(
            "<2Q2I", address | thread << 48,
            size | family << 40 | rate << 44 | (time >> 32) << 48, site, time & 0xffffffff))

    def mismatch(self, site, node, made_by, released_by, count=1, size=8, thread=0):
        return self.add(MISMATCH, struct.pack("<2I2HI4Q", site, node, made_by, released_by, thread,
                                              count, size, 1, 2))

    def released(self, site, node, ages):
        """Watched blocks of a site that were let go: how many were how old, {class of age: count}."""
        return self.add(RELEASED, struct.pack("<4I2Q24H", site, node, 0, 0, sum(ages.values()), 4096 << max(ages),
                                              *(ages.get(i, 0) for i in range(24))))

    def scan(self, number=1, occasion=1, status=1, missing=0, pause=0, time=0):
        return self.add(SCAN, struct.pack("<8I6Q8I8Q", number, occasion, status, 0, 0, missing, 2, 0, time, 5,
                                          pause, 0, 0, 0, *[0] * 16))

    def verdict(self, block, verdict, owner=0, cuts=1, scan=1, address=None):
        """About the block of that index; verdicts of the ones before it are left empty."""
        where, _, _, time = struct.unpack_from("<2Q2I", self.areas[BLOCK], block * 24)
        data = self.areas[VERDICT]
        data.extend(bytes(max(0, (block + 1) * 24 - len(data))))
        struct.pack_into("<2Q2I", data, block * 24,
                         (address or where & (1 << 48) - 1) | verdict << 48 | cuts << 52, scan << 56, time, owner)

    def type(self, name, interval=1, release=0):
        return self.add(TYPE, struct.pack("<6I5Q", self.text(name), 0, 0, 0, release, interval, *[0] * 5))

    def probe(self, symbol, type_, verb, status=1, reason=""):
        return self.add(PROBE, struct.pack("<8IQ", self.text(symbol), type_, verb, status,
                                           self.text(reason) if reason else 0, 0, 0, 1, 0))

    def records(self, *records):
        """Each (verb, node, probe, count, times, thread, sequence, time); returns the first one's index."""
        first = len(self.areas[RECORD]) // ELEMENT[RECORD]
        for verb, node, probe, count, times, thread, sequence, time in records:
            self.add(RECORD, struct.pack("<4IiIQ", verb | thread << 16, node, probe, times, count, sequence, time))
        self.areas[RECORD] += bytes(ELEMENT[RECORD] * (8 - len(records)))
        return first

    def resource(self, type_, node, address, count=1, records=0, size=0, flags=0, thread=0, time=0, retains=0,
                 releases=0, thinned=0, cut=(0, 0, 0, 0), end_time=0):
        return self.add(RESOURCE, struct.pack(
            "<3Q3Ii10I4Qi3I", address | thread << 48, time, end_time, type_, 0, node, count, flags, records, retains,
            releases, 0, thinned, 0, 0, 0, 0, size, 0, 0, 0, *cut))

    def finding(self, kind, type_, probe, node, made_node, end_node=0, count=0, times=1, thread=0):
        return self.add(FINDING, struct.pack("<5Ii6I6Q", kind, type_, probe, node, thread, count, 0, made_node,
                                             0, end_node, 0, 0, 0, 0, 0, times, 1, 2))

    def problem(self, text):
        return self.add(PROBLEM, struct.pack("<2I", self.text(text), 1))

    def chunks(self):
        for area, data in self.areas.items():
            element = ELEMENT[area]
            if len(data) <= element:
                continue
            per = per_chunk(area)
            for ordinal, at in enumerate(range(0, len(data), per * element)):
                yield chunk(area, ordinal, element, data[at:at + per * element], per)

    def bytes(self, body=None, used=None, hole=0):
        body = b"".join(self.chunks()) if body is None else body
        h = self.header
        head = struct.pack("<8s4IQ", b"LEAKSHIM", h["version"], h["endian"], HEADER_SIZE, h["flags"],
                           HEADER_SIZE + len(body) if used is None else used)
        head += struct.pack("<2Q4IQ", 1_700_000_000_000_000_000, h["mono"], h["pid"], 1, 0, 3, h["start"])
        head += struct.pack("<256s512s32s", h["program"].encode(), h["executable"].encode(), b"0.1.0")
        head += struct.pack("<IiQ128s", h["end"], h["detail"], h["end_time"], h["stop"].encode())
        head += struct.pack("<16QQ16Q", *h["drops"], 0, *h["rates"])
        for area in range(32):
            data = self.areas.get(area)
            used_elements = len(data) // ELEMENT[area] if data and len(data) > ELEMENT[area] else 0
            head += struct.pack("<Q2I", used_elements, ELEMENT.get(area, 0), per_chunk(area))
        head += struct.pack("<2I", self.root, 1)
        return head.ljust(HEADER_SIZE, b"\0") + body + bytes(hole)

    def write(self, path, **more):
        path.write_bytes(self.bytes(**more))
        return path


def per_chunk(area):
    return PER_CHUNK.get(area, 4032 // ELEMENT[area]) if area in ELEMENT else 0


def chunk(area, ordinal, element, data, per):
    length = -(-(64 + per * element) // 4096) * 4096
    head = struct.pack("<4IQ", 0x4b4e4843, area, ordinal, element, length).ljust(64, b"\0")
    return (head + bytes(data)).ljust(length, b"\0")
