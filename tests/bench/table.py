# SPDX-License-Identifier: MIT
"""From runs to ratios, and from ratios to the table as text and as JSON."""
import statistics


def spread(values):
    """{median, min, max}, or None of nothing."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def ratio(value, of):
    return value / of if of else None


def row(variant, pairs, runs):
    """runs: (run, the bare run of the same round and size). One failure fails the row."""
    failed = next((run.failed or f"bare {bare.failed}" for run, bare in runs if run.failed or bare.failed), None)
    made = {"variant": variant.name, "title": variant.title, "runs": len(runs), "part_of_the_work": variant.part}
    said = next((run.said for run, _ in runs if run.said), None)
    if said:
        made["said"] = said
    if failed:
        return made | {"failed": failed}
    made |= {"cpu_seconds": spread([run.cpu for run, _ in runs]),
             "wall_seconds": spread([run.wall for run, _ in runs]),
             "peak_kib": spread([run.peak for run, _ in runs]),
             "cpu_ratio": spread([ratio(run.cpu, bare.cpu) for run, bare in runs]),
             "wall_ratio": spread([ratio(run.wall, bare.wall) for run, bare in runs]),
             "peak_ratio": spread([ratio(run.peak, bare.peak) for run, bare in runs])}
    if variant.traces:
        made["trace_bytes"] = spread([run.trace for run, _ in runs])
    if pairs:
        made["cpu_ns_a_pair"] = spread([run.cpu * 1e9 / pairs for run, _ in runs])
        made["wall_ns_a_pair"] = spread([run.wall * 1e9 / pairs for run, _ in runs])
    return made


def cell(made, what, digits=2):
    if made is None:
        return ""
    if "failed" in made:
        return made["failed"]
    if not made.get(what):
        return "-"
    median, low, high = (f"{made[what][name]:.{digits}f}" for name in ("median", "min", "max"))
    return median if made["runs"] == 1 else f"{median} ({low}-{high})"


def grid(head, lines):
    """A table that reads the same in a terminal and in Markdown."""
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    show = lambda line: "| " + " | ".join(word.ljust(width) for word, width in zip(line, widths)) + " |"
    return [show(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(show, lines)]


def section(result, title, what, unit, first, digits=2, only=lambda of: True):
    names = [name for name in result["variants"] if name != "bare"]
    lines = []
    for name, of in result["workloads"].items():
        rows = {made["variant"]: made for made in of["rows"]}
        if only(of):
            lines.append([name, cell(rows["bare"], first, digits)]
                         + [cell(rows.get(variant), what, digits) for variant in names])
    return ["", title, "", *grid(["workload", f"bare, {unit}", *names], lines)] if lines else []


def in_mib(result):
    """The same result, with a bare peak in MiB for people."""
    for of in result["workloads"].values():
        for made in of["rows"]:
            if made.get("peak_kib"):
                made["peak_mib"] = {name: value / 1024 for name, value in made["peak_kib"].items()}
    return result


def text(result):
    machine = result["machine"]
    out = [f"leakshim {result['version']}: what tracing costs, {result['date']}",
           f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB; {machine['system']}, "
           f"Linux {machine['kernel']}, glibc {machine['glibc']}, {machine['gcc']}; traces on {machine['traces_on']}; "
           f"load {machine['load_before']:.2f} before, {machine['load_after']:.2f} after",
           f"Each cell: median (smallest-largest) of {result['repeat']} rounds, each against the bare run of its round."]
    if result["quick"]:
        out += ["A smoke run on tiny inputs: these figures say nothing about cost."]
    result = in_mib(result)
    out += section(result, "CPU time, times the bare program's", "cpu_ratio", "s", "cpu_seconds")
    out += section(result, "Peak memory, times the bare program's", "peak_ratio", "MiB", "peak_mib")
    known = lambda of: any("cpu_ns_a_pair" in made for made in of["rows"])
    out += section(result, "CPU time of a malloc and its free, a retain and its release, or a buffer", "cpu_ns_a_pair", "ns", "cpu_ns_a_pair", 0, known)
    out += section(result, "Wall time of the same, all threads together", "wall_ns_a_pair", "ns",
                   "wall_ns_a_pair", 0, known)
    out += ["", "Workloads:", *(f"  {name}: {of['title']}" for name, of in result["workloads"].items()),
            "Columns:", *(f"  {name}: {title}" for name, title in result["variants"].items())]
    if result["omitted"]:
        out += ["Left out:", *(f"  {name}: {reason}" for name, reason in result["omitted"].items())]
    notes = {made["said"].splitlines()[0]: f"{name}, {made['variant']}" for name, of in result["workloads"].items()
             for made in of["rows"] if made.get("said")}
    if notes:
        out += ["leakshim itself said:", *(f"  {where}: {what}" for what, where in notes.items())]
    return "\n".join(out)
