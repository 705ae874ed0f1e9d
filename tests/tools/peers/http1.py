"""HTTP/1: nginx as it is, and a server of ours that misbehaves on purpose."""
import http.client
import socket
import struct
import threading
import time

from .lab import HOST, curl, request, scenario

SCENARIOS = {}

NGINX = """
server {{
  listen {listen};
  root {root};
  location /static/ {{ gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.0; etag on; }}
  location = /empty {{ return 204; }}
  location = /broken {{ return 500 "broken\\n"; }}
  location = /moved {{ return 301 /static/page.html; }}
  location /dav/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
  location /down/ {{ proxy_pass http://{host}:9; }}
  location / {{ return 200 "hello from $uri\\n"; }}
}}"""


def site(lab):
    root = lab.tmp / "www"
    (root / "static").mkdir(parents=True)
    (root / "static" / "page.html").write_text("<p>page</p>\n" * 40)
    # Text that gzip cannot shrink below a few segments.
    (root / "static" / "big.txt").write_text(
        "".join(f"{(i * 2654435761) & 0xffffffff:08x}\n" for i in range(1300)))
    return root


def start(lab, listen=f"{HOST}:8080", host=HOST):
    return lab.nginx(NGINX.format(listen=listen, root=site(lab), host=host))


def get(path, extra="", version="1.1", method="GET"):
    return (f"{method} {path} HTTP/{version}\r\nHost: shop.example\r\n{extra}\r\n").encode()


@scenario(SCENARIOS, **{"http1-status.pcapng":
          "nginx and one keep-alive connection of Python's http.client: GET, HEAD, 204, 206, 301, 304, 404, "
          "405, 500, 502 (its upstream refuses), a body of 11 KB, PUT, DELETE"})
def http1_status(lab):
    server = start(lab)
    with lab.capture("http1-status.pcapng"):
        c = http.client.HTTPConnection(HOST, 8080)

        def ask(method, path, body=None, **headers):
            c.request(method, path, body, {"Host": "shop.example", **headers})
            r = c.getresponse()
            r.read()
            return r
        for i in range(6):
            ask("GET", f"/item/{i}?page={i}&token=secret")
        etag = ask("GET", "/static/page.html").headers["ETag"]
        ask("GET", "/static/page.html", **{"If-None-Match": etag})
        ask("GET", "/static/page.html", Range="bytes=0-9")
        ask("GET", "/static/big.txt")
        ask("HEAD", "/static/big.txt")
        ask("HEAD", "/static/missing")
        ask("GET", "/empty")
        ask("GET", "/moved")
        ask("GET", "/static/missing")
        ask("POST", "/static/page.html", b"a=1")
        ask("GET", "/broken")
        ask("GET", "/down/stream")
        ask("PUT", "/dav/note", b"n" * 3000)
        ask("DELETE", "/dav/note")
        c.close()
    lab.stop(server)
    lab.truth("http1-status.pcapng", lab.rows("nginx.log"), "nginx's access log")


@scenario(SCENARIOS, **{"http1-framing.pcap":
          "nginx (tcpdump, nanoseconds): chunked and gzip, close-delimited HTTP/1.0, PUT with "
          "Expect: 100-continue and a chunked upload (curl), pipelining of 8, one byte a segment, two requests "
          "split in the middle of a header"})
def http1_framing(lab):
    server = start(lab)
    with lab.capture("http1-framing.pcap", "tcpdump", options=["--time-stamp-precision=nano"]):
        request(get("/static/page.html", "Accept-Encoding: gzip\r\nConnection: close\r\n"), 8080)
        request(get("/static/big.txt", "Accept-Encoding: gzip\r\n", "1.0"), 8080)
        request(get("/item/ten", "", "1.0"), 8080)
        big = lab.tmp / "upload"
        big.write_bytes(b"u" * 4000)
        curl("-T", big, "-H", "Expect: 100-continue", f"http://{HOST}:8080/dav/expected")
        curl("-T", "-", f"http://{HOST}:8080/dav/chunked", "-H", "Transfer-Encoding: chunked")
        pipeline = [get(f"/pipe/{i}", method="HEAD" if i == 3 else "GET") for i in range(7)]
        request(b"".join(pipeline) + get("/static/page.html", "Connection: close\r\n"), 8080)
        drip(get("/slow/bytes", "Connection: close\r\n"), 1)
        both = get("/cut/1") + get("/cut/2", "Connection: close\r\n")
        drip(both, len(both) // 3)
    lab.stop(server)
    lab.truth("http1-framing.pcap", lab.rows("nginx.log"), "nginx's access log")


def drip(data, step):
    with socket.create_connection((HOST, 8080)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), step):
            s.sendall(data[at:at + step])
            time.sleep(0.002)
        while s.recv(65536):
            pass


