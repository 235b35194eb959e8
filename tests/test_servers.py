# SPDX-License-Identifier: MIT
"""Servers under load: preloaded they serve, reload, reopen, fork and end as they do alone."""
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

import storms
from harness import (PATH, Server, children, environment, free_port, options, public_copy, report, run,
                     table_row, traces, wait_until)


def need(*programs):
    for program in programs:
        if not shutil.which(program, path=PATH):
            pytest.skip(f"{program} is not installed")


def both(serve, box):
    """serve(folder, env) alone and preloaded -> (what it saw, seconds of load) of each; compares them."""
    shim, analyzer, _ = public_copy(box)
    results = []
    for name in ("alone", "traced"):
        folder = box / name
        folder.mkdir()
        (folder / "traces").mkdir()
        for path in (folder, folder / "traces"):
            path.chmod(0o1777)
        env = environment(HOME=folder, TMPDIR=folder)
        if name == "traced":
            env.update(LD_PRELOAD=shim, LEAKSHIM_OPTIONS=options(dir=folder / "traces", analyzer=analyzer,
                                                                 keep="always"))
        results.append(serve(folder, env))
    return results


def check(name, results, box, at_least=1):
    (alone, alone_seconds), (traced, traced_seconds) = results
    found = traces(box / "traced")
    wholes = [report(trace) for trace in found]
    blocks = sum(whole["summary"]["blocks"] for whole in wholes)
    table_row(name, alone[0] == traced[0], alone[1:] == traced[1:], blocks, traced_seconds / alone_seconds)
    assert traced == alone
    assert len(found) >= at_least, found
    assert all(whole["summary"]["complete"] for whole in wholes)


def timed(argv, **more):
    began = time.monotonic()
    done = run(argv, **more)
    assert done.status == 0, done
    return done, time.monotonic() - began


