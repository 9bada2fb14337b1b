"""Runs the suites of a gtest program, each in separate processes: an abort, or a GPU fault that a process cannot recover
from, does not end other suites. A test that fails is run once more alone, which distinguishes its own fault from one
that an earlier test left behind. Needs only the standard library.
"""
import collections
import concurrent.futures
import os
import re
import signal
import subprocess
import time

RESULT = re.compile(r"^\[ +(RUN|OK|FAILED|SKIPPED) +\] ([^ ,]+\.[^ ,]+)")
ALONE = 8  # max tests of a suite that are tried again
HOPELESS = 4  # number of crashes of a suite after which its other tests are not run
SHOWN = 6  # lines shown per failure

Fall = collections.namedtuple("Fall", "test how alone lines")  # `alone` is the result of a second run


class Suite:
    def __init__(self, name, tests):
        self.name, self.pending, self.passed, self.falls, self.skipped = name, list(tests), 0, [], []
        self.seconds, self.log = 0.0, ""

    def count(self, how):
        return sum(fall.how == how for fall in self.falls)

    @property
    def holds(self):
        return not self.falls and not self.pending and not self.skipped

    def row(self):
        cells = (self.name, self.passed, self.count("failed"), self.count("crashed") + self.count("out of time"),
                 sum(fall.alone == "passed" for fall in self.falls), len(self.pending) + len(self.skipped))
        return "| " + " | ".join(map(str, cells)) + f" | {self.seconds:.0f} |"


HEADING = ("| suite | passed | failed | crashed or stuck | of these passed alone | not run | seconds |\n"
           "|---" + "|---:" * 6 + "|")


def list_suites(program, wanted):
    """Returns {suite: full names of its tests}, and the names of the suites that are left out."""
    command = [program, "--gtest_list_tests"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    suites, left_out, current = {}, [], None
    for line in output.splitlines():
        name = line.split("#")[0].strip()
        if not line.startswith(" ") and name.endswith("."):
            current = name if wanted(name[:-1]) else None
            if current is None:
                left_out.append(name[:-1])
        elif line.startswith(" ") and current:
            suites.setdefault(current[:-1], []).append(current + name)
    return suites, left_out


def ending(code):
    if code == 0:
        return "exit status 0"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def run_tests(program, tests, seconds):
    """Runs these tests in a process. Returns (output, how it ended); the latter is None if it ran out of time."""
    environment = dict(os.environ, OMP_WAIT_POLICY="passive")
    command = [program, "--gtest_filter=" + ":".join(tests), "--gtest_color=no"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=max(seconds, 1),
                              env=environment)
        return done.stdout.decode(errors="replace"), ending(done.returncode)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace"), None


def read(output):
    """{test: (OK, FAILED, SKIPPED, or RUN if it did not finish; its lines)}"""
    results, lines, current = {}, [], None
    for line in output.splitlines():
        found = RESULT.match(line)
        if found and found[1] == "RUN":
            current, lines = found[2], []
            results[current] = ("RUN", lines)
        elif found and found[2] == current:
            results[current], current = (found[1], lines), None
        elif current:
            lines.append(line)
    return results


def run_suite(program, suite, seconds, deadline):
    """Runs processes until every test has finished or crashed. Each process gets this many seconds."""
    start, crashes = time.monotonic(), 0
    while suite.pending and crashes < HOPELESS and time.monotonic() < deadline:
        output, end = run_tests(program, suite.pending, min(seconds, deadline - time.monotonic()))
        suite.log += output
        results = read(output)
        for test, (result, lines) in results.items():
            if result == "OK":
                suite.passed += 1
            elif result == "SKIPPED":
                suite.skipped.append(test)
            elif result == "FAILED":
                suite.falls.append(Fall(test, "failed", None, lines))
            else:
                suite.falls.append(Fall(test, "crashed" if end else "out of time", None, lines + [end or "stopped"]))
        if not results:  # it crashed before the first test
            how, lines = "crashed" if end else "out of time", output.splitlines()[-SHOWN:]
            suite.falls.append(Fall(suite.name, how, None, [*lines, str(end)]))
            break
        crashes += any(result == "RUN" for result, _ in results.values())
        suite.pending = [test for test in suite.pending if test not in results]
    again = [fall if fall.how == "out of time" else fall._replace(alone=alone(program, fall.test, seconds, deadline))
             for fall in suite.falls[:ALONE]]
    suite.falls = again + suite.falls[ALONE:]
    suite.seconds = time.monotonic() - start
    return suite


def alone(program, test, seconds, deadline):
    if "." not in test or time.monotonic() >= deadline:  # a whole suite, or no time
        return None
    output, end = run_tests(program, [test], min(seconds, deadline - time.monotonic()))
    return {"OK": "passed", "FAILED": "failed"}.get(read(output).get(test, ("", []))[0], end or "out of time")


def run_all(program, wanted, budget, jobs, say):
    """Runs the wanted suites, several at a time; calls say(text) as they end. Returns (suites, names of those left out)."""
    tests, left_out = list_suites(program, wanted)
    deadline, start = time.monotonic() + budget, time.monotonic()
    suites = [Suite(name, tests) for name, tests in tests.items()]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        works = [pool.submit(run_suite, program, suite, budget / 3, deadline) for suite in suites]
        for number, work in enumerate(concurrent.futures.as_completed(works), 1):
            suite = work.result()
            verdict = "passed" if suite.holds else "NOT RUN TO THE END" if not suite.falls else "FAILED"
            say(f"[{time.monotonic() - start:4.0f} s, {number} of {len(works)}] {suite.name}: {verdict}, "
                f"{suite.passed} of {len(tests[suite.name])} tests, {suite.seconds:.0f} s")
    return suites, left_out


def report(suites, left_out):
    """The table, and the first lines of each failure."""
    lines = [HEADING] + [suite.row() for suite in sorted(suites, key=lambda s: (s.holds, s.name))]
    for suite in suites:
        for fall in suite.falls:
            again = f", {fall.alone} when it ran alone" if fall.alone else ""
            lines += ["", f"{fall.test}: {fall.how}{again}"] + ["    " + line[:200] for line in excerpt(fall)]
        if suite.pending or suite.skipped:
            lines += ["", f"{suite.name}: not run: " + ", ".join(suite.pending + suite.skipped)]
    lines += ["", "Suites left out, which no GPU has a part in: " + (", ".join(left_out) or "none")]
    return "\n".join(lines)


def excerpt(fall):
    """The first lines and, for a crash, how the process ended."""
    lines = [line for line in fall.lines if line.strip()]
    return lines[:SHOWN] if fall.how == "failed" or len(lines) <= SHOWN else lines[:SHOWN - 1] + lines[-1:]
