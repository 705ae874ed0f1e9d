"""HTTP/2 in cleartext: nghttpd, nginx and nghttpx with nghttp and curl."""
import collections
import re

from .lab import HOST, HOST2, curl, run, scenario, wait_for

SCENARIOS = {}


def htdocs(lab):
    root = lab.tmp / "docs"
    root.mkdir()
    (root / "index.html").write_text("<link rel=stylesheet href=/style.css><p>hello\n")
    (root / "style.css").write_text("p { color: teal }\n" * 20)
    (root / "big.txt").write_text("".join(f"{i:07d}\n" for i in range(1500)))
    return root


def nghttpd_rows(text):
    """What `nghttpd -v` says it received and sent, by connection and stream."""
    streams = collections.defaultdict(lambda: ["-", "-", "-"])
    columns = ["method", "path", "status"]
    connection = stream = None
    for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
        frame = re.match(r"\[id=(\d+)\].* send (?:HEADERS|PUSH_PROMISE) .*stream_id=(\d+)", line)
        header = re.match(r"\[id=(\d+)\].* recv \(stream_id=(\d+)\) :(method|path): (.*)", line)
        promised = re.search(r"promised_stream_id=(\d+)", line)
        sent = re.match(r"\s+:(method|path|status): (.*)", line)
        if frame:
            connection, stream = frame[1], frame[2]
        elif promised:
            stream = promised[1]
        elif header:
            streams[header[1], header[2]][columns.index(header[3])] = header[4]
        elif sent:
            streams[connection, stream][columns.index(sent[1])] = sent[2]
    return collections.Counter(tuple(row) for row in streams.values() if row[0] != "-")


@scenario(SCENARIOS, **{"h2-nghttpd.pcapng":
          "nghttpd and nghttp, cleartext with prior knowledge: streams in parallel, POST, PRIORITY, padding both "
          "ways, CONTINUATION (long headers), trailers both ways, a small encoder table, 404"})
def h2_nghttpd(lab):
    docs = htdocs(lab)
    server = lab.spawn("nghttpd", "-v", "--no-tls", "-a", HOST, "-d", docs, "-b", "16", "--trailer=sum: 1",
                       "8082", port=8082, log="nghttpd.log")
    base = f"http://{HOST}:8082"
    with lab.capture("h2-nghttpd.pcapng"):
        run("nghttp", "-n", f"{base}/index.html", f"{base}/style.css", f"{base}/missing", f"{base}/big.txt")
        run("nghttp", "-n", "-m", "4", "--no-dep", f"{base}/style.css")
        run("nghttp", "-n", "-b", "32", "--continuation", "--trailer=end: yes", "-H", f"x-long: {'v' * 300}",
            "-d", docs / "style.css", f"{base}/index.html")
        run("nghttp", "-n", "-c", "0", "--encoder-header-table-size=256", *[f"{base}/index.html?n={i}" for i in range(3)])
    lab.stop(server)
    lab.truth("h2-nghttpd.pcapng", nghttpd_rows((lab.tmp / "nghttpd.log").read_text()), "nghttpd -v")


@scenario(SCENARIOS, **{"h2-nginx.pcapng":
          "nginx (listen ... http2) with curl --http2-prior-knowledge and nghttp: 40 requests, 30 of them at once on one connection, "
          "HEAD, 204, 304, 404, 500, POST"})
def h2_nginx(lab):
    server = lab.nginx(f"""server {{
        listen {HOST}:8080 http2; root {htdocs(lab)};
        location = /empty {{ return 204; }}
        location = /broken {{ return 500 "broken\\n"; }}
        location /item/ {{ return 200 "item $uri\\n"; }}
      }}""")
    base = f"http://{HOST}:8080"
    with lab.capture("h2-nginx.pcapng"):
        paths = ["/item/1", "/item/2", "/empty", "/broken", "/missing", "/style.css", "/big.txt"]
        curl("--http2-prior-knowledge", base + paths[0])
        run("nghttp", "-n", *[base + p for p in paths])
        curl("--http2-prior-knowledge", "-I", f"{base}/index.html")
        curl("--http2-prior-knowledge", "-d", "a=1&b=2", f"{base}/item/9?debug=1")
        run("nghttp", "-n", "-H", "x-request-id: 77", *[f"{base}/item/{i}" for i in range(30)])
    lab.stop(server)
    lab.truth("h2-nginx.pcapng", lab.rows("nginx.log"), "nginx's access log")


@scenario(SCENARIOS, **{"h2-upgrade.pcapng":
          "nghttp -u and curl --http2 upgrade from HTTP/1.1 at nghttpx, which passes on to nghttpd over HTTP/2: "
          "two hops; also HTTP/1.1 at nghttpx without upgrade"})
def h2_upgrade(lab):
    docs = htdocs(lab)
    back = lab.spawn("nghttpd", "-v", "--no-tls", "-a", HOST2, "-d", docs, "8083", port=8083, log="back.log")
    access = lab.tmp / "nghttpx.log"
    front = lab.spawn("nghttpx", "--conf=/dev/null", f"-f{HOST},8082;no-tls", f"-b{HOST2},8083;;proto=h2",
                      f"--accesslog-file={access}", "--workers=1", "--no-ocsp",
                      "--accesslog-format=${method}\t${path}\t${status}", port=8082)
    base = f"http://{HOST}:8082"
    with lab.capture("h2-upgrade.pcapng"):
        run("nghttp", "-n", "-u", f"{base}/index.html", f"{base}/style.css")
        run("nghttp", "-n", "-u", "-d", docs / "style.css", f"{base}/index.html")
        curl("--http2", f"{base}/index.html", f"{base}/missing", "-o", "/dev/null")
        curl("--http1.1", f"{base}/style.css")
        wait_for(lambda: len(access.read_text().splitlines()) >= 6, "nghttpx's log")
    lab.stop(front)
    lab.stop(back)
    rows = lab.rows("nghttpx.log") + nghttpd_rows((lab.tmp / "back.log").read_text())
    lab.truth("h2-upgrade.pcapng", rows, "nghttpx's access log and nghttpd -v, added up")


@scenario(SCENARIOS, **{"h2-push.pcapng": "nghttpd --push: one request, one promised stream"})
def h2_push(lab):
    server = lab.spawn("nghttpd", "-v", "--no-tls", "-a", HOST, "-d", htdocs(lab), "-p/index.html=/style.css",
                       "8082", port=8082, log="nghttpd.log")
    with lab.capture("h2-push.pcapng"):
        run("nghttp", "-n", f"http://{HOST}:8082/index.html")
    lab.stop(server)
    lab.truth("h2-push.pcapng", nghttpd_rows((lab.tmp / "nghttpd.log").read_text()), "nghttpd -v")
