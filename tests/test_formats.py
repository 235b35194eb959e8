# SPDX-License-Identifier: MIT
"""Reports in the formats of build servers and viewers, each judged by something that was not written here."""
import gzip
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET

import jsonschema
import pytest

import leak_programs
from harness import BUILD, LEAKSHIM, ROOT, Server, environment, free_port, preload, run, victim, wait_until

HOSTILE = "x<script>alert(1)</script>%0A::error::y"
SOURCE = leak_programs.FORGET_AND_BUILD + r"""int main(int count, char **words) {
	for (int i = 0; i < 5 * count; i++)
		forget(400 + i);
	if (count < 3)
		build(10);
	return 0;
}
"""
ALL = ["json", "sarif", "junit", "github", "gitlab", "markdown", "html", "valgrind-xml", "pprof", "folded", "openmetrics"]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A folder with a program, a source file and a trace of it, and the report in every format."""
    box = tmp_path_factory.mktemp("formats")
    (box / "leaky.c").write_text(SOURCE)
    (box / "clean.c").write_text("int main(void) { return 0; }\n")
    for name in ("leaky", "clean"):
        subprocess.run(["gcc", "-g", box / f"{name}.c", "-o", box / name], check=True, timeout=60)
        run([LEAKSHIM, "run", "-o", box / f"{name}.trace", "--", box / name], environment(TMPDIR=box))
        formats = ",".join(f"{f}={box}/{name}.{f}" for f in ALL)
        done = run([LEAKSHIM, "report", "--source-root", box, "--format", formats, box / f"{name}.trace"])
        assert done.status == 0 and done.text == "", done
    growing(box)
    return box


def growing(box):
    """Of a living server: sessions that are overdue, and a growth that is judged to be too fast."""
    formats = ",".join(f"{f}={box}/growing.{f}" for f in ALL)
    with Server([victim("keeps_sessions"), "forgets"], preload(box, report="none"), box) as server:
        def has_overdue():
            (box / "growing.trace").unlink(missing_ok=True)
            return b"OVERDUE: " in run([LEAKSHIM, "snapshot", server.pid, "-o", box / "growing.trace"]).stdout
        wait_until(has_overdue, "sessions that are overdue")
    done = run([LEAKSHIM, "check", "--max-growth", "1k", "--source-root", ROOT, "--format", formats, box / "growing.trace"])
    assert done.status == 1 and "1 trace grows too fast" in done.text, done


def tool(name, *packages):
    """A program of PyPI in an environment of its own below the build folder, made once."""
    home = BUILD / "tests" / "pypi"
    if not (home / "bin" / "python").exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", home], check=True, timeout=120)
    if not (home / "bin" / name).exists():
        done = subprocess.run([home / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *packages], capture_output=True,
                              text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"{packages[0]} cannot be installed from PyPI here: {done.stderr.strip()[-200:]}")
    return home / "bin" / name


def test_several_formats_at_once_each_go_to_their_own_file(box):
    for name in ALL:
        assert (box / f"leaky.{name}").stat().st_size > 50, name
        assert (box / f"leaky.{name}").stat().st_mode & 0o777 == 0o600, name


def test_the_text_stays_on_its_stream_beside_other_formats(box, tmp_path):
    done = run([LEAKSHIM, "report", "--format", f"text,junit={tmp_path}/x.xml", box / "leaky.trace"])
    assert b"LEAK: 5 times" in done.stdout and (tmp_path / "x.xml").exists(), done


def test_an_output_that_cannot_be_written_is_said_and_the_others_are_written(box, tmp_path):
    done = run([LEAKSHIM, "report", "--format", f"sarif={tmp_path}/missing/x,junit={tmp_path}/x.xml", box / "leaky.trace"])
    assert done.status == 2 and done.text.count("\n") == 1, done
    assert f"leakshim: {tmp_path}/missing/x: cannot be written: " in done.text, done
    assert ET.parse(tmp_path / "x.xml").getroot().tag == "testsuites"


def test_a_link_in_the_place_of_an_output_is_not_followed(box, tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "x.xml").symlink_to(tmp_path / "precious")
    done = run([LEAKSHIM, "report", "--format", f"junit={tmp_path}/x.xml", box / "leaky.trace"])
    assert done.status == 2 and (tmp_path / "precious").read_text() == "precious", done


@pytest.mark.parametrize("words, message", [
    ("sarfi", "leakshim: unknown format 'sarfi'; did you mean 'sarif'?\n"),
    ("sarif,github", "leakshim: only one format can go to the terminal; give the format 'github' a file: FORMAT=FILE\n"),
    ("junit=", "leakshim: the format 'junit' wants a file behind its =\n"),
])
def test_a_wrong_list_of_formats_is_one_clear_line(box, words, message):
    done = run([LEAKSHIM, "report", "--format", words, box / "leaky.trace"])
    assert done.status == 2 and done.text == message, done


def test_sarif_names_lines_below_the_source_root(box):
    log = json.loads((box / "leaky.sarif").read_text())
    first, second = log["runs"][0]["results"]
    location = first["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "leaky.c", "uriBaseId": "SRCROOT"} and location["region"]["startLine"] == 18
    assert log["runs"][0]["originalUriBaseIds"]["SRCROOT"]["uri"] == f"file://{box}/"
    assert first["ruleId"] == "definite" and first["level"] == "error" and first["occurrenceCount"] == 5
    flow = first["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [f["location"]["logicalLocations"][0]["fullyQualifiedName"] for f in flow] == ["main", "forget"]
    assert re.fullmatch("[0-9a-f]{8}", first["partialFingerprints"]["leakshimGroup/v1"])
    assert second["properties"]["draggedCount"] == 10


def test_names_of_files_lead_straight_to_them(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "x.c").write_text("#include <stdlib.h>\nint main(void) { return !malloc(9); }\n")
    subprocess.run(["gcc", "-g", f"{tmp_path}/deep/./er/../../x.c", "-o", tmp_path / "x"], check=True, timeout=60)
    run([LEAKSHIM, "run", "-o", tmp_path / "t", "--", tmp_path / "x"], environment(TMPDIR=tmp_path))
    done = run([LEAKSHIM, "report", "--source-root", tmp_path, "--format", "sarif", tmp_path / "t"])
    (result,) = json.loads(done.stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "x.c", "uriBaseId": "SRCROOT"}, result


def test_sarif_has_nothing_that_microsofts_validator_objects_to(box):
    home = BUILD / "tests" / "npm"
    binary = home / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    if not binary.exists():
        if not shutil.which("npm"):
            pytest.skip("no npm, which brings sarif-multitool")
        home.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "@microsoft/sarif-multitool"], cwd=home, capture_output=True,
                              text=True, timeout=300)
        if done.returncode or not binary.exists():
            pytest.skip(f"sarif-multitool cannot be installed from npm here: {done.stderr.strip()[-200:]}")
        binary.chmod(0o755)
    for name in ("leaky", "clean", "growing"):
        log = box / f"{name}-checked.sarif"
        shutil.copy(box / f"{name}.sarif", log)
        done = subprocess.run([binary, "validate", log, "--rule-kind", "Sarif;Ghas"], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"})
        assert "Analysis completed successfully" in done.stdout, done
        said = [line for line in done.stdout.splitlines() if re.search(r": (error|warning) ", line)]
        assert all("SARIF2005" in line for line in said), said  # informationUri: there is no page to name


def test_junit_has_a_failing_case_for_each_group_and_a_passing_one_for_a_clean_run(box):
    python = tool("junitparser", "junitparser").parent / "python"
    code = ("import sys; from junitparser import JUnitXml\n"
            "for path in sys.argv[1:]:\n"
            "  x = JUnitXml.fromfile(path); print(x.tests, x.failures, x.errors, [c.name for s in x for c in s])")
    done = subprocess.run([python, "-c", code, *(box / f"{name}.junit" for name in ("leaky", "clean", "growing"))], capture_output=True,
                          text=True, timeout=60)
    leaky, clean, growing = done.stdout.splitlines()
    assert re.match(r"2 1 0 \['session_open \(keeps_sessions.c:\d+\) \[.{8}\]', 'session_open \(keeps_sessions.c:", growing), done
    assert leaky.startswith("2 2 0 ['main (leaky.c:18) ["), done
    assert clean == "1 0 0 ['no leaks']", done


def workflow_commands(text):
    """A reader of workflow commands, as the runner's documentation describes them."""
    commands = []
    for line in text.splitlines():
        found = re.fullmatch(r"::(\w+)(?: ([^:]*))?::(.*)", line)
        if found:
            undo = lambda t: t.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
            properties = dict(p.split("=", 1) for p in (found[2] or "").split(",") if p)
            commands.append((found[1], {k: undo(v) for k, v in properties.items()}, undo(found[3])))
    return commands


