# SPDX-License-Identifier: MIT
"""A report of a live program on SIGUSR1; a program that owns the signal keeps it."""
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import (BUILD, LEAKSHIM, Server, children, counted, end_group, environment, only_trace, preload, preloaded, report, run,
                     stack, victim, wait_until)


class Live:
    """owns_usr1 running preloaded: its outputs go into files, closing stdin ends it."""

    def __init__(self, box, manner, env=None, preexec_fn=None, **settings):
        self.box = box
        self.out, self.err = box / "out", box / "err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([victim("owns_usr1"), manner], stdin=subprocess.PIPE, stdout=out,
                                            stderr=err, env=env or preload(box, **settings),
                                            start_new_session=True, preexec_fn=preexec_fn)
        self.pid = self.process.pid

    def __enter__(self):
        self.wait_until(lambda: "ready" in self.lines(), "the program to be ready")
        return self

    def __exit__(self, *_):
        end_group(self.pid)
        self.process.stdin.close()
        self.process.wait()

    def lines(self):
        return self.out.read_text().splitlines()

    def errors(self):
        return self.err.read_text()

    def usr1(self):
        os.kill(self.pid, signal.SIGUSR1)

    def finish(self):
        """Lets it come to its own end; returns its status."""
        self.process.stdin.close()
        status = self.process.wait(60)
        assert self.lines()[-1] == "over", (self.lines(), self.errors())
        return status

    def wait_until(self, condition, what):
        try:
            return wait_until(condition, what)
        except AssertionError as late:
            raise AssertionError(f"{late}; stdout {self.lines()}, stderr {self.errors()}") from None

    def report_has_come(self):
        return "LEAK:" in self.errors() and "leakshim: trace" in self.errors()


def test_sigusr1_prints_a_report_of_the_live_program_and_it_goes_on(box):
    with Live(box, "none") as live:
        live.usr1()
        live.wait_until(live.report_has_come, "the report")
        assert "10 times so far, 1,000 bytes" in live.errors(), live.errors()
        assert "own handler" not in live.lines()
        assert live.finish() == 0


def test_sigusr1_again_and_again_prints_a_report_each_time(box):
    with Live(box, "none") as live:
        for times in range(1, 4):
            live.usr1()
            live.wait_until(lambda: live.errors().count("leakshim: trace") >= times, f"report {times}")
        assert live.finish() == 0


def test_a_storm_of_sigusr1_harms_nothing(box):
    with Live(box, "none") as live:
        for _ in range(300):
            live.usr1()
        live.wait_until(live.report_has_come, "the report")
        assert live.finish() == 0
        assert counted(report(only_trace(box)), "leak") == (10, 1000)


class Turn:
    """Holds the turn of the reports whose traces lie in a folder, as another process's report would."""

    def __init__(self, folder):
        self.folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self.folder, fcntl.LOCK_EX)

    def end(self):
        os.close(self.folder)


def is_stopped_by_the_turn(pid):
    """Its report's program waits: asleep, below the process or the one that attends to it."""
    return any(os.path.basename(os.readlink(f"/proc/{one}/exe")) == "leakshim" for child in children(pid)
               for one in [child, *children(child)] if os.path.exists(f"/proc/{one}/exe"))


def usr1_until_it_was_seen(live):
    """Signals that come at once are one; only what the program has taken is a request."""
    live.usr1()
    time.sleep(0.1)


def test_requests_while_a_report_is_made_are_joined_into_one_more(box):
    with Live(box, "none", report="signal") as live:
        turn = Turn(box)
        live.usr1()
        live.wait_until(lambda: is_stopped_by_the_turn(live.pid), "the first report to begin")
        for _ in range(5):
            usr1_until_it_was_seen(live)
        assert "LEAK:" not in live.errors()
        turn.end()
        live.wait_until(lambda: live.errors().count("leakshim: trace") == 2, "two reports")
        live.usr1()
        live.wait_until(lambda: live.errors().count("leakshim: trace") == 3, "one that came later")
        assert live.finish() == 0
        first, second, third = live.errors().split("leakshim: report of ")[1:]
        assert "5 requests were joined into this report." in second, second
        assert "joined" not in first + third
        assert all("10 times so far, 1,000 bytes" in text for text in (first, second, third)), live.errors()


