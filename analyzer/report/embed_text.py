# SPDX-License-Identifier: MIT
"""Puts a text file into C, a string a line: embed_text.py TEXT NAME HEADER OUTPUT."""
import json
import pathlib
import sys

text, name, header, output = sys.argv[1:]
lines = pathlib.Path(text).read_text(encoding="utf-8").splitlines(keepends=True)
body = "\n".join("\t" + json.dumps(line) for line in lines)
pathlib.Path(output).write_text(f'#include "{header}"\n\nconst char {name}[] =\n{body};\n', encoding="utf-8")