def test_github_commands_annotate_the_line(box):
    commands = workflow_commands((box / "leaky.github").read_text())
    assert [(c[0], c[1]["file"], c[1]["line"]) for c in commands] == [("error", "leaky.c", "18"), ("error", "leaky.c", "12")]
    assert commands[0][2].startswith("LEAK: block.free() was not called")
    overdue, growth = workflow_commands((box / "growing.github").read_text())
    assert overdue[0] == "warning" and overdue[1]["file"] == growth[1]["file"] == "tests/victims/keeps_sessions.c"
    assert growth[0] == "error" and growth[2].startswith("GROWTH: ")


def test_what_is_overdue_is_told_with_its_growth_and_who_holds_it_in_every_format_that_has_words(box):
    for name in ("sarif", "junit", "github", "gitlab", "markdown", "html"):
        text = (box / f"growing.{name}").read_text().replace("\\_", "_").replace("\\(", "(").replace("&gt;", ">").replace("\\u003c", "<")
        assert re.search(r"Older than \S+ m?s, the oldest ", text) and " more a minute" in text and "overdue" in text, (name, text)
        assert "held by global sessions -" in text and "table_make" in text, (name, text)
        assert "GROWTH: " in text or '"growth":true' in text.replace(" ", ""), (name, text)
    results = json.loads((box / "growing.sarif").read_text())["runs"][0]["results"]
    assert [(r["ruleId"], r["level"]) for r in results] == [("overdue", "warning"), ("growth", "error")]
    assert results[0]["properties"]["bytesAMinute"] > 0
    assert [i["severity"] for i in json.loads((box / "growing.gitlab").read_text())] == ["minor", "critical"]