@scenario(SCENARIOS, **{"http1-ipv6.pcapng": "nginx over IPv6, curl: keep-alive, 404, a body of many segments"})
def http1_ipv6(lab):
    server = start(lab, "[fd00:10::1]:8080")
    with lab.capture("http1-ipv6.pcapng"):
        base = "http://[fd00:10::1]:8080"
        curl(f"{base}/item/1", f"{base}/item/2", f"{base}/static/missing", f"{base}/static/big.txt",
             *["-o", "/dev/null"] * 3)
    lab.stop(server)
    lab.truth("http1-ipv6.pcapng", lab.rows("nginx.log"), "nginx's access log")


# --- a server that misbehaves ---------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

# path: what is sent, how it ends, the status line that went out ("-": none)
BEHAVIOUR = {
    "/good": (SHORT, "close", "200"),
    "/reset-before-answer": (b"", "reset", "-"),
    "/reset-in-headers": (b"HTTP/1.1 200 OK\r\nContent-", "reset", "200"),
    "/reset-in-body": (HEAD + b"x" * 1000, "reset", "200"),
    "/close-in-body": (HEAD + b"x" * 1000, "close", "200"),
    "/close-without-answer": (b"", "close", "-"),
    "/never-answered": (b"", "hang", "-"),
    "/early-hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + SHORT, "close", "200"),
    "/trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n\r\n"
                  b"5;ext=1\r\nhello\r\n0\r\nDigest: abc\r\n\r\n", "close", "200"),
    "/until-close": (b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 500, "close", "200"),
    "/bare-lf": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "close", "200"),
    "/half-closed": (SHORT, "close", "200"),
    "/too-large": (b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "close", "413"),
    "/client-resets-in-body": (HEAD + b"x" * 1000, "wait", "200"),
    "/client-resets-waiting": (b"", "wait", "-"),
}


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def serve(listener, log, hanging):
    while True:
        try:
            s, _ = listener.accept()
        except OSError:
            return
        head = b""
        while b"\r\n\r\n" not in head:
            head += s.recv(4096)
        method, path = head.decode().split(" ")[:2]
        data, end, status = BEHAVIOUR[path]
        s.sendall(data)
        log.append((method, path, status))
        time.sleep(0.05)
        if end == "reset":
            reset(s)
        elif end == "close":
            s.close()
        elif end == "hang":
            hanging.append(s)
        else:
            s.settimeout(2)
            try:
                while s.recv(4096):
                    pass
            except OSError:
                pass
            s.close()


def misbehave(path):
    method, body = ("POST", b"Content-Length: 100000\r\n") if path == "/too-large" else ("GET", b"")
    data = f"{method} {path} HTTP/1.1\r\nHost: odd.example\r\n".encode() + body + b"\r\n"
    if path.startswith("/client-resets"):
        s = socket.create_connection((HOST, 8081))
        s.sendall(data)
        if path.endswith("body"):
            s.recv(200)
        time.sleep(0.1)
        reset(s)
    elif path == "/never-answered":
        s = socket.create_connection((HOST, 8081))
        s.sendall(data)
        return s
    elif path == "/too-large":
        request(data + b"z" * 2000, 8081)
    else:
        request(data, 8081, shut=path == "/half-closed")
    return None


@scenario(SCENARIOS, **{"http1-failures.pcapng":
          "a server of ours that, by path, resets before the answer, in the headers, in the body, closes early, "
          "never answers, sends 103, trailers, bare LF, 413 early; clients that reset or half-close; a refused "
          "connection"})
def http1_failures(lab):
    log, hanging = [], []
    listener = socket.create_server((HOST, 8081))
    threading.Thread(target=serve, args=(listener, log, hanging), daemon=True).start()
    with lab.capture("http1-failures.pcapng"):
        kept = [misbehave(path) for path in BEHAVIOUR]
        try:
            socket.create_connection((HOST, 8099))
        except ConnectionRefusedError:
            pass
        time.sleep(0.3)
    for s in hanging + [k for k in kept if k]:
        s.close()
    listener.close()
    rows = {row: log.count(row) for row in log}
    lab.truth("http1-failures.pcapng", rows, "the server's own log")
