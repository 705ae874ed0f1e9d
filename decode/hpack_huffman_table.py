#!/usr/bin/env python3
"""Writes hpack_huffman_table.h: python3 hpack_huffman_table.py > hpack_huffman_table.h

The code of RFC 7541 appendix B is canonical: its lengths say all of it.
"""

ROOT_BITS = 11

# Length of each symbol's code, from 0 on: (length, how many in a row).
RUNS = [
    (13, 1), (23, 1), (28, 7), (24, 1), (30, 1), (28, 2), (30, 1), (28, 8), (30, 1), (28, 9),
    (6, 1), (10, 2), (12, 1), (13, 1), (6, 1), (8, 1), (11, 1), (10, 2), (8, 1), (11, 1),
    (8, 1), (6, 3), (5, 3), (6, 7), (7, 1), (8, 1), (15, 1), (6, 1), (12, 1), (10, 1),
    (13, 1), (6, 1), (7, 22), (8, 1), (7, 1), (8, 1), (13, 1), (19, 1), (13, 1), (14, 1),
    (6, 1), (15, 1), (5, 1), (6, 1), (5, 1), (6, 1), (5, 1), (6, 3), (5, 1), (7, 2),
    (6, 3), (5, 1), (6, 1), (7, 1), (6, 1), (5, 2), (6, 1), (7, 5), (15, 1), (11, 1),
    (14, 1), (13, 1), (28, 1), (20, 1), (22, 1), (20, 2), (22, 3), (23, 1), (22, 1), (23, 5),
    (24, 1), (23, 1), (24, 2), (22, 1), (23, 1), (24, 1), (23, 4), (21, 1), (22, 1), (23, 1),
    (22, 1), (23, 2), (24, 1), (22, 1), (21, 1), (20, 1), (22, 2), (23, 2), (21, 1), (23, 1),
    (22, 2), (24, 1), (21, 1), (22, 1), (23, 2), (21, 2), (22, 1), (21, 1), (23, 1), (22, 1),
    (23, 2), (20, 1), (22, 3), (23, 1), (22, 2), (23, 1), (26, 2), (20, 1), (19, 1), (22, 1),
    (23, 1), (22, 1), (25, 1), (26, 3), (27, 2), (26, 1), (24, 1), (25, 1), (19, 1), (21, 1),
    (26, 1), (27, 2), (26, 1), (27, 1), (24, 1), (21, 2), (26, 2), (28, 1), (27, 3), (20, 1),
    (24, 1), (20, 1), (21, 1), (22, 1), (21, 2), (23, 1), (22, 2), (25, 2), (24, 2), (26, 1),
    (23, 1), (26, 1), (27, 1), (26, 2), (27, 5), (28, 1), (27, 5), (26, 1), (30, 1),
]

lengths = [n for n, times in RUNS for _ in range(times)]
assert len(lengths) == 257
assert sum(2 ** (30 - n) for n in lengths) == 2 ** 30

order = sorted(range(257), key=lambda s: (lengths[s], s))
code, before, codes = 0, 0, {}
for s in order:
    code <<= lengths[s] - before
    before = lengths[s]
    codes[s] = code
    code += 1

short = {(lengths[s], codes[s]): s for s in order if lengths[s] <= ROOT_BITS}


def match(bits, have):
    """The symbol whose code begins the low `have` bits of `bits`, and its length."""
    for n in range(5, have + 1):
        s = short.get((n, bits >> (have - n)))
        if s is not None:
            return s, n
    return None, 0


def root(bits):
    first, n = match(bits, ROOT_BITS)
    if first is None:
        return 0
    rest = ROOT_BITS - n
    second, m = match(bits & ((1 << rest) - 1), rest)
    if second is None:
        return first | n << 16 | 1 << 24 | n << 28
    return first | second << 8 | (n + m) << 16 | 2 << 24 | n << 28


def rows(values, per_line, form):
    for i in range(0, len(values), per_line):
        print("    " + " ".join(form % v + "," for v in values[i:i + per_line]))


print("/* Made by hpack_huffman_table.py from RFC 7541 appendix B: do not edit. */")
print("/* clang-format off */")
print("enum { ROOT_BITS = %d, LONG_MIN = %d, LONG_MAX = 30 };\n" % (ROOT_BITS, ROOT_BITS + 1))
print("/* By the next %d bits: first symbol, second << 8, bits of both << 16," % ROOT_BITS)
print(" * symbols << 24, bits of the first << 28 (16 is never met); 0: longer. */")
print("static const uint32_t root[1u << ROOT_BITS] = {")
rows([root(b) for b in range(1 << ROOT_BITS)], 6, "0x%08x")
print("};\n")
print("/* Codes of each longer length: the first, left-aligned in 32 bits past the")
print(" * last one of that length, and where its symbols begin. */")
print("static const struct {\n    uint32_t first, end_aligned;\n    uint16_t symbol;\n} lengths[] = {")
symbols = []
for n in range(ROOT_BITS + 1, 31):
    of = [s for s in order if lengths[s] == n]
    first = codes[of[0]] if of else 0
    end = (codes[of[-1]] + 1) << (32 - n) if of else 0
    print("    {0x%08x, 0x%08x, %d}, /* %d */" % (first, min(end, 2 ** 32 - 1), len(symbols), n))
    symbols += of
print("};\n")
print("/* In code order; 256 is EOS. */")
print("static const uint16_t symbols[] = {")
rows(symbols, 12, "%3d")
print("};")
print("/* clang-format on */")
