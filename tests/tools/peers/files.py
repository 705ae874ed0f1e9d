"""Capture files as bytes: what no tool at hand does to them."""
import struct

SECTION, INTERFACE, ENHANCED = 0x0A0D0D0A, 1, 6
OPT_IF_NAME, OPT_IF_TSRESOL = 2, 9


def blocks(data):
    """The blocks of a little-endian pcapng file: (type, body)."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        yield kind, data[at + 8:at + size - 4]
        at += size


def block(kind, body):
    body += bytes(-len(body) % 4)
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def options(data):
    at = 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from("<HH", data, at)
        if code == 0:
            return
        yield code, data[at + 4:at + 4 + size]
        at += 4 + size + -size % 4


def kept_options(data, codes):
    out = b""
    for code, value in options(data):
        if code in codes:
            out += struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
    return out + struct.pack("<HH", 0, 0)


def forget_machine(path):
    """dumpcap notes the machine it runs on (CPU, kernel): drop that."""
    out = b""
    for kind, body in blocks(path.read_bytes()):
        if kind == SECTION:
            body = body[:16]
        elif kind == INTERFACE:
            body = body[:8] + kept_options(body[8:], (OPT_IF_NAME, OPT_IF_TSRESOL))
        elif kind != ENHANCED:
            continue  # statistics: not of interest here
        out += block(kind, body)
    path.write_bytes(out)


def packets(path):
    """The packets of a pcapng file made above: (time as two words, bytes)."""
    for kind, body in blocks(path.read_bytes()):
        if kind == ENHANCED:
            _, high, low, size, _ = struct.unpack_from("<5I", body)
            yield (high, low), body[20:20 + size]


def write(path, link_type, rows):
    """A pcapng file of one interface with nanoseconds; rows as packets()."""
    out = block(SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(INTERFACE, struct.pack("<HHI", link_type, 0, 0) +
                 struct.pack("<HHB3xHH", OPT_IF_TSRESOL, 1, 9, 0, 0))
    for (high, low), data in rows:
        out += block(ENHANCED, struct.pack("<5I", 0, high, low, len(data), len(data)) + data)
    path.write_bytes(out)
