#!/usr/bin/env python3
"""Makes the table cpu.md and the plot cpu.svg from RESULTS/cpu.json, which bench/peers.py writes.

usage: report.py RESULTS
       report.py --name        prints a folder name for this machine: its model and its number of cores
"""
import collections
import json
import os
import platform
import re
import statistics
import subprocess
import sys

from peer import PEERS

TITLES = {"kronvec": "kronvec", "expert-numpy": "by hand, NumPy", "expert-jax": "by hand, JAX", "eigen": "Eigen",
          "numpy-kron": "numpy.kron", "jax-jacfwd": "JAX jacfwd", "jax-jacrev": "JAX jacrev",
          "torch-jacfwd": "PyTorch jacfwd", "torch-jacrev": "PyTorch jacrev"}
COLOURS = {"kronvec": "#c0392b", "expert": "#7f8c8d", "eigen": "#8e6bbf", "numpy": "#b8860b", "jax": "#3b78b5",
           "torch": "#e08e45"}


def machine_name():
    lines = subprocess.run(["lscpu"], capture_output=True, text=True).stdout.splitlines()
    model = next((line.split(":", 1)[1] for line in lines if line.startswith("Model name:")), platform.machine())
    model = re.sub(r"\((R|TM)\)|@.*$", " ", model)
    return re.sub(r"[^A-Za-z0-9.]+", "-", f"{model} {len(os.sched_getaffinity(0))} cores").strip("-")


def number(x):
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def spread(r):
    return f"{number(r['ratio'])} ({number(r['min'])}–{number(r['max'])})"


def named(result):
    """Case, size, type and threads: the first columns of every table."""
    return f"`{result['text']}` | {result['size']} | {result['dtype']} | {result['threads']}"


def table(heading, rows):
    return ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading), *("| " + " | ".join(r) + " |" for r in rows),
            ""]


CASE = ("case", "size", "type", "threads")


def own_table(results):
    """Our times relative to the floors."""
    rows = []
    for r in results:
        if "seconds" not in r:
            continue
        rows.append((named(r), f"{1e-6 * r['bytes']:.0f} MB", f"{1e3 * r['seconds']['median']:.1f} ms",
                     spread(r["over_store"]), spread(r["fresh_over"]) if "fresh_over" in r else "",
                     f"{100 * r['of_gemm']:.0f}%" if "of_gemm" in r else "", number(r["peak_over_j"])))
    return table((*CASE, "J", "time", "over the store floor (min–max)", "fresh, over its floor (min–max)",
                  "of gemm's rate", "peak memory / J"), rows)


def cells(document):
    """(id, threads) -> {peer: answer}, in order. Includes Eigen's answers, which kronvec's program measures, for cases
    with other peers."""
    grouped = collections.OrderedDict()
    for r in document["peers"]:
        grouped.setdefault((r["id"], r["threads"]), {})[r["peer"]] = r
    for r in document["kronvec"]:
        key = (r["id"], r["threads"])
        if key in grouped and "eigen" in r:
            e = dict(r["eigen"])
            if "seconds" in e:
                store = r["store"]["median"]
                e |= {"over_ours": e["over_ours"]["ratio"], "over_store": {
                    "ratio": e["seconds"]["median"] / store, "min": e["seconds"]["min"] / store,
                    "max": e["seconds"]["max"] / store}}
            case = {name: r[name] for name in ("id", "text", "size", "dtype", "threads")}
            grouped[key]["eigen"] = case | e | {"peer": "eigen"}
    return grouped


def over_ours(fresh):
    """A cell: the time relative to ours; for a peer that allocates its result, in brackets, relative to ours with a fresh
    allocation."""
    def cell(r):
        ours = fresh.get((r["id"], r["threads"]))
        allocates = not r["peer"].startswith(("expert", "eigen"))
        brackets = f" ({number(r['seconds']['median'] / ours)} ×)" if ours and allocates else ""
        return number(r["over_ours"]) + " ×" + brackets

    return cell


