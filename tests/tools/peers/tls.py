"""TLS 1.2 and 1.3: nginx with throw-away certificates; curl and openssl."""
import os
import shutil
import subprocess

from .lab import HOST, run, scenario

SCENARIOS = {}

SERVER = """
server {{
  listen {host}:8443 ssl http2; server_name shop.example; root {root};
  ssl_certificate {tmp}/cert.pem; ssl_certificate_key {tmp}/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:1m;
  location /item/ {{ return 200 "item $uri\\n"; }}
  location = /broken {{ return 503 "broken\\n"; }}
}}"""
FORMAT = (r"$request_method\t$request_uri\t$status\t$connection\t$ssl_server_name\t$ssl_alpn_protocol"
          r"\t$ssl_protocol\t$ssl_session_reused")


def start(lab):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example", "-keyout", lab.tmp / "key.pem",
        "-out", lab.tmp / "cert.pem")
    return lab.nginx(SERVER.format(host=HOST, tmp=lab.tmp, root=lab.tmp), port=8443, fmt=FORMAT)


def ask(lab, version, *arguments, keys=None):
    environment = dict(os.environ)
    if keys:
        environment["SSLKEYLOGFILE"] = str(keys)
    limit = ["--tls-max", "1.2"] if version == "1.2" else ["--tlsv1.3"]
    run("curl", "-s", "-o", os.devnull, "--noproxy", "*", *limit, "--cacert", lab.tmp / "cert.pem", "--resolve",
        f"shop.example:8443:{HOST}", *arguments, check=False, env=environment)


def both_protocols(lab, version, keys):
    base = "https://shop.example:8443"
    more = ["-o", os.devnull]
    ask(lab, version, "--http1.1", f"{base}/item/1", f"{base}/item/2?token=secret", *more, keys=keys)
    ask(lab, version, "--http2", f"{base}/item/3", f"{base}/missing", *more, keys=keys)
    ask(lab, version, "--http1.1", f"{base}/broken", "-d", "a=1", keys=keys)


def truths(lab, name, extra=()):
    """Exchanges as with secrets, connections as without."""
    rows, seen = [], {}
    for line in (lab.tmp / "nginx.log").read_text().splitlines():
        method, path, status, connection, sni, alpn, protocol, reused = line.split("\t")
        if status != "400" or method:
            rows.append((method, path, status))
        seen[connection] = (sni or "-", alpn or "-", protocol.removeprefix("TLSv"), "-",
                            "yes" if reused == "r" else "no")
    lab.truth(name, {r: rows.count(r) for r in rows}, "nginx's access log")
    found = list(seen.values()) + list(extra)
    lines = ["# nginx's access log, and for alerts the client's", "count\tsni\talpn\tversion\talert\tresumed"]
    lines += ["\t".join([str(found.count(c)), *c]) for c in sorted(set(found))]
    (lab.data / (name.split(".")[0] + ".tls.tsv")).write_text("\n".join(lines) + "\n")


def tls_version(lab, version, name):
    keys = lab.tmp / "keys"
    server = start(lab)
    with lab.capture(f"{name}.pcapng") as path:
        both_protocols(lab, version, keys)
    lab.stop(server)
    truths(lab, f"{name}.pcapng")
    (lab.data / f"{name}.truth.tsv").unlink()  # not to be known without secrets
    shutil.copyfile(keys, lab.data / f"{name}.keylog")
    with_keys = f"{name}-keys.pcapng"
    run("editcap", "--inject-secrets", f"tls,{keys}", path, lab.data / with_keys)
    truths(lab, with_keys)
    (lab.data / f"{name}-keys.tls.tsv").unlink()


@scenario(SCENARIOS, **{
    "tls12.pcapng": "nginx with TLS 1.2 and curl: HTTP/1.1 and HTTP/2 by ALPN, three connections; tls12.keylog beside",
    "tls12-keys.pcapng": "tls12.pcapng with its secrets inside (editcap --inject-secrets)"})
def tls12(lab):
    tls_version(lab, "1.2", "tls12")


@scenario(SCENARIOS, **{
    "tls13.pcapng": "nginx with TLS 1.3 and curl: HTTP/1.1 and HTTP/2 by ALPN, three connections; tls13.keylog beside",
    "tls13-keys.pcapng": "tls13.pcapng with its secrets inside (editcap --inject-secrets)"})
def tls13(lab):
    tls_version(lab, "1.3", "tls13")


@scenario(SCENARIOS, **{"tls-alerts.pcapng":
          "nginx and openssl s_client: a certificate that the client does not trust (unknown_ca, TLS 1.2 and 1.3), "
          "a version that the server refuses (protocol_version), a resumed session"})
def tls_alerts(lab):
    server = start(lab)
    base = ["openssl", "s_client", "-connect", f"{HOST}:8443", "-servername", "shop.example"]
    with lab.capture("tls-alerts.pcapng"):
        for version in ("-tls1_2", "-tls1_3"):
            run(*base, version, "-verify_return_error", check=False)
        run(*base, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", check=False)
        for option in ("-sess_out", "-sess_in"):
            subprocess.run([*base, "-tls1_2", "-alpn", "http/1.1", "-quiet", option, lab.tmp / "session"],
                           input=b"GET /item/1 HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n",
                           capture_output=True, timeout=10)
    lab.stop(server)
    truths(lab, "tls-alerts.pcapng", [("shop.example", "-", "1.2", "48", "no"),
                                      ("shop.example", "-", "1.3", "48", "no"),
                                      ("shop.example", "-", "-", "70", "no")])
    (lab.data / "tls-alerts.truth.tsv").unlink()
