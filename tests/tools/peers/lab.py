"""The laboratory: a network namespace, servers in it, captures of it."""
import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import files

CLIENT = "10.1.0.100"
HOST = "10.1.0.1"   # servers
HOST2 = "10.1.0.2"  # second hop


def run(*command, check=True, **options):
    return subprocess.run([str(c) for c in command], check=check, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, **options)


def prepare_namespace():
    pathlib.Path("/run/netns").mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
    run("ip", "link", "set", "lo", "up", "mtu", "1500")
    for address in (f"{CLIENT}/32", f"{HOST}/32", f"{HOST2}/32", "fd00:10::1/128"):
        run("ip", "address", "add", address, "dev", "lo")
    # The address that a client of each server calls from.
    for server, client in ((HOST, CLIENT), (HOST2, HOST)):
        run("ip", "route", "replace", "local", server, "dev", "lo", "table", "local", "src", client)


def wait_for(true, what, seconds=15):
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(what)
        time.sleep(0.02)


def listening(port):
    tables = [pathlib.Path(f"/proc/net/{t}").read_text() for t in ("tcp", "tcp6")]
    return any(re.search(rf":{port:04X} [0-9A-F:]+ 0A ", t) for t in tables)


class Lab:
    """One scenario: its processes, its scratch folder, its results."""

    def __init__(self, data):
        self.data = data
        self.processes = []
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="captures-"))
        self.tmp.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.stop(process)
        shutil.rmtree(self.tmp)

    def spawn(self, *command, port=None, netns=None, log=None, **options):
        inside = ["ip", "netns", "exec", netns] if netns else []
        out = open(self.tmp / log, "wb") if log else subprocess.DEVNULL
        process = subprocess.Popen(inside + [str(c) for c in command], stdout=out,
                                   stderr=subprocess.STDOUT if log else subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        if port:
            wait_for(lambda: listening(port), f"{command[0]} on port {port}")
        return process

    def stop(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.processes:
            self.processes.remove(process)

    def nginx(self, servers, name="nginx", port=8080, fmt=None, netns=None):
        """Starts nginx; its access log is NAME.log, one row a request."""
        fmt = fmt or r"$request_method\t$request_uri\t$status"
        conf = self.tmp / f"{name}.conf"
        conf.write_text(f"""
            daemon off; master_process off; worker_processes 1;
            user root; pid {self.tmp}/{name}.pid; error_log {self.tmp}/{name}.err;
            events {{ worker_connections 4096; }}
            http {{
              default_type text/plain;
              log_format truth escape=none '{fmt}';
              access_log {self.tmp}/{name}.log truth;
              client_body_temp_path {self.tmp}/body; proxy_temp_path {self.tmp}/proxy;
              fastcgi_temp_path {self.tmp}/f; uwsgi_temp_path {self.tmp}/u;
              scgi_temp_path {self.tmp}/s;
              keepalive_requests 10000; lingering_close off;
              {servers}
            }}""".replace("\\t", "\t"))
        process = self.spawn("/usr/sbin/nginx", "-p", self.tmp, "-c", conf, netns=netns,
                             port=None if netns else port)
        wait_for((self.tmp / f"{name}.pid").exists, "nginx")
        return process

    def rows(self, log, columns=3):
        """The rows of an access log, as a Counter of tuples."""
        found = collections.Counter()
        for line in (self.tmp / log).read_text().splitlines():
            fields = line.split("\t")
            if len(fields) == columns:
                found[tuple(fields)] += 1
        return found

    @contextlib.contextmanager
    def capture(self, name, tool="dumpcap", interface="lo", filter_="tcp", options=()):
        """Captures while the block runs, into tests/data/NAME."""
        path = self.tmp / name
        command = {
            "dumpcap": ["dumpcap", "-q", "-B", "16", "-i", interface, "-w", path, "-f", filter_],
            "tcpdump": ["tcpdump", "-Z", "root", "-U", "--immediate-mode", "-s", "0", "-B", "8192",
                        "-i", interface, "-w", path, *options, filter_],
        }[tool]
        started = {"dumpcap": "File:", "tcpdump": "listening on"}[tool]
        log = f"{name}.log"
        process = self.spawn(*command, log=log)
        wait_for(lambda: started in (self.tmp / log).read_text(), f"{tool} to start")
        time.sleep(0.3)
        yield path
        time.sleep(0.7)  # the last packets reach the tool
        self.stop(process, signal.SIGINT)
        dropped = re.search(r"([1-9]\d*) packets dropped", (self.tmp / log).read_text())
        if dropped:
            raise RuntimeError(f"{name}: {dropped[0]}")
        if path.suffix == ".pcapng":
            files.forget_machine(path)
        shutil.copyfile(path, self.data / name)

    def truth(self, name, rows, source):
        write_truth(self.data / name, rows, source)


def write_truth(path, rows, source):
    """NAME.truth.tsv: how often each method, path, status, gRPC status was seen
    by the peers. `-` is none; a status is `-` where no response was sent."""
    lines = [f"# {source}", "count\tmethod\tpath\tstatus\tgrpc"]
    for row, count in sorted(rows.items()):
        method, target, status, *grpc = row
        target = target.split("?")[0]
        lines.append("\t".join([str(count), method, target, status, *(grpc or ["-"])]))
    merged = collections.OrderedDict()
    for line in lines[2:]:
        count, _, rest = line.partition("\t")
        merged[rest] = merged.get(rest, 0) + int(count)
    body = [f"{count}\t{rest}" for rest, count in merged.items()]
    path.with_name(path.name.split(".")[0] + ".truth.tsv").write_text(
        "\n".join(lines[:2] + body) + "\n")


def request(data, port, host=HOST, shut=False, read=True):
    """Sends bytes on a new connection and reads until the peer closes."""
    with socket.create_connection((host, port)) as s:
        s.sendall(data)
        if shut:
            s.shutdown(socket.SHUT_WR)
        got = b""
        while read:
            try:
                more = s.recv(65536)
            except ConnectionResetError:
                break
            if not more:
                break
            got += more
        return got


def curl(*arguments):
    return run("curl", "-s", "-o", os.devnull, "--noproxy", "*", *arguments, check=False)


def write_readme(data, scenarios):
    """tests/data/README.md, from the scenarios' own descriptions."""
    lines = ["# Test captures", "",
             "Made by `./dev captures` (tests/tools/make-captures) with real servers and clients in a",
             "network namespace; nothing here comes from anybody's traffic. Beside a capture stand",
             "`NAME.truth.tsv`, counted from the peers' own logs, `NAME.tls.tsv` for TLS connections,",
             "and `NAME.keylog`, the secrets of its (throw-away) TLS sessions. `version-1.db` is",
             "http1-failures.pcapng as version 1 of the schema recorded it.", "",
             "| capture | bytes | made by |", "|---|---:|---|"]
    for make in scenarios.values():
        for name, text in make.captures.items():
            path = data / name
            if path.exists():
                lines.append(f"| `{name}` | {path.stat().st_size} | {text} |")
    (data / "README.md").write_text("\n".join(lines) + "\n")


def scenario(table, **captures):
    """Registers a scenario; captures: what README.md says of each file."""
    def register(make):
        make.captures = {k.replace("__", "-").replace("_DOT_", "."): v for k, v in captures.items()}
        table[make.__name__.replace("_", "-")] = make
        return make
    return register
