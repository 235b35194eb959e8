# SPDX-License-Identifier: MIT
"""embed.py OUT HTML CSS JS: the page in two C strings, before and after its data, with the hashes that let its own script and style run."""
import base64
import hashlib
import sys
from pathlib import Path


def digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def literal(text):
    lines = []
    for at in range(0, len(text), 96):
        part = text[at:at + 96].encode()
        lines.append('\t"' + "".join(chr(c) if 32 <= c < 127 and chr(c) not in '"\\?' else f"\\{c:03o}" for c in part) + '"')
    return "\n".join(lines)


out, html, css, js = (Path(name) for name in sys.argv[1:])
style, script = css.read_text(), js.read_text()
page = html.read_text()
page = page.replace("@SCRIPT@", digest(script)).replace("@STYLE@", digest(style)).replace("@CSS@", style)
before, after = page.split("@DATA@")
after = after.replace("@JS@", script)
out.write_text(f'#include "html_page.h"\nconst char html_page_before[] =\n{literal(before)};\nconst char html_page_after[] =\n{literal(after)};\n')
