# SPDX-License-Identifier: MIT
"""The programs that are measured: what each runs, on which input, and what it needs.

A workload is a function of a maker (an empty folder, a size from 0 to 1) that returns a Job; the size
shrinks the work, for the smoke version and for peers that are a hundred times slower than the program.
"""
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import inputs

HERE = Path(__file__).resolve().parent


@dataclass
class Job:
    """One program to run. pairs: how many malloc and free pairs it does, where that is known."""
    argv: list
    env: dict = field(default_factory=dict)
    pairs: int = 0
    threads: int = 1
    load: list = None  # a server: {port} in argv and load is a free one, and the load's end ends the run


@dataclass
class Workload:
    name: str
    title: str
    needs: list
    make: object


WORKLOADS = {}


def workload(name, title, *needs):
    def add(make):
        WORKLOADS[name] = Workload(name, title, list(needs), make)
        return make
    return add


class Maker:
    """Builds our own programs once, and each input once per size."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def program(self, source):
        binary = self.folder / source.split(".")[0]
        if not binary.exists():
            compiler = "g++" if source.endswith(".cpp") else "gcc"
            subprocess.run([compiler, "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-pthread",
                            str(HERE / source), "-o", str(binary)], check=True)
        return str(binary)

    def file(self, name, make, count):
        path = self.folder / f"{count}-{name}"
        if not path.exists():
            make(path, count)
        return str(path)


def scaled(count, size, least=1):
    return max(least, int(count * size))


def churn(threads, way):
    def make(maker, size):
        pairs = scaled(24_000_000, size, threads)
        return Job([maker.program("churn.c"), str(threads), str(pairs), way], pairs=pairs, threads=threads)
    return make


for count in 1, 2, 4, 8:
    workload(f"churn-{count}", f"malloc and free, 20 calls deep, {count} thread{'s' * (count > 1)}", "gcc")(
        churn(count, "steady"))
workload("churn-paths", "malloc and free, 20 calls deep, 64 ways down that change every 4 blocks", "gcc")(
    churn(1, "paths"))


@workload("stl", "C++ STL tree and map, 147,000 distinct stacks", "g++")
def stl(maker, size):
    depth = 16 if size >= 0.5 else 13 if size >= 0.03 else 9  # fewer stacks rather than less than a round
    return Job([maker.program("stacks.cpp"), str(depth), str(scaled(52, size * 2 ** (16 - depth)))])


PYTHON_JSON = """
import json, sys
record = {str(n): {"name": f"item {n}", "list": list(range(n % 20)), "real": n / 7, "none": None} for n in range(300)}
for n in range(int(sys.argv[1])):
    assert json.loads(json.dumps(record)) == record
    record[str(n % 300)]["name"] = json.dumps(str(n) * 3, indent=1)