def kronvec_runs(answers):
    """Our runs beside the peers: relative to the floor (median, min and max), and the peak memory of the process."""
    ours = [a["ours"] for a in answers.values() if "ours" in a]
    ratios = sorted(o["seconds"]["median"] / o["store"]["median"] for o in ours)
    if not ours:
        return None
    return {"ratio": statistics.median(ratios), "min": ratios[0], "max": ratios[-1],
            "peak": statistics.median(o["process_peak_over_j"] for o in ours)}


def peer_table(grouped, first, cell):
    order = [p for p in (*PEERS[:2], "eigen", *PEERS[2:]) if any(p in answers for answers in grouped.values())]
    rows = []
    for answers in grouped.values():
        any_answer = next(iter(answers.values()))
        ours = kronvec_runs(answers)
        row = [named(any_answer), first(ours) if ours else "–"]
        row += [cell(answers[p]) if p in answers and "seconds" in answers[p] and "over_store" in answers[p] else
                "left out" if "left_out" in answers.get(p, {}) else "" for p in order]
        rows.append(row)
    return table((*CASE, "kronvec", *(TITLES[p] for p in order)), rows)


def left_out(document, grouped):
    reasons = [f"- {named(r).replace(' | ', ', ')} threads: kronvec, {r['left_out']}" for r in document["kronvec"]
               if "left_out" in r]
    for answers in grouped.values():
        reasons += [f"- {named(a).replace(' | ', ', ')} threads: {TITLES[p]}, {a['left_out']}"
                    for p, a in answers.items() if "left_out" in a and "seconds" not in a]
    return ["## Left out", "", *(reasons or ["Nothing."]), ""]


def start_table(start):
    rows = [(name.replace("|", "\\|"), t["left_out"] if "left_out" in t else
             f"{1e3 * t['median']:.1f} ms ({1e3 * t['min']:.1f}–{1e3 * t['max']:.1f})") for name, t in start.items()]
    return ["## From nothing to the first answer (C8)", "", *table(("command", "time, median (min–max)"), rows)]


def checked(checks):
    worst = collections.OrderedDict()
    for c in checks:
        if "error" in c:
            worst[c["peer"]] = max(worst.get(c["peer"], 0), c["error"])
    return "; ".join(f"{TITLES[p]} {e:.0e}" for p, e in worst.items()) or "none"


def markdown(document):
    a, grouped = document["about"], cells(document)
    versions = collections.OrderedDict((r["peer"].split("-")[-2 if r["peer"][0] != "e" else 1], r["version"])
                                       for r in document["peers"] if "version" in r)
    fresh = {(r["id"], r["threads"]): r["fresh_seconds"]["median"] for r in document["kronvec"] if "fresh_seconds" in r}
    lines = [f"# Dense Jacobians on {a['model']}, {a['cores']} cores", "",
             f"kronvec {a['kronvec']}; {a['cpu_device']}; {a['memory_gb']} GB of memory; "
             f"{', '.join(f'{k} {v}' for k, v in versions.items())}; Python {a['python']}. "
             f"Load {a['load_before']:.1f} before, {a['load_after']:.1f} after.", "",
             "Time over the floor: 1 is a fill of the same bytes by non-temporal stores of all threads, measured in turn. "
             "See docs/performance.md.", "", "![times over the floor](cpu.svg)", "", "## kronvec over the floors", "",
             *own_table(document["kronvec"]),
             "## Peers: time over the store floor (min–max)", "",
             "Every peer ran in turn with kronvec, whose column holds the median and the spread of these runs; all times are "
             "over the same floor, that of kronvec's program.", "", *peer_table(grouped, spread, lambda r: spread(r["over_store"])),
             "## Peers: time over ours", "",
             "In brackets, of peers that allocate what they return: over ours with a fresh allocation.", "",
             *peer_table(grouped, lambda _: "1", over_ours(fresh)),
             "## Peers: peak memory of the process, over J's size", "",
             "Less what the process held before, its libraries and values.", "",
             *peer_table(grouped, lambda o: number(o["peak"]), lambda r: number(r["process_peak_over_j"])),
             *left_out(document, grouped), *start_table(document["start"]), "## Checks", "",
             f"Largest difference from kronvec's Jacobian at a small size, over its largest entry: {checked(document['checks'])}.",
             ""]
    return "\n".join(lines)


