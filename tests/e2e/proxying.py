"""What the scripts about the proxy share: a service that speaks HTTP/1 by hand,
a client, the proxy itself, and how their cases are run."""
import argparse
import json
import os
import pathlib
import random
import re
import signal
import socket
import socketserver
import struct
import subprocess
import tempfile
import textwrap
import threading
import time

DEADLINE_S = 30


class Failed(Exception):
    pass


def check(truth, what):
    if not truth:
        raise Failed(what)


# --- the service -------------------------------------------------------------------

def pattern(n):
    block = bytes(range(256)) * 256
    return (block * (n // len(block) + 1))[:n]


class Request:
    def __init__(self, method, target, fields, body, trailers):
        self.method, self.target, self.fields, self.body, self.trailers = method, target, fields, body, trailers

    def field(self, name):
        return [v for n, v in self.fields if n.lower() == name]


class Service(socketserver.ThreadingTCPServer):
    """Speaks HTTP/1 by hand; a path says what it does."""
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name="s", port=0):
        super().__init__(("127.0.0.1", port), Connection)
        self.name, self.port = name, self.server_address[1]
        self.seen, self.connections, self.failures_left = [], 0, 0
        self.gate, self.permits = threading.Event(), threading.Semaphore(0)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # the far end went away: some cases want that

    def stop(self):
        self.shutdown()
        self.server_close()


class Connection(socketserver.StreamRequestHandler):
    def read_fields(self):
        fields = []
        while (line := self.rfile.readline().rstrip(b"\r\n")):
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name, value.strip()))
        return fields

    def read_request(self):
        line = self.rfile.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        r = Request(line[0], line[1], self.read_fields(), b"", [])
        if r.field("expect"):
            if "/no-continue" in r.target:
                return r
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if r.field("transfer-encoding"):
            while (n := int(self.rfile.readline().split(b";")[0], 16)) > 0:
                r.body += self.rfile.read(n)
                self.rfile.readline()
            r.trailers = self.read_fields()
        elif r.field("content-length"):
            n = int(r.field("content-length")[0])
            if "/early" not in r.target:
                r.body = self.rfile.read(n)
        return r

    def handle(self):
        self.server.connections += 1
        while (r := self.read_request()) is not None:
            self.server.seen.append(r)
            if not self.answer(r):
                return

    def reset(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
        return False

    def send(self, status, body=b"", *fields, length=True):
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f + "\r\n" for f in fields)
        head += f"Content-Length: {len(body)}\r\n" if length else ""
        self.wfile.write(head.encode() + b"\r\n" + body)
        return True

    def answer(self, r):
        path = r.target.split("?")[0]
        numbers = [int(n) for n in re.findall(r"\d+", path)]
        if path.startswith("/status/"):
            return self.send(numbers[0], b"" if numbers[0] in (204, 304) else b"x", length=numbers[0] != 204)
        if path == "/echo":
            return self.send(200, r.body, "X-Method: " + r.method)
        if path == "/name":
            return self.send(200, self.server.name.encode())
        if path.startswith("/bytes/"):
            return self.send(200, pattern(numbers[0]) if r.method != "HEAD" else b"")
        if path == "/head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
            return True
        if path == "/chunked":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n"
                             b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nSum: 5\r\nContent-Length: 9\r\n\r\n")
            return True
        if path == "/to-the-end":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nto the end")
            return False
        if path == "/hints":
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            return self.send(200, b"hinted")
        if path == "/close":
            self.send(200, b"bye", "Connection: close, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5")
            return False
        if path == "/silent-close":  # the next request finds the connection closed
            return self.send(200, b"last") and False
        if path == "/reset":
            return self.reset()
        if path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            return False
        if path == "/cut-chunked":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
            return False
        if path == "/nonsense":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            return False
        if path == "/smuggled":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            return False
        if path == "/flaky":
            if self.server.failures_left > 0:
                self.server.failures_left -= 1
                return self.send(503, b"not now")
            return self.send(200, b"now " + r.body)
        if path == "/flaky-reset":
            if self.server.failures_left > 0:
                self.server.failures_left -= 1
                return self.reset()
            return self.send(200, b"now")
        if path.startswith("/wait"):
            self.server.gate.wait(DEADLINE_S)
            return self.send(200, b"waited")
        if path == "/permitted":
            self.server.permits.acquire(timeout=DEADLINE_S)
            return self.send(200, b"permitted")
        if path == "/early":
            self.send(413, b"too large", "Connection: close")
            return False
        if path == "/no-continue":
            self.send(417, b"no")
            return False
        if path == "/upgrade":
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: shout\r\nConnection: upgrade\r\n\r\n")
            while (data := self.request.recv(1000)):
                self.wfile.write(data.upper())
            self.wfile.write(b"[end]")
            return False
        return self.send(404, b"nothing here")


def stop_listening(listener):
    """Whoever waits in accept() ends: with the descriptor alone it could go on with another's."""
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


# --- the proxy ---------------------------------------------------------------------

_held = []  # until this script ends