def test_metrics_tell_the_growth_of_a_living_process(box):
    text = (box / "growing.openmetrics").read_text()
    assert re.search(r'^leakshim_overdue_growth_bytes\{.*site="session_open \(keeps_sessions.c:\d+\)"\} [1-9]\d+$', text, re.M), text
    assert re.search(r'^leakshim_growth_bytes\{program="keeps_sessions",pid="\d+"\} [1-9]\d+$', text, re.M), text


def test_github_summary_gets_the_markdown(box, tmp_path):
    env = environment(GITHUB_STEP_SUMMARY=tmp_path / "summary")
    run([LEAKSHIM, "report", "--format", "github", box / "leaky.trace"], env)
    assert "| class | count | bytes |" in (tmp_path / "summary").read_text()


def test_gitlab_names_what_the_valgrind_reader_names(box):
    ours = json.loads((box / "leaky.gitlab").read_text())
    convert = tool("valgrind-codequality", "valgrind-codequality")
    subprocess.run([convert, "--input-file", box / "leaky.valgrind-xml", "--output-file", box / "converted.json"], cwd=box, check=True,
                   capture_output=True, timeout=60)
    theirs = json.loads((box / "converted.json").read_text())
    place = lambda issues: [(os.path.basename(i["location"]["path"]), i["location"]["lines"]["begin"]) for i in issues]
    assert place(theirs) == [("leaky.c", 5), ("leaky.c", 9)]  # where they were made
    assert place(ours) == [("leaky.c", 18), ("leaky.c", 12)]  # where the release is missing
    for issue in ours:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")


def test_valgrind_readers_count_the_same_errors(box):
    done = subprocess.run([tool("valgrind-ci", "ValgrindCI"), box / "leaky.valgrind-xml", "--summary"], capture_output=True, text=True, timeout=60)
    assert "2 errors" in done.stdout, done
    assert [int(b.text) for b in ET.parse(box / "leaky.valgrind-xml").iter("leakedblocks")] == [5, 10]


