# SPDX-License-Identifier: MIT
"""The report is in words that a person reads: functions of the program first, names as they were written."""
import re
import re
import shutil
import subprocess

import pytest

from harness import LEAKSHIM, ROOT, groups, report, run, under_run

SHARED = """
#include <map>
#include <memory>
#include <string>
namespace app { struct Timer { std::map<std::string, int> names; }; }
static __attribute__((noinline)) void serve() {
    auto *kept = new std::shared_ptr<app::Timer>(std::make_shared<app::Timer>());
    (*kept)->names["a name that is longer than what a string has room for itself"] = 1;
}
int main() { for (int i = 0; i < 3; i++) serve(); }
"""


def reported(box, *arguments):
    (box / "server.cpp").write_text(SHARED)
    subprocess.run(["/usr/bin/g++", "-g", "-O0", box / "server.cpp", "-o", box / "server"], check=True)
    under_run([box / "server"], box / "t")
    return run([LEAKSHIM, "report", box / "t", "--show", "definite,indirect", *arguments]).stdout.decode()


def test_the_first_line_names_the_programs_own_function_and_libraries_are_folded(box):
    text = reported(box)
    assert " that hang on them, made in serve (server.cpp:7) [" in text, text
    assert re.search(r"\tstd::make_shared<app::Timer> \(shared_ptr\.h:\d+\)", text.replace(", inlined", "")), text
    folded = [line for line in text.splitlines() if line.endswith(" frames")]
    assert any("std::map<std::string, int>::operator[] (" in line for line in folded), text
    assert "std::allocator<" not in text and "__cxx11" not in text and "allocator_traits" not in text, text


def test_every_frame_and_whole_names_are_there_where_they_are_asked_for(box):
    text = reported(box, "--full")
    assert " frames\n" not in text and "allocator_traits" in text and "std::__cxx11::basic_string<char" in text, text


def test_only_classes_that_have_any_are_listed(box):
    under_run(["/bin/true"], box / "t")
    text = run([LEAKSHIM, "report", box / "t"]).stdout.decode()
    assert " 0," not in text and "definite" not in text, text


@pytest.mark.parametrize("compiler, dwarf", [("gcc", 4), ("gcc", 5), ("clang", 4), ("clang", 5)])
def test_who_takes_a_fingerprint_and_names_variables_and_fields(compiler, dwarf, box):
    source = ROOT / "tests/victims/keeps_a_list.c"
    subprocess.run([compiler, f"-gdwarf-{dwarf}", source, "-o", box / "keeps_a_list"], check=True)
    under_run([box / "keeps_a_list"], box / "t")
    (group,) = groups(report(box / "t"), "make_buffer")
    text = run([LEAKSHIM, "who", box / "t", group["fingerprint"]]).stdout.decode()
    first, *held, root = text.splitlines()
    assert first == f"block {group['example']}, 777 bytes, made by make_buffer < main", text
    assert [line.split(", ")[1] for line in held] == ["struct session.buffer", "struct session.links.next", "struct session.links.next"]
    assert root.startswith("  a variable, registry.open[2] (keeps_a_list.c:11), at 0x"), text
    assert run([LEAKSHIM, "who", box / "t", group["example"]]).stdout.decode() == text


def test_debug_information_that_cannot_be_read_is_named(box):
    (box / "lose.c").write_text("#include <stdlib.h>\nint main(void) { *(volatile char *)malloc(77) = 1; return 0; }\n")
    for name, word, spoil in [
            ("split", "of its .dwo files, or the .dwp file, were not found", lambda out: [f.unlink() for f in box.glob("*.dwo")]),
            ("packed", "compressed by zstd", lambda out: subprocess.run(
                ["objcopy", "--compress-debug-sections=zstd", out], capture_output=True, check=False).returncode)]:
        out = box / name
        subprocess.run(["gcc", "-g", "-gdwarf-5", *(["-gsplit-dwarf"] if name == "split" else []), box / "lose.c", "-o", out],
                       check=True, cwd=box)
        under_run([out], box / f"{name}.whole")
        assert "note:" not in run([LEAKSHIM, "report", box / f"{name}.whole"]).stdout.decode()
        spoilt = spoil(out)
        if spoilt == 1:
            continue  # an objcopy that knows no zstd
        under_run([out], box / f"{name}.t")
        text = run([LEAKSHIM, "report", box / f"{name}.t"]).stdout.decode()
        assert word in text or (name == "packed" and "(lose.c:2)" in text), text