def free_port():
    """Nobody else gets it while this script runs: it lies below those that the kernel gives out by itself, and of the
    scripts that ask here each holds its own, by a name of the same network namespace."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(12000, max(lowest, 20000)), 1000):
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0meshtop-test-port-{port}")
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("0.0.0.0", port))
        except OSError:
            name.close()
            continue
        _held.append(name)
        return port
    raise Failed("no port is free")


LISTENS = "proxying on"


class Proxy:
    running, logs = [], []  # of the case

    def __init__(self, meshtop, tmp, service, config=None, start=True, options=()):
        self.meshtop, self.port = meshtop, free_port()
        self.db = tmp / f"{self.port}.db"
        self.log = open(tmp / f"{self.port}.log", "a+")
        self.logs.append(pathlib.Path(self.log.name))
        if config is None:
            mesh = [f"{self.port}=127.0.0.1:{service.port}"]
        else:
            path = tmp / f"{self.port}.yaml"
            path.write_text(config.replace("LISTEN", f"127.0.0.1:{self.port}"))
            mesh = ["-c", str(path)]
        self.mesh = [*mesh, *options]
        if start:
            self.start()

    @classmethod
    def tell_all(cls):
        """What explains a failure: how each of the case's processes is, and the words of the proxies."""
        for child in cls.running:
            code = child.poll()
            print(f"     pid {child.pid} {'runs' if code is None else f'ended with {code}'}: {' '.join(map(str, child.args))}", flush=True)
        for log in cls.logs:
            print(textwrap.indent(log.read_text(errors="replace"), "     > "), end="", flush=True)

    @classmethod
    def end_all(cls):
        for child in cls.running:
            child.kill()
            child.wait()
        cls.running.clear()
        cls.logs.clear()

    def start(self, command=()):
        """Until it says that it listens: it has its database by then, and signals are caught."""
        said = self.said().count(LISTENS)
        self.child = subprocess.Popen([*command, self.meshtop, "proxy", *self.mesh, "-w", str(self.db)], stderr=self.log)
        self.running.append(self.child)
        wait_for(lambda: self.said().count(LISTENS) > said or self.child.poll() is not None, "it does not listen")
        check(self.child.poll() is None, f"it does not listen: {self.said()}")

    def said(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def connect(self):
        return Client(self.port)

    def ask(self, method, target, body=b"", *fields):
        with self.connect() as c:
            c.send_request(method, target, body, *fields)
            return c.read_response(method)

    def stop(self, expect=0):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
        try:
            code = self.child.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise Failed("it does not end")
        check(code == expect, f"exit {code}: {self.said()}")

    def rows(self, attempts=False):
        out = subprocess.run([self.meshtop, "export", "--jsonl", "-d", str(self.db)], check=True,
                             capture_output=True, text=True, timeout=DEADLINE_S).stdout
        rows = [json.loads(line) for line in out.splitlines()]
        return [r for r in rows if attempts or r.get("observer") == "proxy_request"]

    def rss_kib(self):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


class Response:
    def __init__(self, status, fields, body, trailers, interim):
        self.status, self.fields, self.body, self.trailers, self.interim = status, fields, body, trailers, interim

    def field(self, name):
        return [v for n, v in self.fields if n.lower() == name]


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_request(self, method, target, body=b"", *fields):
        head = f"{method} {target} HTTP/1.1\r\nHost: example\r\n" + "".join(f + "\r\n" for f in fields)
        if body or method in ("POST", "PUT"):
            head += f"Content-Length: {len(body)}\r\n"
        self.send(head.encode() + b"\r\n" + body)

    def read_head(self):
        line = self.file.readline()
        check(line.startswith(b"HTTP/1.1 "), f"no response but {line!r}")
        fields = []
        while (field := self.file.readline().rstrip(b"\r\n")):
            name, _, value = field.decode("latin-1").partition(":")
            fields.append((name, value.strip()))
        return int(line.split()[1]), fields

    def read_response(self, method="GET"):
        interim = []
        status, fields = self.read_head()
        while status < 200 and status != 101:
            interim.append((status, fields))
            status, fields = self.read_head()
        r = Response(status, fields, b"", [], interim)
        if method == "HEAD" or status in (101, 204, 304):
            return r
        if r.field("transfer-encoding"):
            while (n := int(self.file.readline() or b"-1", 16)) > 0:
                r.body += self.file.read(n)
                self.file.readline()
            check(n == 0, "a chunked body was cut")
            while (line := self.file.readline().rstrip(b"\r\n")):
                r.trailers.append(line.decode())
        elif r.field("content-length"):
            n = int(r.field("content-length")[0])
            r.body = self.file.read(n)
            check(len(r.body) == n, f"{len(r.body)} bytes of {n}")
        else:
            r.body = self.file.read()
        return r

    def ended(self):
        try:
            return self.file.read(1) == b""
        except OSError:
            return True


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(truth, what):
    deadline = time.monotonic() + DEADLINE_S
    while not truth():
        check(time.monotonic() < deadline, what() if callable(what) else what)
        time.sleep(0.01)


# --- running cases ---------------------------------------------------------------------

def run(description, names):
    """The cases are the functions test_NAME(meshtop, tmp); each ends, or raises Failed."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meshtop", default="build/release/cli/meshtop")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    meshtop = str(pathlib.Path(args.meshtop).resolve())
    cases = {n[5:]: f for n, f in names.items() if n.startswith("test_")}
    bad = 0
    for name in args.names or cases:
        with tempfile.TemporaryDirectory() as tmp:
            try:
                cases[name](meshtop, pathlib.Path(tmp))
                print(f"ok   {name}", flush=True)
            except (Failed, OSError) as e:
                bad += 1
                print(f"FAIL {name}: {e or type(e).__name__}", flush=True)
                Proxy.tell_all()
            finally:
                Proxy.end_all()
    print(f"{len(args.names or cases) - bad} passed, {bad} failed")
    return 1 if bad else 0