def test_the_report_that_joins_requests_is_of_a_state_after_the_last_one(box):
    log = box / "server.log"
    with open(log, "wb") as errors:
        process = subprocess.Popen([victim("grows_on_request")], env=preload(box, report="signal", age=0), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
    try:
        process.stdout.readline()
        turn = Turn(box)
        os.kill(process.pid, signal.SIGUSR1)
        wait_until(lambda: is_stopped_by_the_turn(process.pid), "the first report to begin")
        for line in (b"keep\n", b"lose\n"):
            process.stdin.write(line)
            process.stdin.flush()
            process.stdout.readline()
        os.kill(process.pid, signal.SIGUSR1)
        time.sleep(0.1)
        turn.end()
        wait_until(lambda: log.read_text().count("leakshim: trace") == 2, "two reports")
        second = log.read_text().split("leakshim: report of ")[2]
        assert "10 times so far" in second and "add_some" in second, second
    finally:
        end_group(process.pid)
        process.wait()


def test_processes_that_are_asked_at_once_report_one_after_the_other(box):
    with Live(box, "none", report="signal") as one:
        other_box = box / "other"
        other_box.mkdir()
        with Live(other_box, "none", env=preload(box, report="signal")) as other:
            turn = Turn(box)
            one.usr1(), other.usr1()
            for live in (one, other):
                live.wait_until(lambda: is_stopped_by_the_turn(live.pid), "the report to begin")
            time.sleep(0.2)
            assert "LEAK:" not in one.errors() + other.errors()
            turn.end()
            for live in (one, other):
                live.wait_until(live.report_has_come, "the report")
                assert live.finish() == 0


def test_a_report_that_was_killed_holds_up_no_later_one(box):
    with Live(box, "none", report="signal") as live:
        turn = Turn(box)
        live.usr1()
        live.wait_until(lambda: is_stopped_by_the_turn(live.pid), "the first report to begin")
        usr1_until_it_was_seen(live)
        for child in children(live.pid):
            for one in children(child):
                os.kill(one, signal.SIGKILL)
        live.wait_until(lambda: not is_stopped_by_the_turn(live.pid), "its end")
        turn.end()

        def has_come():  # whoever attended to the killed one may live on for an instant
            live.usr1()
            return live.report_has_come()

        live.wait_until(has_come, "the report")
        assert live.finish() == 0


def reporters(box):
    """The programs that report on the process whose trace lies there, also when that has ended."""
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and is_reporter(entry, only_trace(box))]


def is_writing(pid):
    return Path(f"/proc/{pid}/syscall").read_text().startswith("1 ")


def is_reporter(pid, trace):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"--from-shim" in words and os.fsencode(trace) in words


def test_the_end_of_a_program_waits_for_no_report_that_was_asked_for_and_its_own_answers_all(box):
    with Live(box, "none") as live:
        turn = Turn(box)
        live.usr1()
        live.wait_until(lambda: is_stopped_by_the_turn(live.pid), "the first report to begin")
        for _ in range(2):
            usr1_until_it_was_seen(live)
        assert live.finish() == 0
        assert "ended by exit(0)" in live.errors() and "3 requests were joined into this report" in live.errors(), live.errors()
        live.wait_until(lambda: not reporters(box), "the end of what has nothing to say any more")
        turn.end()
        assert live.errors().count("leakshim: trace") == 1, live.errors()


def test_a_report_that_was_asked_for_comes_after_the_end_of_a_program_that_has_none_of_its_own(box):
    with Live(box, "none", report="signal") as live:
        turn = Turn(box)
        live.usr1()
        live.wait_until(lambda: is_stopped_by_the_turn(live.pid), "the first report to begin")
        assert live.finish() == 0
        assert "LEAK:" not in live.errors()
        turn.end()
        live.wait_until(live.report_has_come, "the report")
        live.wait_until(lambda: not reporters(box), "its end")
        assert live.errors().count("leakshim: trace") == 1 and "ended by exit(0)" in live.errors(), live.errors()