FROM_LIBC = """
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static __attribute__((noinline)) void name(int i) { char *s; if (asprintf(&s, "name %d", i) > 0) puts(s); }
static __attribute__((noinline)) void lines(void)
{
    FILE *f = fopen("/etc/passwd", "r");
    char *line = NULL;
    size_t n = 0;
    while (getline(&line, &n, f) > 0)
        ;
    fclose(f);
}
static __attribute__((noinline)) void copy(int i) { char *s = strdup("text"); if (i) free(s); }
int main(void) { for (int i = 0; i < 3; i++) name(i), copy(i); lines(); return 0; }
"""


def from_libc(box, *options):
    (box / "libc.c").write_text(FROM_LIBC)
    subprocess.run(["gcc", *options, "-O0", box / "libc.c", "-o", box / "libc"], check=True)
    under_run([box / "libc"], box / "t")
    text = run([LEAKSHIM, "report", box / "t"]).stdout.decode()
    return text.split("leakshim: ", 1)[0].split("LEAK: ")[1:]


def test_what_a_library_makes_for_itself_in_a_call_is_no_sibling_of_what_it_hands_out(box):
    found = {part.split("made in ")[1].split()[0]: part for part in from_libc(box, "-g")}
    assert set(found) == {"name", "lines", "copy"}, found
    for function in ("name", "lines"):  # a scratch string of asprintf, and the buffer of getline's stream
        assert "are released" not in found[function] and "none of" in found[function], found
    assert "are released in copy" in found["copy"], found


def test_how_it_was_made_and_what_was_done_wrong_is_in_words_that_fit(box):
    (box / "new.cpp").write_text("#include <cstdlib>\nstruct List { List *next; };\nint main() { void *p;\n"
                                 "for (int i = 0; i < 2; i++) if (posix_memalign(&p, 64, 640)) return 1; p = 0;\n"
                                 "int *wrong = new int[4]; delete wrong; }\n")
    subprocess.run(["g++", "-g", "-w", "-O0", box / "new.cpp", "-o", box / "new"], check=True)
    under_run([box / "new"], box / "t")
    text = run([LEAKSHIM, "report", box / "t"]).stdout.decode()
    assert "2 of 2 ever allocated here, aligned; at most" in text and "aligned_alloc()" not in text, text
    assert "Done in main (new.cpp:5): the wrong function released it [mismatch]." in text, text


def test_a_program_without_names_is_named_by_file_and_offset_and_not_by_what_it_called(box):
    parts = from_libc(box, "-s")
    assert len(parts) == 3
    for part in parts:
        assert re.search(r"^[^\n]*, made in libc\+0x[0-9a-f]+ \[", part) and "in ?" not in part, part


@pytest.mark.parametrize("version, tool", [("4", "dwp"), ("5", "llvm-dwp-14"), ("5", "llvm-dwp-19")])
def test_debug_information_in_a_package_is_read_or_it_is_said_that_it_cannot_be(box, version, tool):
    if not shutil.which(tool):
        pytest.skip(f"not installed: {tool}")
    (box / "lose.c").write_text("#include <stdlib.h>\n"
                                "static inline __attribute__((always_inline)) void deep(void) { *(volatile char *)malloc(77) = 1; }\n"
                                "int main(void) { deep(); return 0; }\n")
    subprocess.run(["gcc", "-g", f"-gdwarf-{version}", "-gsplit-dwarf", box / "lose.c", "-o", box / "packed"], check=True, cwd=box)
    subprocess.run([tool, "-e", box / "packed", "-o", box / "packed.dwp"], cwd=box, check=True, timeout=60)
    for part in box.glob("*.dwo"):
        part.unlink()
    under_run([box / "packed"], box / "t")
    text = run([LEAKSHIM, "report", box / "t"]).stdout.decode()
    assert "deep (lose.c:2), inlined" in text or "packed.dwp, which elfutils before 0.191 cannot read" in text, text
    assert "main" in text, text
