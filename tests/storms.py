# SPDX-License-Identifier: MIT
"""Snapshots in a row of servers under full load, with counters that tell whether a request was lost.

Each storm returns what it saw: requests, lost ones, snapshots, pauses and what the process had before and after.
"""
import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from harness import LEAKSHIM, Server, children, free_port, run, wait_until


QUIET_SECONDS = 6  # of load alone, where no snapshot is asked for


class Seen:
    """What a process holds: nothing of ours may stay in it."""

    def __init__(self, pid):
        self.descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        self.threads = len(os.listdir(f"/proc/{pid}/task"))
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
        self.trace_mappings = sum(".trace" in line for line in maps)
        self.zombies = sum(open(f"/proc/{child}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
                           for child in children(pid) if os.path.exists(f"/proc/{child}/stat"))


def snapshots(pid, count, folder, pause=0.0):
    """Takes them one after the other; (pauses in ms, those without a finished scan)."""
    pauses, failed = [], []
    for i in range(count):
        done = run([LEAKSHIM, "snapshot", pid, "--format", "json", "-o", folder / f"storm.{pid}"])
        scan = json.loads(done.stdout)["summary"]["scan"] if done.status == 0 else None
        if scan and scan["done"] and not scan["failure"]:
            pauses.append(scan["pause"] * 1000)
        else:
            failed.append(done)
        (folder / f"storm.{pid}").unlink(missing_ok=True)
        time.sleep(pause)
    return pauses, failed


def during(load, pid, count, folder):
    """Runs load(stop) in a thread while the snapshots are taken; load returns (requests, lost)."""
    stop, answer = threading.Event(), []
    thread = threading.Thread(target=lambda: answer.append(load(stop)))
    before, began = Seen(pid), time.monotonic()
    thread.start()
    time.sleep(0.2)
    pauses, failed = snapshots(pid, count, folder)
    if not count:
        time.sleep(QUIET_SECONDS)
    stop.set()
    thread.join(120)
    requests, lost = answer[0]
    return {"requests": requests, "lost": lost, "seconds": time.monotonic() - began, "pauses": pauses, "failed": failed,
            "before": before, "after": Seen(pid)}


def until(stop, argv, parse, **more):
    """Runs a load generator again and again until the snapshots are done; sums up what parse() makes of its output."""
    requests = lost = 0
    while True:
        done = run(argv, timeout=120, **more)
        count, bad = parse(done.stdout.decode() + done.text)
        requests, lost = requests + count, lost + bad + (done.status != 0)
        if stop.is_set():
            return requests, lost


def redis(folder, env, count):
    port = free_port()
    with Server(["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", ""], env,
                folder) as server:
        server.wait_for_port(port)
        with socket.create_connection(("127.0.0.1", port)) as link:  # it has all its threads when it answers
            link.sendall(b"PING\r\n")
            assert link.recv(100) == b"+PONG\r\n"

        def load(stop):
            answered = sent = 0
            beside = subprocess.Popen(["redis-benchmark", "-p", str(port), "-n", "100000000", "-c", "10", "-q", "-t",
                                       "set,get"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                with socket.create_connection(("127.0.0.1", port)) as link, link.makefile("rwb") as stream:
                    while not stop.is_set():
                        stream.write(b"INCR counter\r\n")
                        stream.flush()
                        sent += 1
                        answered += stream.readline() == b":%d\r\n" % sent
                assert beside.poll() is None, "redis-benchmark ended early"
            finally:
                beside.kill()
                beside.wait()
            return sent, sent - answered

        found = during(load, server.pid, count, folder)
        found["status"] = server.end()
    return found


NGINX = """daemon off; {user}
pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 128; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello\\n"; }} }} }}
"""


def nginx(folder, env, count):
    port = free_port()
    user = "user nobody nogroup;" if os.getuid() == 0 else ""
    (folder / "conf").write_text(NGINX.format(folder=folder, port=port, user=user))
    with Server(["nginx", "-c", folder / "conf", "-e", folder / "error.log"], env, folder) as server:
        server.wait_for_port(port)
        worker, = wait_until(lambda: len(children(server.pid)) == 1 and children(server.pid), "the worker")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer: # it has a trace from its first block on
            answer.read()

        def parse(text):
            bad = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
            errors = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
            return int(re.search(r"(\d+) requests in", text)[1]), \
                sum(map(int, bad.groups())) * bool(bad) if bad else int(errors[1]) if errors else 0

        load = lambda stop: until(stop, ["wrk", "-t", "1", "-c", "8", "-d", "2s", f"http://127.0.0.1:{port}/"], parse)
        found = during(load, worker, count, folder)
        found["status"] = server.end(3)
    return found


def postgres(folder, env, count, binaries, prefix):
    port, data = free_port(), folder / "data"
    tool = lambda program, *arguments: [*prefix, binaries / program, *arguments]
    made = run(tool("initdb", "-D", data, "-U", "us", "-A", "trust", "--no-sync", "--locale=C.UTF-8"), cwd=folder)
    assert made.status == 0, made
    where = ["-h", "127.0.0.1", "-p", port, "-U", "us"]
    with Server(tool("postgres", "-D", data, "-k", folder, "-p", port, "-c", "fsync=off",
                     "-c", "listen_addresses=127.0.0.1"), env, folder, cwd=folder) as server:
        server.wait_for_port(port)
        ask = lambda query: run(tool("psql", *where, "-Atc", query, "postgres"), cwd=folder).stdout.decode().strip()
        wait_until(lambda: ask("select 1") == "1", "an answer")
        assert run(tool("pgbench", *where, "-i", "-q", "-s", "1", "postgres"), cwd=folder).status == 0
        sitting = subprocess.Popen([str(word) for word in tool("psql", *where, "-q", "postgres")], cwd=folder,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

        def backend_says(query):
            sitting.stdin.write(query + ";\n\\echo done\n")
            lines = iter(sitting.stdout.readline, "done\n")
            return [line for line in lines]

        backend = int(next(line for line in backend_says("select pg_backend_pid()") if line.strip().isdigit()))

        def load(stop):
            rows = transactions = lost = 0
            beside = threading.Thread(target=lambda: backend_load(stop))
            counts = []

            def backend_load(stop):
                n = 0
                while not stop.is_set():
                    n += 1
                    answer = [line.strip() for line in backend_says(f"select count(*) + {n} from pgbench_branches")]
                    counts.append(str(n + 1) in answer)

            beside.start()
            while True:
                done = run(tool("pgbench", *where, "-n", "-c", "3", "-T", "2", "postgres"), cwd=folder, timeout=60)
                text = done.stdout.decode()
                transactions += int(re.search(r"actually processed: (\d+)", text)[1])
                lost += int(re.search(r"failed transactions: (\d+)", text)[1]) + (done.status != 0)
                if stop.is_set():
                    break
            beside.join()
            rows = int(ask("select count(*) from pgbench_history"))
            return transactions + len(counts), lost + counts.count(False) + abs(transactions - rows)

        found = during(load, backend, count, folder)
        sitting.stdin.close()
        sitting.wait(30)
        found["status"] = server.end(2)
    return found
