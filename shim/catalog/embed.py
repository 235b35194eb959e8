# SPDX-License-Identifier: MIT
"""Writes probe files as a C table: embed.py OUTPUT FILE..."""
import re
import sys


def quoted(line):
    return '"' + line.replace('\\', '\\\\').replace('"', '\\"') + '\\n"'


def main():
    output, *paths = sys.argv[1:]
    with open(output, 'w') as out:
        out.write('#include "catalog.h"\n\nconst struct catalog_file catalog_files[] = {\n')
        for path in sorted(paths):
            with open(path) as file:
                lines = file.read().splitlines()
            name = path.split('/')[-1]
            globs = sorted({g for line in lines if line.startswith('type')
                            for g in re.findall(r'\blib=(\S+)', line)})
            # comments need not live in every process; line numbers stay
            lines = [re.sub(r'\s*#.*', '', line) for line in lines]
            text = '\n\t '.join(quoted(line) for line in lines)
            out.write(f'\t{{"{name}",\n\t "{"".join(g + chr(92) + "0" for g in globs)}",\n'
                      f'\t {text}}},\n')
        out.write('};\nconst unsigned catalog_count = sizeof(catalog_files) / sizeof(catalog_files[0]);\n')


main()