def test_pprof_reads_the_profile(box):
    go = shutil.which("go", path=os.environ["PATH"] + ":/usr/local/go/bin:/usr/lib/go/bin")
    if not go:
        text = gzip.decompress((box / "leaky.pprof").read_bytes())
        assert b"forget" in text and b"live_space" in text
        pytest.skip("no go, which brings pprof; only that it is a compressed profile was seen")
    done = subprocess.run([go, "tool", "pprof", "-top", "-sample_index=live_objects", box / "leaky.pprof"], capture_output=True, text=True,
                          timeout=300, env={**os.environ, "PPROF_TMPDIR": str(box)})
    assert re.search(r"^ +5 .* forget$", done.stdout, re.M), done


def test_folded_stacks_lead_from_the_program_to_the_class(box):
    lines = (box / "leaky.folded").read_text().splitlines()
    assert lines[0] == "leaky;main;forget;[definite] 2010"


@pytest.mark.parametrize("name", ["leaky", "growing"])
def test_metrics_are_what_prometheus_expects(box, name):
    text = (box / f"{name}.openmetrics").read_text()
    assert name == "growing" or re.search(r'^leakshim_bytes\{program="leaky",pid="\d+",class="definite"\} 2026$', text, re.M), text
    if not shutil.which("promtool"):
        pytest.skip("no promtool")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done


def serve(folder):
    """A folder on loopback, for what reads by HTTP only."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".openmetrics": "text/plain; version=0.0.4"}

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Handler(*a, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def asked(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.loads(answer.read())["data"]["result"]
    except (OSError, ValueError):
        return []


def test_a_prometheus_scrapes_the_metrics(box, tmp_path):
    if not shutil.which("prometheus"):
        pytest.skip("no prometheus")
    server, port = serve(box), free_port()
    (tmp_path / "p.yml").write_text("scrape_configs: [{job_name: leaks, scrape_interval: 1s, metrics_path: /leaky.openmetrics, static_configs: "
                                    f"[{{targets: ['127.0.0.1:{server.server_port}']}}]}}]\n")
    words = ["prometheus", f"--config.file={tmp_path}/p.yml", f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}"]
    query = f"http://127.0.0.1:{port}/api/v1/query?query=leakshim_blocks%7Bclass%3D%22definite%22%7D"
    with Server(words, environment(), tmp_path):
        (found,) = wait_until(lambda: asked(query), "a scrape", 60)
    server.shutdown()
    server.server_close()
    assert found["metric"]["program"] == "leaky" and float(found["value"][1]) == 6, found


@pytest.mark.parametrize("name", ["pprof", "folded"])
def test_speedscope_opens_the_profile(box, name):
    browser, home = shutil.which("chromium"), BUILD / "tests" / "npm"
    pages = home / "node_modules" / "speedscope" / "dist" / "release"
    if not browser or not shutil.which("npm"):
        pytest.skip("no chromium, or no npm, which brings speedscope")
    if not pages.exists():
        home.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "speedscope"], cwd=home, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"speedscope cannot be installed from npm here: {done.stderr.strip()[-200:]}")
    if not (box / "pages").exists():
        (box / "pages").symlink_to(pages)
    server = serve(box)
    address = f"http://127.0.0.1:{server.server_port}"
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader", f"--user-data-dir={box}/s",
                           "--virtual-time-budget=5000", "--dump-dom",
                           f"{address}/pages/index.html#profileURL={urllib.parse.quote(f'{address}/leaky.{name}', safe='')}"],
                          capture_output=True, text=True, timeout=120)
    server.shutdown()
    server.server_close()
    assert "Sandwich" in done.stdout and "Something went wrong" not in done.stdout, done.stdout[-1500:]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A trace in which names are what every format takes for its own syntax."""
    box = tmp_path_factory.mktemp("hostile")
    (box / "x.s").write_text("")
    source = box / "x.c"
    source.write_text('#include <stdlib.h>\nchar *f(void) __asm__("%s");\nchar *f(void) { return malloc(10); }\n'
                      "int main(void) { f(); f(); return 0; }\n" % HOSTILE.replace("/", "_").replace("%", "p"))
    done = subprocess.run(["gcc", "-O0", "-rdynamic", source, "-o", box / HOSTILE.replace("/", "|")], capture_output=True, text=True, timeout=60)
    program = box / HOSTILE.replace("/", "|")
    if done.returncode:
        source.write_text("#include <stdlib.h>\nint main(void) { return malloc(10) == malloc(20); }\n")
        subprocess.run(["gcc", source, "-o", program], check=True, timeout=60)
    run([LEAKSHIM, "run", "-o", box / "t.trace", "--", program], environment(TMPDIR=box))
    return box