"""


@workload("python-json", "python3 json, PYTHONMALLOC=malloc", "/usr/bin/python3")
def python_json(_, size):
    return Job(["/usr/bin/python3", "-S", "-c", PYTHON_JSON, str(scaled(500, size))],
               {"PYTHONMALLOC": "malloc"})


@workload("sqlite", "sqlite3 in memory, 200,000 rows", "sqlite3")
def sqlite(maker, size):
    return Job(["sqlite3", "-batch", ":memory:",
                ".read " + maker.file("rows.sql", inputs.sql_rows, scaled(200_000, size, 100))])


@workload("redis", "redis-server under redis-benchmark, the server alone", "redis-server", "redis-benchmark")
def redis(_, size):
    return Job(["redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
               load=["redis-benchmark", "-p", "{port}", "-q", "-P", "16", "-c", "20", "-d", "100", "-r", "100000",
                     "-n", str(scaled(120_000, size, 100)), "-t", "set,get,incr,lpush,lpop,sadd,hset,zadd"])


def preprocessed(compiler, make):
    def write(path, count):
        source = path.with_suffix(path.suffix.replace("i", "c", 1))
        make(source, count)
        subprocess.run([compiler, "-E", "-P", "-o", str(path), "-x", "c++" if compiler == "g++" else "c", str(source)],
                       check=True)
    return write


def compiler_proper(driver, name):
    return subprocess.run([driver, f"-print-prog-name={name}"], check=True, capture_output=True, text=True).stdout.strip()


@workload("cc1", "gcc -O2 on a large C file, the compiler proper", "gcc")
def cc1(maker, size):
    source = maker.file("source.i", preprocessed("gcc", inputs.c_source), scaled(100, size))
    return Job([compiler_proper("gcc", "cc1"), "-quiet", "-O2", "-fpreprocessed", source, "-o", "/dev/null"])


@workload("cc1plus", "g++ -O2 on C++ templates, the compiler proper", "g++")
def cc1plus(maker, size):
    source = maker.file("source.ii", preprocessed("g++", inputs.cxx_source), scaled(3, size, 0))
    return Job([compiler_proper("g++", "cc1plus"), "-quiet", "-O2", "-fpreprocessed", source, "-o", "/dev/null"])


PERL = """
my (%seen, %from); my $sum = 0;
while (<>) {
    my ($time, $who, $pid, $rest) = /^(\\d+) (\\w+)\\[(\\d+)\\]: (.*)/ or next;
    my %fields = $rest =~ /(\\w+)=(\\d+)/g;
    $sum += $fields{size};
    push @{$seen{$who}{$pid % 100}}, [$time, join(",", map { ucfirst } split / /, $rest)];
    $from{$1}++ if $rest =~ /from ([\\d.]+)/;
}
for my $who (sort keys %seen) {
    my @all = sort { $a->[1] cmp $b->[1] } map { @$_ } values %{$seen{$who}};
    print "$who ", scalar(@all), " $all[0][1]\\n";
}
print scalar(keys %from), " $sum\\n";
"""


@workload("perl", "perl: a log into hashes of lists, sorted", "perl")
def perl(maker, size):
    return Job(["perl", "-e", PERL, maker.file("log.txt", inputs.text_lines, scaled(80_000, size, 100))])


@workload("git-log", "git log -p --stat of 1,000 commits", "git")
def git_log(maker, size):
    return Job(["git", "-C", maker.file("repository", inputs.git_history, scaled(1000, size, 20)), "--no-pager", "log",
                "-p", "--stat", "-M"])


@workload("xmllint", "xmllint --format on 27 MB", "xmllint")
def xmllint(maker, size):
    return Job(["xmllint", "--format", maker.file("data.xml", inputs.xml_records, scaled(100_000, size, 100))])


JQ = """map({id, total: ([.items[].price] | add), text: (.tags | sort | join(","))}) | group_by(.id % 97)
| map({key: .[0].id, count: length, total: (map(.total // 0) | add), first: (map(.text) | sort | first)})"""


@workload("jq", "jq: group and sum of 20,000 records", "jq")
def jq(maker, size):
    return Job(["jq", JQ, maker.file("data.json", inputs.json_records, scaled(20_000, size, 100))])


NODE = """
const zlib = require('zlib'), crypto = require('crypto');
let kept = [], sum = 0;
for (let i = 0; i < Number(process.argv[1]); i++) {
  const text = JSON.stringify({ id: i, name: 'item ' + i, list: Array.from({ length: i % 50 }, (_, n) => n * i) });
  const big = Buffer.alloc(5000 + i % 3000, text);
  sum += crypto.createHash('sha1').update(big).digest()[0] + new TextDecoder().decode(big.subarray(0, 99)).length;
  if (i % 20 == 0) sum += zlib.inflateRawSync(zlib.deflateRawSync(big)).length;
  kept[i % 500] = big;
}
console.log(sum);
"""


@workload("node", "node: buffers, hashes, deflate, JSON", "node")
def node(_, size):
    return Job(["node", "-e", NODE, str(scaled(30_000, size))])


def references(*more):
    def make(maker, size):
        pairs = scaled(20_000_000, size, 5)
        return Job([maker.program("refs.c"), str(pairs), *more], pairs=pairs)
    return make


workload("references", "retain and release of one GBytes, from one place each", "gcc", "gio")(references())
workload("references-10", "the same from ten places in turn", "gcc", "gio")(references("many"))


@workload("ffmpeg", "ffmpeg: 20 s of pictures to MPEG-4 and back", "ffmpeg")
def ffmpeg(_, size):
    seconds = f"{max(0.2, 20 * size):g}"
    return Job(["sh", "-c", f"ffmpeg -v error -f lavfi -i testsrc=d={seconds}:s=320x240 -c:v mpeg4 -f nut - | "
                "ffmpeg -v error -i - -c:v mpeg4 -f null -"])


@workload("ffmpeg-film", "ffmpeg: 5 s of a film, H.264 and AAC, to MPEG-4 and AAC", "ffmpeg")
def ffmpeg_film(maker, size):
    return Job(["ffmpeg", "-v", "error", "-t", f"{max(0.2, 5 * size):g}", "-i", maker.file("film.mp4", inputs.film, 0),
                "-c:v", "mpeg4", "-c:a", "aac", "-f", "null", "-"])


@workload("gst-film", "gst-launch: 2 s of a film, Theora to Theora", "gst-launch-1.0", "ffmpeg")
def gst_film(maker, size):
    film = maker.file("film.ogv", inputs.film_in_ogg, scaled(2, size))
    return Job(["gst-launch-1.0", "-q", "filesrc", f"location={film}", "!", "oggdemux", "!", "theoradec", "!", "videoconvert",
                "!", "theoraenc", "!", "oggmux", "!", "fakesink"], {"GST_REGISTRY_FORK": "no"})


@workload("gst-theora", "gst-launch: 400 pictures to Theora in Ogg", "gst-launch-1.0")
def gst_theora(_, size):
    return Job(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={scaled(400, size, 2)}", "!",
                "video/x-raw,width=320,height=240", "!", "videoconvert", "!", "theoraenc", "!", "oggmux", "!", "fakesink"],
               {"GST_REGISTRY_FORK": "no"})


@workload("gst-buffers", "gst-launch: 1,000,000 buffers that nobody looks at", "gst-launch-1.0")
def gst_buffers(_, size):
    buffers = scaled(1_000_000, size, 10)
    return Job(["gst-launch-1.0", "-q", "fakesrc", f"num-buffers={buffers}", "sizetype=fixed", "!", "fakesink"],
               {"GST_REGISTRY_FORK": "no"}, pairs=buffers)
