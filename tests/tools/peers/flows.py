#!/usr/bin/python3
"""flows.py syn|short RATE SECONDS CLIENT... SERVER PORT

Connections by the thousand, at a bounded rate: `syn` are first packets that
nobody answers, `short` are whole connections of one request each. Addresses
are those given, and have to be of namespaces made for it. Says how many it
made. A machine that is too slow makes fewer, never a burst to catch up.
"""
import random
import socket
import struct
import sys
import time

MAX_RATE, MAX_SECONDS = 20000, 600
TURN_S = 0.01


def paced(rate, seconds, make):
    """Calls make() rate times a second for so long; how often it was."""
    made, begun = 0, time.monotonic()
    while (now := time.monotonic()) < begun + seconds:
        for _ in range(max(1, int(rate * TURN_S))):
            make()
            made += 1
        time.sleep(max(0.0, now + TURN_S - time.monotonic()))
    return made


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def syn_maker(clients, server, port):
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    to = socket.inet_aton(server)
    addresses = [socket.inet_aton(c) for c in clients]

    def make():
        source = random.choice(addresses)
        head = struct.pack("!HHIIBBH", random.randrange(1024, 65536), port, random.getrandbits(32), 0, 5 << 4, 2, 64240)
        tcp = head + struct.pack("!HH", checksum(source + to + struct.pack("!HH", 6, 20) + head), 0)
        # The kernel fills in the length, the identification and the checksum.
        out.sendto(struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, 6, 0) + source + to + tcp, (server, 0))
    return make


def short_maker(clients, server, port):
    request = f"GET /short HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n".encode()

    def make():
        with socket.create_connection((server, port), timeout=10, source_address=(random.choice(clients), 0)) as s:
            s.sendall(request)
            while s.recv(4096):
                pass
    return make


def main():
    kind, rate, seconds, *clients, server, port = sys.argv[1:]
    makers = {"syn": syn_maker, "short": short_maker}
    rate, seconds = min(int(rate), MAX_RATE), min(float(seconds), MAX_SECONDS)
    print(paced(rate, seconds, makers[kind](clients, server, int(port))))


main()