@pytest.mark.parametrize("name", ALL)
def test_names_are_data_in_every_format(hostile, name):
    out = hostile / f"out.{name}"
    done = run([LEAKSHIM, "report", "--show", "all", "--format", f"{name}={out}", hostile / "t.trace"])
    assert done.status == 0, done
    text = out.read_bytes()
    if name in ("json", "sarif", "gitlab"):
        json.loads(text)
    elif name in ("junit", "valgrind-xml"):
        ET.fromstring(text)
    elif name == "html":
        assert text.count(b"<script") == 2 and b"<script>alert" not in text
    elif name == "markdown":
        assert b"<script>" not in text
    elif name == "github":
        assert all(c[0] in ("error", "warning", "notice") and "y" not in c[1] for c in workflow_commands(text.decode()))


def test_with_a_baseline_known_new_and_grown_groups_are_told_apart(box, tmp_path):
    env = environment(TMPDIR=tmp_path)
    known = ["--check", "--baseline", tmp_path / "known"]
    run([LEAKSHIM, "run", *known, "--write-baseline", "--", box / "leaky"], env)
    done = run([LEAKSHIM, "run", *known, "--format", f"text,sarif={tmp_path}/s,json={tmp_path}/j,junit={tmp_path}/u", "--", box / "leaky", "more"], env)
    assert done.status == 23, done
    states = {r["baselineState"]: r["occurrenceCount"] for r in json.loads((tmp_path / "s").read_text())["runs"][0]["results"]}
    assert states == {"updated": 10, "unchanged": 10}
    report = json.loads((tmp_path / "j").read_text())
    assert [leak["baseline"] for leak in report["leaks"] + report["known"]] == ["grown", "known"]
    suite = ET.parse(tmp_path / "u").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_json_of_a_judged_run_is_one_document(box, tmp_path):
    env = environment(TMPDIR=tmp_path)
    run([LEAKSHIM, "run", "--check", "--baseline", tmp_path / "known", "--write-baseline", "--", box / "leaky"], env)
    done = run([LEAKSHIM, "run", "--check", "--baseline", tmp_path / "known", "--format", "json", "--", box / "leaky", "more"], env)
    assert done.status == 23 and json.loads(done.text)["leaks"][0]["baseline"] == "grown", done


def chromium(box, script):
    """What a real browser says of the page: the result of a script of the test, and its console."""
    browser = shutil.which("chromium")
    if not browser:
        pytest.skip("no chromium")
    page = box / "looked-at.html"
    text = (box / "leaky.html").read_text()
    # the page's own policy stays in force: the test's script is let in by its hash
    import base64
    import hashlib
    digest = "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page.write_text(text.replace("script-src '", f"script-src '{digest}' '", 1).replace("</body>", f"<script>{script}</script></body>"))
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=2000",
                           f"--user-data-dir={box}/browser", "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_the_page_lists_filters_sorts_and_zooms_without_an_error(box):
    script = """
const out = [], say = (t) => out.push(t), $$ = (s) => [...document.querySelectorAll(s)];
say($$('.group').length);
document.getElementById('filter').value = 'forget'; document.getElementById('filter').dispatchEvent(new Event('input'));
say($$('.group').length + ' ' + document.getElementById('count').textContent);
document.getElementById('filter').value = ''; document.getElementById('order').value = 'bytes'; document.getElementById('order').dispatchEvent(new Event('input'));
say($$('.group .place').map((e) => e.textContent).join(' '));
$$('#flame button').find((b) => b.textContent === 'forget').click();
say($$('#flame button').filter((b) => b.classList.contains('fade')).map((b) => b.textContent).join(' '));
document.getElementById('reset').click();
say($$('#flame button').length);
$$('.group')[0].open = true;
setTimeout(() => { say($$('.group')[0].querySelectorAll('ol.stack li').length + ' ' + $$('pre.source mark').length);
  const p = document.createElement('p'); p.id = 'result'; p.textContent = out.join(' / '); document.body.append(p); }, 100);
"""
    page, console = chromium(box, script)
    result = re.search(r'<p id="result">(.*?)</p>', page)
    assert result, page[-2000:]
    assert result[1] == "2 / 1 1 of 2 groups / main (leaky.c:18) build (leaky.c:12) / main all / 4 / 2 2", result[1]
    assert not console, console


