# SPDX-License-Identifier: MIT
"""Writes probe files as a C table: embed.py OUTPUT FILE..."""
import re
import sys


def quoted(line):
    return '"' + line.replace('\\', '\\\\').replace('"', '\\"') + '\\n"'


def write_table(out, table, count, paths):
    out.write(f'\nconst struct catalog_file {table}[] = {{\n')
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
    out.write(f'}};\nconst unsigned {count} = sizeof({table}) / sizeof({table}[0]);\n')


def main():
    output, *paths = sys.argv[1:]
    with open(output, 'w') as out:
        out.write('#include "catalog.h"\n')
        write_table(out, 'catalog_files', 'catalog_count', [p for p in paths if p.endswith('.probes')])
        write_table(out, 'catalog_java', 'catalog_java_count', [p for p in paths if p.endswith('.jprobes')])
        write_table(out, 'catalog_runtimes', 'catalog_runtime_count', [p for p in paths if p.endswith('.runtime')])


main()