def test_a_report_that_is_being_written_when_the_program_ends_comes_whole_before_the_last_one(box):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen([victim("owns_usr1"), "none"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writer,
                               env=preload(box), start_new_session=True)
    try:
        process.stdout.readline()
        with ThreadPoolExecutor(1) as pool:
            os.write(writer, b"." * 4096)
            os.kill(process.pid, signal.SIGUSR1)
            wait_until(lambda: any(is_writing(pid) for pid in reporters(box)), "the report to be written")
            process.stdin.close()
            os.close(writer)
            time.sleep(0.1)
            text = pool.submit(lambda: os.fdopen(reader).read()).result(60)
        first, last = text.split("leakshim: report of ")[1:]
        assert "still running" in first and "leakshim: trace" in first, text
        assert "ended by exit(0)" in last and "leakshim: trace" in last and "joined" not in text, text
    finally:
        end_group(process.pid)
        process.wait()


def test_a_report_of_many_groups_is_written_in_one_piece(box):
    names = [f"lose_{i}" for i in range(40)]
    source = "#include <stdlib.h>\nvoid *volatile at;\n" + "".join(
        f"__attribute__((noinline)) void {name}(void) {{ at = malloc({10 + i}); at = 0; }}\n" for i, name in enumerate(names))
    (box / "many.c").write_text(source + "int main(void) {" + "".join(f"{name}();" for name in names) + "return 0; }\n")
    subprocess.run(["gcc", "-g", box / "many.c", "-o", box / "many"], check=True, timeout=60)
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, its:
        assert run([box / "many"], preload(box), stderr=its).status == 0
        its.close()
        pieces = list(iter(lambda: ours.recv(1 << 20), b""))
    assert len(pieces) == 1 and len(pieces[0]) > 8192, [piece[-300:] for piece in pieces]


@pytest.mark.parametrize("manner", ["signal", "sigaction"])
def test_a_program_with_its_own_handler_keeps_it(manner, box):
    with Live(box, manner, report="signal") as live:
        for times in range(1, 4):
            live.usr1()
            live.wait_until(lambda: live.lines().count("own handler") == times, "the program's handler")
        assert live.finish() == 0
        assert "LEAK:" not in live.errors(), live.errors()


def test_a_program_that_ignores_the_signal_goes_on_ignoring_it(box):
    with Live(box, "ignored", report="signal") as live:
        live.usr1()
        assert live.finish() == 0
        assert "LEAK:" not in live.errors()


def test_an_ignored_signal_that_was_inherited_stays_ignored(box):
    ignore = lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    with Live(box, "none", preexec_fn=ignore, report="signal") as live:
        status = open(f"/proc/{live.pid}/status").read()
        ignored = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn")), 16)
        assert ignored & 1 << signal.SIGUSR1 - 1
        live.usr1()
        assert live.finish() == 0
        assert "LEAK:" not in live.errors()


def test_a_handler_that_was_taken_back_leaves_the_signal_harmless(box):
    """The program sets SIG_DFL again: it wants to be killed by SIGUSR1, or gets our report. It may not hang,
    and its own handler may not run."""
    with Live(box, "reset", report="signal") as live:
        live.usr1()
        live.wait_until(lambda: live.process.poll() is not None or live.report_has_come(), "an effect")
        assert "own handler" not in live.lines()
        assert live.process.poll() in (None, -signal.SIGUSR1)


def test_a_blocked_signal_stays_pending_and_is_harmless(box):
    with Live(box, "blocked", report="signal") as live:
        live.usr1()
        assert live.finish() == 0
        assert "LEAK:" not in live.errors()


def test_sigwait_still_gets_its_signal(box):
    with Live(box, "sigwait", report="signal") as live:
        for times in range(1, 4):
            live.usr1()
            live.wait_until(lambda: live.lines().count("own handler") == times, "sigwait to return")
        assert live.finish() == 0
        assert "LEAK:" not in live.errors()


def test_signal_none_installs_nothing(box):
    with Live(box, "none", signal="none") as live:
        status = open(f"/proc/{live.pid}/status").read()
        caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
        assert caught & 1 << signal.SIGUSR1 - 1 == 0


def test_signal_usr2_takes_the_other_one(box):
    with Live(box, "signal", signal="USR2", report="signal") as live:
        os.kill(live.pid, signal.SIGUSR2)
        live.wait_until(live.report_has_come, "the report")
        live.usr1()
        wait_until(lambda: "own handler" in live.lines(), "the program's handler")
        assert live.finish() == 0


def test_the_program_sees_its_own_dispositions_only(box):
    bare = run([victim("handler_before_us")])
    done = run([victim("handler_before_us")], preload(box))
    assert (done.status, done.stdout) == (bare.status, bare.stdout)


@pytest.mark.parametrize("manner", ["none", "sigaction", "ignored", "blocked", "sigwait"])
def test_report_of_a_pid_reads_a_live_program_without_any_signal(manner, box):
    with Live(box, manner) as live:
        whole = report(live.pid)
        assert counted(whole, "leak") == (10, 1000)
        assert live.finish() == 0
        assert "own handler" not in live.lines()


@pytest.mark.parametrize("manner", ["none", "sigaction", "ignored"])
def test_snapshot_of_a_live_program_is_a_file_that_can_be_read_later(manner, box):
    with Live(box, manner) as live:
        done = run([LEAKSHIM, "snapshot", live.pid, "-o", box / "snap"])
        assert done.status == 0, done
        assert (box / "snap").stat().st_mode & 0o777 == 0o600
        assert live.finish() == 0
        assert "own handler" not in live.lines()
    assert counted(report(box / "snap"), "leak") == (10, 1000)


def test_after_kill_9_the_report_is_still_there(box):
    with Live(box, "none") as live:
        os.kill(live.pid, signal.SIGKILL)
        live.process.wait()
    assert counted(report(only_trace(box)), "leak") == (10, 1000)


def test_report_of_a_pid_that_is_not_traced_is_one_clear_line(box):
    sleeper = subprocess.Popen(["/usr/bin/sleep", "60"], env=environment(), start_new_session=True)
    try:
        done = run([LEAKSHIM, "report", sleeper.pid])
        assert done.status == 2
        assert len(done.text.splitlines()) == 1 and str(sleeper.pid) in done.text, done
    finally:
        end_group(sleeper.pid)
        sleeper.wait()


MOMENTS = ["malloc", "dlopen", "fork", "handler", "small stack", "exit"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_reports_in_the_oddest_moments_harm_nothing_and_name_what_is_lost(moment, box):
    library = next((BUILD / "tests").glob("*held_library.so"))
    done = run([victim("odd_moments"), moment, library], preload(box, report="signal"), timeout=120)
    assert (done.status, done.stdout) == (7, b"done\n"), done
    # on a busy machine the program may have ended when the report that it asked for is written
    assert "The program is still running" in done.text or "ended by exit(7)" in done.text, done
    whole = report(next(t for t in sorted(box.glob("*.trace"), key=os.path.getmtime) if f".{done.pid}." in t.name))
    assert whole["summary"]["end"] == "exit" and whole["summary"]["end_detail"] == 7 and whole["summary"]["scan"]["done"]
    lost = {stack(group)[0]: group["count"] for group in whole["leaks"] if group["class"] in ("definite", "possible")}
    assert lost == {"make_hidden": 10}


@pytest.mark.parametrize("moment, status", [("end on small stack", 7), ("killed on small stack", -signal.SIGTERM)])
def test_an_end_on_a_stack_of_16_kib_is_as_without_us_and_reported(moment, status, box):
    done = preloaded([victim("odd_moments"), moment], box)
    assert done.status in (status, 128 - status) and done.stdout == b"done\n" and "LEAK: 10 times" in done.text, done


def test_a_program_that_blocks_all_signals_goes_on_and_the_request_is_answered_plainly(box):
    env = preload(box, report="signal")
    with Server([victim("odd_moments"), "all blocked"], env, box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        asked = run([LEAKSHIM, "snapshot", server.pid, "-o", box / "copy"])
        assert asked.status == 0 and "no thread of the program took the request" in asked.text, asked
        assert server.process.wait(30) == 7
    assert b"done" in server.log.read_bytes()


def test_a_request_goes_to_one_thread_that_can_take_it(box):
    """One to the process wakes a thread in epoll_wait that finds nothing if another took it: 37 of 8,000 did."""
    env = preload(box, report="none")
    with Server([victim("lost_while_it_runs")], env, box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        done = run(["/usr/bin/strace", "-o", box / "calls", "-e", "trace=rt_tgsigqueueinfo,rt_sigqueueinfo", LEAKSHIM,
                    "snapshot", server.pid, "-o", box / "copy"])
        if done.status != 0 and "ptrace" in done.text:
            pytest.skip("strace may not trace here: " + done.text.strip())
        assert done.status == 0, done
        sent = [line for line in (box / "calls").read_text().splitlines() if "sigqueueinfo(" in line]
        assert len(sent) == 1 and sent[0].startswith(f"rt_tgsigqueueinfo({server.pid}, {server.pid}, "), sent


CALLS = run([victim("blocking_calls")]).stdout.decode().split()


def ask(pid):
    """Asks for a look, as the analyzer does, without another program."""
    status = open(f"/proc/{pid}/status").read()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    number = max((n for n in range(1, 63) if int(caught, 16) >> n - 1 & 1), default=0)  # 0: it has just ended
    ctypes.CDLL(None).sigqueue(pid, number, ctypes.c_void_p(0x6b656c65))


def sit_in(call, folder, is_looked_at):
    """What the victim says of its call, and how many reports came meanwhile."""
    folder.mkdir(parents=True)
    env = preload(folder, report="signal") if is_looked_at else environment()
    process = subprocess.Popen([victim("blocking_calls"), call], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                               start_new_session=True)
    try:
        assert process.stdout.readline() == b"ready\n"
        for _ in range(4 if is_looked_at else 0):
            time.sleep(0.08)
            os.kill(process.pid, signal.SIGUSR1)
        for _ in range(400 if is_looked_at else 0):  # a wait that began anew each time would not end
            if process.poll() is not None:
                break
            ask(process.pid)
            time.sleep(0.05)
        said, errors = process.communicate(timeout=60)
        return said.decode(), errors.count(b"leakshim: by class"), process.returncode
    finally:
        end_group(process.pid)


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calls")
    with ThreadPoolExecutor(8) as pool:  # they sleep
        jobs = {(call, way): pool.submit(sit_in, call, folder / call / str(way), way) for call in CALLS
                for way in (False, True)}
        return {key: job.result() for key, job in jobs.items()}


@pytest.mark.parametrize("call", CALLS)
def test_no_blocking_call_returns_otherwise_because_of_snapshots(call, calls):
    bare, looked_at = calls[call, False], calls[call, True]
    assert bare[0].startswith(f"{call}: ") and bare[2] == 0
    assert (looked_at[0], looked_at[2]) == (bare[0], 0)
    assert looked_at[1] >= 1  # of four; on a machine that stalls, the others find the call returned


def test_a_wait_that_no_wrapper_knows_goes_on_when_the_analyzer_asks(box):
    """Its number is in a register when the kernel says EINTR; /proc told the analyzer before."""
    argv = [victim("blocking_calls"), "epoll_wait_of_another_language"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, env=preload(box, report="none"), start_new_session=True)
    try:
        assert process.stdout.readline() == b"ready\n"
        for number in range(3):
            run([LEAKSHIM, "snapshot", process.pid, "-o", box / f"{number}.copy"])
        assert process.communicate(timeout=60)[0] == b"epoll_wait_of_another_language: 1, errno 0\n"
    finally:
        end_group(process.pid)


@pytest.mark.parametrize("leak", [[], ["leak"]])
@pytest.mark.parametrize("way", ["waitpid", "wait4", "waitid", "peek", "wait4 by number", "waitid by number"])
def test_who_waits_for_threads_too_meets_its_own_children_and_all_of_them(way, leak, box):
    """Our own processes are such children, and so are some of a debugger's."""
    done = preloaded([victim("waits_for_all"), way, *leak], box)
    assert done.status == 0, done
    assert sorted(done.stdout.decode().split("\n")) == ["", "child 10", "child 11", "child 12", "child 13", "errno 10"], done


@pytest.mark.parametrize("way", ["waitpid", "waitid", "wait4 by number"])
def test_who_waits_for_threads_too_meets_no_process_that_copies_its_memory_while_it_runs(way, box):
    done = preloaded([victim("waits_for_all"), way, "leak"], box, settings={"pause": 0})
    assert sorted(done.stdout.decode().split("\n")) == ["", "child 10", "child 11", "child 12", "child 13", "errno 10"], done


def test_a_program_that_takes_in_orphans_and_executes_another_meets_no_process_that_copied_its_memory(box):
    done = preloaded([victim("executes_under_a_look"), "600000"], box, settings={"pause": 0, "report": "signal"})
    assert (done.status, done.stdout) == (0, b"met 0, errno 10\n"), done


def test_a_program_that_is_stopped_is_not_asked_and_that_is_said(box):
    with Server([victim("lost_while_it_runs")], preload(box, report="none"), box) as server:
        wait_until(lambda: b"ready" in server.log.read_bytes(), "the victim")
        os.kill(server.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: "T (stopped)" in open(f"/proc/{server.pid}/status").read(), "the stop")
            done = run([LEAKSHIM, "snapshot", server.pid, "-o", box / "stopped"])
            assert "is stopped" in done.text and "took the request" not in done.text, done
        finally:
            os.kill(server.pid, signal.SIGCONT)
        done = run([LEAKSHIM, "snapshot", server.pid, "-o", box / "goes on"])
        assert report(box / "goes on")["summary"]["scan"]["done"], done