def test_redis_under_its_benchmark(box):
    need("redis-server", "redis-benchmark", "redis-cli")

    def serve(folder, env):
        port = free_port()
        talk = lambda *words: run(["redis-cli", "-p", port, *words]).stdout
        with Server(["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
                    env, folder) as server:
            server.wait_for_port(port)
            _, seconds = timed(["redis-benchmark", "-p", port, "-n", "20000", "-c", "20", "-q",
                                "-t", "set,get,lpush,hset"])
            said = [talk("set", "k", "v"), talk("get", "k"), talk("hset", "h", "f", "1"), talk("bgsave")]
            wait_until(lambda: b"rdb_bgsave_in_progress:0" in talk("info", "persistence"), "bgsave")
            said.append((folder / "dump.rdb").exists())
            return ([server.end()] + said, seconds)

    # the server, and its child that saved
    check("redis-server", both(serve, box), box, at_least=2)


NGINX = """daemon off; {user}
pid {folder}/pid; error_log {folder}/error.log; worker_processes 2;
events {{ worker_connections 128; }}
http {{ access_log {folder}/access.log; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello\\n"; }} }} }}
"""


def test_nginx_master_and_workers_reload_and_reopen(box):
    need("nginx", "wrk", "curl")

    def serve(folder, env):
        port = free_port()
        user = "user nobody nogroup;" if os.getuid() == 0 else ""
        (folder / "conf").write_text(NGINX.format(folder=folder, port=port, user=user))
        get = lambda: run(["curl", "-s", f"http://127.0.0.1:{port}/"]).stdout
        with Server(["nginx", "-c", folder / "conf", "-e", folder / "error.log"], env, folder) as server:
            server.wait_for_port(port)
            said = [get()]
            workers = lambda: set(children(server.pid))
            old = wait_until(lambda: len(workers()) == 2 and workers(), "two workers")
            load, _ = timed(["wrk", "-t", "1", "-c", "8", "-d", "1s", f"http://127.0.0.1:{port}/"])
            assert "Non-2xx" not in load.stdout.decode()
            seconds = 1 / float(re.search(rb"Requests/sec: *([\d.]+)", load.stdout)[1])
            os.kill(server.pid, signal.SIGHUP)
            wait_until(lambda: len(workers()) == 2 and not workers() & old, "new workers after HUP")
            said.append(get())
            (folder / "access.log").rename(folder / "access.old")
            os.kill(server.pid, signal.SIGUSR1)
            wait_until((folder / "access.log").exists, "the log to be reopened after USR1")
            get()
            wait_until(lambda: (folder / "access.log").stat().st_size, "a line in the new log")
            assert server.process.poll() is None and len(workers()) == 2
            assert "LEAK:" not in server.log.read_text(), "USR1 is nginx's own"
            return ([server.end(signal.SIGQUIT)] + said, seconds)

    # the master, two workers, and two more after the reload
    check("nginx (master, workers)", both(serve, box), box, at_least=5)


def as_postgres():
    """(user name, prefix of a command that runs as that user, which may not be root)."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name, []
    user = pwd.getpwnam("postgres")
    return "postgres", ["/usr/bin/setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def test_postgresql_from_initdb_to_pgbench(box):
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("postgresql is not installed")
    name, prefix = as_postgres()
    tool = lambda program, *arguments: [*prefix, binaries[-1] / program, *arguments]

    def serve(folder, env):
        port, data = free_port(), folder / "data"
        made = run(tool("initdb", "-D", data, "-U", "us", "-A", "trust", "--no-sync", "--locale=C.UTF-8"), env,
                   cwd=folder)
        assert made.status == 0, made
        where = ["-h", "127.0.0.1", "-p", port, "-U", "us"]
        with Server(tool("postgres", "-D", data, "-k", folder, "-p", port, "-c", "fsync=off",
                         "-c", "listen_addresses=127.0.0.1"), env, folder, cwd=folder) as server:
            server.wait_for_port(port)
            ask = lambda query: run(tool("psql", *where, "-Atc", query, "postgres"), env, cwd=folder).stdout
            wait_until(lambda: ask("select 1") == b"1\n", "an answer")
            timed(tool("pgbench", *where, "-i", "-q", "-s", "1", "postgres"), env=env, cwd=folder)
            done, seconds = timed(tool("pgbench", *where, "-c", "4", "-t", "200", "postgres"), env=env, cwd=folder)
            said = [ask("select count(*) from pgbench_accounts"), ask("select count(*) from pgbench_history"),
                    b"number of failed transactions: 0" in done.stdout]
            return ([server.end(signal.SIGINT)] + said, seconds)

    # postmaster, its auxiliary processes, a backend for each connection, and the tools
    check("PostgreSQL (initdb, pgbench)", both(serve, box), box, at_least=10)


def check_storm(found, count):
    assert found["failed"] == [] and len(found["pauses"]) == count
    assert found["lost"] == 0 and found["requests"] > 100 and found["status"] == 0
    before, after = found["before"], found["after"]
    assert after.descriptors <= before.descriptors + 16  # of its own clients, which come and go
    assert (after.threads, after.trace_mappings) == (before.threads, before.trace_mappings)
    assert after.zombies <= 3
    pauses = sorted(found["pauses"])
    print(f"storm: {count} snapshots in {found['seconds']:.1f} s, {found['requests']} requests, {found['lost']} lost, pause "
          f"median {pauses[count // 2]:.2f} ms, most {pauses[-1]:.2f} ms")


def storm_env(box):
    shim, analyzer, _ = public_copy(box)
    (box / "traces").mkdir()
    for path in (box, box / "traces"):
        path.chmod(0o1777)
    return environment(HOME=box, TMPDIR=box, LD_PRELOAD=shim,
                       LEAKSHIM_OPTIONS=options(dir=box / "traces", analyzer=analyzer, report="none"))


def test_a_hundred_snapshots_of_redis_under_load_lose_no_request(box):
    need("redis-server", "redis-benchmark")
    check_storm(storms.redis(box, storm_env(box), 100), 100)


def test_a_hundred_snapshots_of_an_nginx_worker_under_load_lose_no_request(box):
    need("nginx", "wrk")
    check_storm(storms.nginx(box, storm_env(box), 100), 100)


def test_a_hundred_snapshots_of_a_postgresql_backend_under_load_lose_no_request(box):
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("postgresql is not installed")
    check_storm(storms.postgres(box, storm_env(box), 100, binaries[-1], as_postgres()[1]), 100)


def test_memcached_under_load(box):
    need("memcached")

    def serve(folder, env):
        port = free_port()
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        with Server(["memcached", "-l", "127.0.0.1", "-p", port, "-U", "0", "-t", "2", *user], env,
                    folder) as server:
            server.wait_for_port(port)
            began = time.monotonic()
            sums = [memcached_load(port, n) for n in range(4)]
            return ([server.end()] + sums, time.monotonic() - began)

    check("memcached", both(serve, box), box)


def memcached_load(port, client):
    """Sets and gets 2,000 values over one connection; returns how many came back right."""
    right = 0
    with socket.create_connection(("127.0.0.1", port)) as link, link.makefile("rwb") as stream:
        for n in range(2000):
            value = b"v%d" % n * 10
            stream.write(b"set k%d.%d 0 0 %d\r\n%s\r\nget k%d.%d\r\n" %
                         (client, n, len(value), value, client, n))
            stream.flush()
            answer = [stream.readline() for _ in range(4)]
            right += answer[0] == b"STORED\r\n" and answer[2] == value + b"\r\n"
    return right
