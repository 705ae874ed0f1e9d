"""DNS: dnsmasq and dig, a server of ours that misbehaves, and who uses the names."""
import re
import socket
import struct
import threading
import time

from .lab import CLIENT, HOST, HOST2, curl, run, scenario

SCENARIOS = {}

A = 1
NOERROR, FORMERR, SERVFAIL = 0, 1, 2
RCODES = {NOERROR: "NOERROR", FORMERR: "FORMERR", SERVFAIL: "SERVFAIL"}

OURS = (HOST2, 5300)  # not where anybody would look for DNS

RECORDS = [f"--host-record=shop.example,{HOST}", "--host-record=cart.example,192.0.2.7,2001:db8::7",
           "--cname=www.shop.example,shop.example", "--srv-host=_http._tcp.shop.example,shop.example,8080",
           # More than 512 bytes: without EDNS it takes TCP.
           *[f"--txt-record=long.example,{i:03d}{'x' * 200}" for i in range(4)],
           "--local=/example/"]


def dnsmasq(lab):
    lab.spawn("/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
              "--no-daemon", "--user=root", "--pid-file=", f"--listen-address={HOST2}", "--bind-interfaces",
              *RECORDS, port=53)


def dig(rows, *arguments):
    """Asks, and writes down what dig says it was told."""
    out = run("dig", f"@{HOST2}", "-b", CLIENT, "+tries=1", "+timeout=3", *arguments).stdout
    for line in out.splitlines():
        status = re.match(r";; ->>HEADER<<- opcode: QUERY, status: (\w+)", line)
        question = re.match(r";(\S+)\.\s+IN\s+(\w+)", line)
        if status:
            code = status[1]
        elif question:
            rows.append((question[2], question[1].lower(), code))
        elif "Truncated, retrying in TCP mode" in line:
            rows.append(("TXT", "long.example", "NOERROR"))


def dig_all(rows):
    dig(rows, "shop.example", "A")
    dig(rows, "WWW.Shop.Example", "A")
    dig(rows, "cart.example", "A", "cart.example", "AAAA")
    dig(rows, "_http._tcp.shop.example", "SRV")
    dig(rows, "gone.example", "A")
    dig(rows, "elsewhere.test", "A")
    dig(rows, "shop.example", "TYPE65")
    dig(rows, "+noedns", "long.example", "TXT")
    dig(rows, "+tcp", "+keepopen", "shop.example", "A", "+tcp", "+keepopen", "gone.example", "AAAA")


# --- a server that misbehaves ---------------------------------------------------

def name_of(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels)


def query(number, name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, A, 1)


def answer(message, rcode, question=True):
    head = message[:2] + struct.pack(">5H", 0x8180 | rcode, int(question), 0, 0, 0)
    return head + message[12:] if question else head


# name: the code of each answer, the one tried first that is answered at all
BEHAVIOUR = {
    "servfail.test": ([SERVFAIL], 1),
    "twice.test": ([NOERROR, NOERROR], 1),
    "second-try.test": ([NOERROR], 2),
    "bare.test": ([FORMERR], 1),
    "silent.test": ([], 1),
}


def serve(server, log):
    tries = {}
    while True:
        try:
            message, peer = server.recvfrom(4096)
        except OSError:
            return
        name = name_of(message)
        codes, first = BEHAVIOUR[name]
        tries[name] = tries.get(name, 0) + 1
        if tries[name] == 1:
            log.append(("A", name, RCODES[codes[0]] if codes else "-"))
        if tries[name] >= first:
            for code in codes:
                server.sendto(answer(message, code, question=code != FORMERR), peer)


def misbehave(client):
    for number, name in enumerate(BEHAVIOUR):
        for _ in range(BEHAVIOUR[name][1]):
            client.sendto(query(0x4d00 + number, name), OURS)
            time.sleep(0.1)


@scenario(SCENARIOS, **{"dns.pcapng":
          "dnsmasq and dig: A, AAAA, SRV, HTTPS, CNAME, NXDOMAIN, REFUSED, an answer that takes TCP, two on one TCP "
          "connection; a server of ours that answers SERVFAIL, twice, at the second try, FORMERR without the "
          "question, or never; curl to nginx at an address that was looked up"})
def dns(lab):
    rows, log = [], []
    dnsmasq(lab)
    nginx = lab.nginx(f'server {{ listen {HOST}:8080; location / {{ return 200 "ok"; }} }}')
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(OURS)
    threading.Thread(target=serve, args=(server, log), daemon=True).start()
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.bind((CLIENT, 0))
    with lab.capture("dns.pcapng", filter_="tcp or udp"):
        misbehave(client)
        dig_all(rows)
        curl(f"http://{HOST}:8080/items", f"http://{HOST}:8080/items/7", "-o", "/dev/null")
        time.sleep(16)  # what nobody has answered by now has no answer
        dig(rows, "shop.example", "A")
    lab.stop(nginx)
    server.close()
    client.close()
    requests = lab.rows("nginx.log")
    truth = {**{r: rows.count(r) for r in rows}, **{r: log.count(r) for r in log}, **requests}
    lab.truth("dns.pcapng", truth, "dig's output, our server's and nginx's logs")