def test_the_page_is_small_and_asks_for_nothing(box):
    text = (box / "leaky.html").read_text()
    data = re.search(r'type="application/json">(.*?)</script>', text, re.S)[1]
    assert len(text) - len(data) < 300_000
    assert "http:" not in text.replace("http://www.w3.org/2000/svg", "") and "https:" not in text


def test_lines_of_files_outside_the_source_root_are_not_shown(box, tmp_path):
    (tmp_path / "empty").mkdir()
    run([LEAKSHIM, "report", "--source-root", tmp_path / "empty", "--format", f"html={tmp_path}/x.html", box / "leaky.trace"])
    assert '"source"' not in (tmp_path / "x.html").read_text()


@pytest.fixture
def traceless(tmp_path):
    """A program that can be started and leaves no trace: the loader gives it up."""
    for name, text in (("gone.c", "int gone;\n"), ("still.c", "extern int gone;\nint main(void) { return gone; }\n")):
        (tmp_path / name).write_text(text)
    assert run(["cc", "-shared", "-o", "libgone.so", "gone.c"], cwd=tmp_path).status == 0
    assert run(["cc", "-o", "still", "still.c", "./libgone.so"], cwd=tmp_path).status == 0
    (tmp_path / "libgone.so").unlink()
    return tmp_path / "still"


@pytest.mark.parametrize("how", ["no trace", "no start", "no such process", "damaged"])
def test_formats_for_programs_have_a_document_where_nothing_is_known(how, traceless, tmp_path):
    names = ALL
    list_of = ",".join(f"{name}={tmp_path / name}" for name in names)
    (tmp_path / "damaged").write_bytes(b"no trace")
    argv = {"no trace": ["run", "--format", list_of, "--", traceless], "no start": ["run", "--format", list_of, "--", "/sbin/none"],
            "no such process": ["snapshot", "--format", list_of, "2147483646"],
            "damaged": ["report", "--format", list_of, tmp_path / "damaged"]}[how]
    name = str(argv[-1])
    done = run([LEAKSHIM, *argv])
    assert done.status == {"no trace": 127, "no start": 127}.get(how, 2), done
    text = {name: (tmp_path / name).read_bytes() for name in names}
    whole = json.loads(text["json"])
    jsonschema.validate(whole, json.loads((ROOT / "analyzer" / "report.schema.json").read_text()))
    assert [about["program"] for about in whole["unknown"]] == [name]
    (outcome,) = json.loads(text["sarif"])["runs"][0]["invocations"]
    assert outcome["executionSuccessful"] is False and name in outcome["toolExecutionNotifications"][0]["message"]["text"]
    assert ET.fromstring(text["junit"]).find("testsuite/testcase/error").get("message")
    assert name in ET.fromstring(text["valgrind-xml"]).find("preamble/line").text
    assert text["github"].startswith(b"::error ") and b"nothing is known" in text["markdown"] and b"Nothing is known" in text["html"]
    assert text["openmetrics"].endswith(b"} 0\n# EOF\n") and json.loads(text["gitlab"]) == [] and text["folded"] == b""
    assert gzip.decompress(text["pprof"])


def test_no_other_words_stand_beside_a_document_on_stderr(traceless):
    done = run([LEAKSHIM, "run", "--format", "json", "--", traceless])
    words, document = done.stderr.split(b"\n", 1)
    assert done.status == 127 and b"libgone.so" in words and json.loads(document)["unknown"], done
