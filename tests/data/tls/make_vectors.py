#!/usr/bin/env python3
"""Make the TLS vectors beside this file: real handshakes, as hex.

Each NAME.txt has one line a flush: "c HEX" from the client, "s HEX" from the
server, in order. Keys and certificates are made anew and thrown away.

    tests/data/tls/make_vectors.py        # needs openssl, curl and nghttpd
"""
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REQUEST = b"GET /cart/8812 HTTP/1.1\r\nHost: cart.example\r\nAccept: */*\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def run(*args):
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificate(folder):
    key, crt = os.path.join(folder, "key.pem"), os.path.join(folder, "crt.pem")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", crt,
        "-subj", "/CN=cart.example", "-days", "3650",
        "-addext", "subjectAltName=DNS:cart.example,DNS:localhost")
    return crt, key


class Pair:
    """A client and a server in memory: every flush is one chunk."""

    def __init__(self, client, server, session=None):
        self.lines = []
        self.bio = {who: (ssl.MemoryBIO(), ssl.MemoryBIO()) for who in "cs"}
        self.end = {
            "c": client.wrap_bio(*self.bio["c"], server_side=False,
                                 server_hostname="cart.example",
                                 session=session),
            "s": server.wrap_bio(*self.bio["s"], server_side=True)}

    def flush(self, who):
        data = self.bio[who][1].read()
        if data:
            self.lines.append((who, data))
            self.bio["s" if who == "c" else "c"][0].write(data)
        return bool(data)

    def shake(self):
        done, moved = set(), True
        while moved and len(done) < 2:
            moved = False
            for who in "cs":
                if who not in done:
                    try:
                        self.end[who].do_handshake()
                        done.add(who)
                        moved = True
                    except ssl.SSLWantReadError:
                        pass
                    except ssl.SSLError:
                        done.add(who)
                moved |= self.flush(who)

    def say(self, who, data):
        self.end[who].write(data)
        self.flush(who)
        other = "s" if who == "c" else "c"
        return self.end[other].read(65536)

    def close(self):
        for who in "cs":
            try:
                self.end[who].unwrap()
            except ssl.SSLError:
                pass
            self.flush(who)


def contexts(cert, **options):
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*cert)
    if options.get("trust", True):
        client.load_verify_locations(cert[0])
    for c in (client, server):
        version = options.get("version", ssl.TLSVersion.TLSv1_3)
        if version < ssl.TLSVersion.TLSv1_2:
            c.set_ciphers("DEFAULT:@SECLEVEL=0")
        c.minimum_version = c.maximum_version = version
        if "ciphers" in options:
            c.set_ciphers(options["ciphers"])
        if options.get("no_ticket"):
            c.options |= ssl.OP_NO_TICKET
    if options.get("alpn"):
        client.set_alpn_protocols(options["alpn"])
        server.set_alpn_protocols(["http/1.1"])
    if options.get("curve"):
        server.set_ecdh_curve(options["curve"])
    if options.get("mutual"):
        client.load_cert_chain(*cert)
        server.load_verify_locations(cert[0])
        server.verify_mode = ssl.CERT_REQUIRED
    return client, server


def write(name, lines):
    with open(os.path.join(HERE, name + ".txt"), "w", encoding="ascii") as f:
        for who, data in lines:
            f.write(f"{who} {data.hex()}\n")


def converse(name, cert, requests=2, **options):
    client, server = contexts(cert, **options)
    pair = Pair(client, server)
    pair.shake()
    for _ in range(requests):
        pair.say("c", REQUEST)
        pair.say("s", ANSWER)
    if requests:
        pair.close()
    if options.get("resume"):
        session = pair.end["c"].session
        pair = Pair(client, server, session)
        pair.shake()
        pair.say("c", REQUEST)
        pair.say("s", ANSWER)
        pair.close()
        assert pair.end["c"].session_reused
    write(name, pair.lines)


def mismatch(name, cert):
    client, _ = contexts(cert, version=ssl.TLSVersion.TLSv1_2)
    _, server = contexts(cert, version=ssl.TLSVersion.TLSv1_3)
    pair = Pair(client, server)
    pair.shake()
    write(name, pair.lines)


class Recorder(threading.Thread):
    """A TCP relay for one connection, that writes down what passes."""

    def __init__(self, to_port):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.to_port = to_port
        self.lines = []

    def run(self):
        client, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.to_port))
        other = threading.Thread(target=self.pump, args=("s", server, client))
        other.start()
        self.pump("c", client, server)
        other.join()

    def pump(self, who, source, sink):
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            self.lines.append((who, data))
            sink.sendall(data)
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)


def h2(name, cert):
    port = free_port()
    with tempfile.TemporaryDirectory() as docs:
        with open(os.path.join(docs, "a"), "wb") as f:
            f.write(b"x" * 600)
        server = subprocess.Popen(["nghttpd", "-d", docs, str(port), cert[1],
                                   cert[0]], stdout=subprocess.DEVNULL)
        wait_for(port)
        relay = Recorder(port)
        relay.start()
        url = f"https://localhost:{relay.port}/a"
        run("curl", "-sk", "--http2", url, url, url)
        relay.join(5)
        server.kill()
    write(name, relay.lines)


def early(name, cert):
    port = free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", str(port), "-cert", cert[0],
         "-key", cert[1], "-early_data"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port)
    session = os.path.join(os.path.dirname(cert[0]), "session")
    data = os.path.join(os.path.dirname(cert[0]), "early")
    with open(data, "wb") as f:
        f.write(b"early words\n")
    base = ["openssl", "s_client", "-servername", "cart.example", "-connect"]
    for step in (["-sess_out", session], ["-sess_in", session, "-early_data",
                                          data]):
        relay = Recorder(port)
        relay.start()
        client = subprocess.Popen(base + [f"127.0.0.1:{relay.port}"] + step,
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        time.sleep(1)
        client.stdin.write(b"more words\n")
        client.stdin.flush()
        time.sleep(1)
        server.stdin.write(b"an answer\n")
        server.stdin.flush()
        time.sleep(1)
        client.stdin.close()
        client.wait()
        relay.join(5)
    server.kill()
    write(name, relay.lines)


def main():
    with tempfile.TemporaryDirectory() as folder:
        cert = make_certificate(folder)
        v12, v10 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1
        alpn = ["h2", "http/1.1"]
        converse("tls13", cert, alpn=["http/1.1"])
        converse("tls13-resumed", cert, resume=True)
        converse("tls13-retry", cert, curve="secp384r1")
        converse("tls13-mutual", cert, mutual=True)
        converse("tls13-refused-by-client", cert, requests=0, trust=False)
        converse("tls12", cert, version=v12, alpn=alpn)
        converse("tls12-resumed-ticket", cert, version=v12, resume=True)
        converse("tls12-resumed-id", cert, version=v12, resume=True,
                 no_ticket=True)
        converse("tls12-cbc", cert, version=v12,
                 ciphers="ECDHE-ECDSA-AES128-SHA")
        converse("tls12-refused-by-client", cert, requests=0, version=v12,
                 trust=False)
        converse("tls10", cert, version=v10)
        mismatch("refused-by-server", cert)
        h2("tls13-h2", cert)
        early("tls13-early", cert)


main()