def shown(grouped):
    """The cases of the plot: for every expression, the largest double case on all threads that most peers ran."""
    best = collections.OrderedDict()
    most = max(threads for _, threads in grouped)
    for (_, threads), answers in grouped.items():
        one = next(iter(answers.values()))
        if threads != most or one["dtype"] != "float64" or "×" in one["size"] and "F" in one["size"]:
            continue
        done = sum("over_store" in a and "seconds" in a for a in answers.values())
        if one["text"] not in best or done >= best[one["text"]][0]:
            best[one["text"]] = (done, answers)
    return [answers for _, answers in best.values()]


def bars_of(answers):
    """(title, colour, ratio) for kronvec, and for the faster way of each library."""
    ours = kronvec_runs(answers)
    found = {"kronvec": ("kronvec", ours["ratio"])} if ours else {}
    for peer, a in answers.items():
        library = peer.split("-")[0]
        ratio = a["over_store"]["ratio"] if "seconds" in a and "over_store" in a else None
        if ratio and (library not in found or ratio < found[library][1]):
            found[library] = (TITLES[peer], ratio)
    order = ("kronvec", "expert", "eigen", "numpy", "jax", "torch")
    return [(found[k][0], COLOURS[k], found[k][1]) for k in order if k in found]


def plot(document, path):
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9})
    import matplotlib.pyplot as plt
    groups = [(answers, bars_of(answers)) for answers in shown(cells(document))]
    groups = [(answers, bars) for answers, bars in groups if bars]
    rows = sum(len(bars) + 1.6 for _, bars in groups)
    figure, axes = plt.subplots(figsize=(8, 0.17 * rows + 1))
    least, largest = (f(ratio for _, bars in groups for _, _, ratio in bars) for f in (min, max))
    edge = min(0.5, 0.7 * least)
    axes.axvline(1, color="black", linewidth=0.8, linestyle=":", zorder=0.5)
    y = 0.0
    for answers, bars in groups:
        one = next(iter(answers.values()))
        axes.text(0.0, y, f"{one['text']}   ", transform=axes.get_yaxis_transform(), weight="bold", va="center",
                  bbox={"color": "white", "pad": 0})
        axes.text(1.0, y, f"{one['size']}, {one['dtype']}, {one['threads']} threads", color="#555555",
                  transform=axes.get_yaxis_transform(), ha="right", va="center")
        for title, colour, ratio in bars:
            y += 1
            axes.barh(y, ratio - edge, left=edge, height=0.82, color=colour)
            axes.text(ratio * 1.06, y, number(ratio), va="center", fontsize=8)
            axes.text(-0.012, y, title, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=8,
                      weight="bold" if title == "kronvec" else "normal")
        y += 1.6
    axes.set(xscale="log", xlim=(edge, 2.2 * max(largest, 10)), ylim=(y - 0.6, -1), yticks=[])
    ticks = [10.0**k for k in range(-2, 6) if edge <= 10**k < 2 * max(largest, 10)]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xlabel("time over that of writing J once: 1 is the floor, the scale is logarithmic")
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.subplots_adjust(left=0.17, right=0.98, top=1 - 0.1 / figure.get_figheight(),
                           bottom=0.55 / figure.get_figheight())
    figure.savefig(path)


def main():
    if sys.argv[1:] == ["--name"]:
        print(machine_name())
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    with open(os.path.join(folder, "cpu.json")) as results:
        document = json.load(results)
    with open(os.path.join(folder, "cpu.md"), "w") as out:
        out.write(markdown(document))
    if document["peers"]:
        plot(document, os.path.join(folder, "cpu.svg"))
    print(os.path.join(folder, "cpu.md"))


if __name__ == "__main__":
    main()
