#include <stdio.h>
#include <string.h>

#include "capture/source.h"

struct known {
    struct mt_span magic;
    const char *name;
    const char *advice;
};

#define CONVERT "convert it: editcap -F pcapng FILE NEW"
#define UNPACK "decompress it first"

#define ROW(bytes, name, advice)                                    \
    {                                                               \
        {(const uint8_t *)(bytes), sizeof(bytes) - 1}, name, advice \
    }

static const struct known known[] = {
    ROW("snoop\0\0\0", "a Solaris snoop capture", CONVERT),
    ROW("GMBU", "a Microsoft Network Monitor 2 capture", CONVERT),
    ROW("RTSS", "a Microsoft Network Monitor 1 capture", CONVERT),
    ROW("TRSNIFF data", "a Sniffer capture", CONVERT),
    ROW("XCP\0", "a NetXray or Sniffer for Windows capture", CONVERT),
    ROW("btsnoop\0", "a Bluetooth HCI capture", "it holds no TCP"),
    ROW("iptrace ", "an AIX iptrace capture", CONVERT),
    ROW("\177ver", "a WildPackets capture", CONVERT),
    ROW("\xa1\xe2\xcb\x12", "a pcap file of a private format", CONVERT),
    ROW("\x12\xcb\xe2\xa1", "a pcap file of a private format", CONVERT),
    ROW("\xfd"
        "7zXZ",
        "compressed by xz", UNPACK " (xz -d)"),
    ROW("BZh", "compressed by bzip2", UNPACK " (bzip2 -d)"),
    ROW("\x04\x22\x4d\x18", "compressed by lz4", UNPACK " (lz4 -d)"),
    ROW("\x1f\x9d", "compressed by compress", UNPACK " (uncompress)"),
    ROW("PK\3\4", "a zip archive", "unpack it first (unzip)"),
    ROW("7z\xbc\xaf", "a 7z archive", "unpack it first (7z x)"),
    ROW("SQLite format 3", "an SQLite database", "open it with -d"),
    ROW("\177ELF", "a program", "give a pcap or pcapng file"),
    ROW("%PDF", "a PDF document", "give a pcap or pcapng file"),
};

static const char give_capture[] = "give a pcap or pcapng file";

/* ASCII for the most part: other bytes may be UTF-8. */
static bool is_text(struct mt_span s)
{
    size_t ascii = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool space = c == '\t' || c == '\n' || c == '\r' || c == '\f';
        if ((c < 0x20 && !space) || c == 0x7f)
            return false;
        ascii += c < 0x80;
    }
    return ascii * 2 >= s.len;
}

static bool is_zero(struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != 0)
            return false;
    return true;
}

static void put(char *text, const char *what, const char *advice)
{
    (void)snprintf(text, MT_FOREIGN_BYTES, "%s; %s", what, advice);
}

void mt_source_describe(struct mt_span start, char *text)
{
    char what[MT_FOREIGN_BYTES / 2];
    if (start.len > MT_FOREIGN_LOOK_BYTES)
        start.len = MT_FOREIGN_LOOK_BYTES;
    if (start.len == 0) {
        put(text, "the file is empty", give_capture);
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!mt_span_starts(start, known[i].magic))
            continue;
        (void)snprintf(what, sizeof what, "this is %s", known[i].name);
        put(text, what, known[i].advice);
        return;
    }
    if (is_zero(start))
        put(text, "not a capture (it begins with zeros)", give_capture);
    else if (is_text(start))
        put(text, "not a capture (looks like text)", give_capture);
    else
        put(text, "not a capture (unknown binary format)", give_capture);
}
