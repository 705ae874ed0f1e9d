#include "capture/owners_proc.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/text_addr.h"

enum { ARGUMENTS_MAX = 256 }; /* java has many */

/* ---- sockets ---- */

static struct mt_span next_word(struct mt_span *line)
{
    size_t n = 0;
    while (n < line->len && line->ptr[n] == ' ')
        n++;
    (void)mt_span_take(line, n);
    return mt_span_take(line, mt_span_find(*line, ' '));
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = mt_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_u32(struct mt_span text, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0)
            return false;
        *out = *out << 4 | (uint32_t)digit;
    }
    return text.len > 0 && text.len <= 8;
}

/* "0100007F:0050": each 32 bits of the address as this machine reads them. */
static bool address(struct mt_span text, struct mt_addr *out)
{
    static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};
    struct mt_span ip = mt_span_take(&text, mt_span_find(text, ':'));
    uint32_t port;
    bool v4 = ip.len == 8;
    if ((!v4 && ip.len != 32) || text.len != 5)
        return false;
    (void)mt_span_take(&text, 1);
    if (!hex_u32(text, &port))
        return false;
    memcpy(out->ip, v4_prefix, sizeof v4_prefix);
    for (size_t at = v4 ? 12 : 0; ip.len > 0; at += 4) {
        uint32_t word;
        if (!hex_u32(mt_span_take(&ip, 8), &word))
            return false;
        memcpy(out->ip + at, &word, sizeof word);
    }
    out->port = (uint16_t)port;
    return true;
}

bool mt_socket_line(struct mt_span line, struct mt_socket *out)
{
    struct mt_socket s = {.transport = out->transport};
    uint32_t state;
    uint64_t uid, inode;
    (void)next_word(&line); /* sl */
    if (!address(next_word(&line), &s.local) ||
        !address(next_word(&line), &s.remote) ||
        !hex_u32(next_word(&line), &state) || state > UINT8_MAX)
        return false;
    for (int i = 0; i < 3; i++)
        (void)next_word(&line); /* queues, timer, retransmissions */
    if (mt_parse_u64(next_word(&line), &uid) != 0 || uid > UINT32_MAX)
        return false;
    (void)next_word(&line); /* timeout */
    if (mt_parse_u64(next_word(&line), &inode) != 0)
        return false;
    s.state = (uint8_t)state;
    s.uid = (uint32_t)uid;
    s.inode = inode;
    *out = s;
    return true;
}

/* No address: of either family, though written as one of them. */
static bool is_any(const uint8_t ip[16])
{
    static const uint8_t any4[16] = {[10] = 0xff, [11] = 0xff};
    return mt_ip_is_none(ip) || memcmp(ip, any4, sizeof any4) == 0;
}

bool mt_socket_listens(const struct mt_socket *s, const struct mt_addr *local)
{
    /* a UDP socket that is not connected */
    if (s->state != MT_SOCKET_LISTEN &&
        (s->state != MT_SOCKET_CLOSE || s->remote.port != 0))
        return false;
    /* [::] takes IPv4, too; 0.0.0.0 does not take IPv6 */
    bool any = mt_ip_is_none(s->local.ip) ||
               (is_any(s->local.ip) && mt_ip_is_v4(local->ip));
    return s->local.port == local->port && local->port != 0 &&
           (any || memcmp(s->local.ip, local->ip, 16) == 0);
}

bool mt_is_loopback(const uint8_t ip[16])
{
    static const uint8_t v6[16] = {[15] = 1};
    return (mt_ip_is_v4(ip) && ip[12] == 127) || memcmp(ip, v6, 16) == 0;
}

static uint64_t inode_in(struct mt_span link, struct mt_span prefix)
{
    uint64_t n;
    if (!mt_span_starts(link, prefix))
        return 0;
    (void)mt_span_take(&link, prefix.len);
    struct mt_span digits = mt_span_take(&link, mt_span_find(link, ']'));
    return link.len == 1 && mt_parse_u64(digits, &n) == 0 ? n : 0;
}

uint64_t mt_socket_inode(struct mt_span link)
{
    return inode_in(link, MT_SPAN("socket:["));
}

uint64_t mt_netns_inode(struct mt_span link)
{
    return inode_in(link, MT_SPAN("net:["));
}

/* ---- names ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_byte(uint8_t c)
{
    uint8_t lower = mt_ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '.' ||
           c == '_' || c == '-';
}

/* Runs of other bytes become one hyphen. */
static void put_clean(struct mt_buf *b, struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t last = b->len > 0 ? b->ptr[b->len - 1] : '-';
        uint8_t c = is_name_byte(s.ptr[i]) ? s.ptr[i] : '-';
        bool mark = c == '-' || c == '.';
        if (!mark || (last != '-' && last != '.'))
            mt_put_u8(b, c);
    }
}

/* "python3.11", "orders-1.4.2": the version says nothing, and would make the
 * name look like an address; "worker-7" is a name. Marks at the end go, too. */
static void strip_version(struct mt_buf *b)
{
    size_t n, dot = b->len;
    while (b->len > 0 &&
           (b->ptr[b->len - 1] == '.' || b->ptr[b->len - 1] == '-'))
        b->len--;
    for (n = b->len; n > 0; n--) {
        if (b->ptr[n - 1] == '.')
            dot = n - 1;
        else if (!is_digit(b->ptr[n - 1]))
            break;
    }
    if (dot < b->len)
        b->len = n > 1 && b->ptr[n - 1] == '-' ? n - 1 : dot;
}

static void write_name(struct mt_span s, char out[MT_OWNER_PROCESS_BYTES])
{
    struct mt_buf b = mt_buf_of(out, MT_OWNER_PROCESS_BYTES - 1);
    put_clean(&b, s);
    strip_version(&b);
    out[b.len] = '\0';
}

static struct mt_span file_name(struct mt_span path)
{
    struct mt_span rest = path;
    for (;;) {
        size_t slash = mt_span_find(rest, '/');
        if (slash + 1 >= rest.len) {
            rest.len = slash; /* none, or the last byte */
            return rest;
        }
        (void)mt_span_take(&rest, slash + 1);
    }
}

static struct mt_span next_argument(struct mt_span *cmdline)
{
    struct mt_span a = mt_span_take(cmdline, mt_span_find(*cmdline, 0));
    if (cmdline->len > 0)
        (void)mt_span_take(cmdline, 1);
    return a;
}

/* How the program's name is found among an interpreter's arguments. */
static const struct interpreter {
    const char *name;
    const char *skip;    /* options that take the next argument */
    const char *next;    /* before the program's name */
    const char *code;    /* before the program itself */
    const char *letters; /* of short options that are followed by code */
} interpreters[] = {
    {"python", "-W -X -Q --check-hash-based-pycs", "-m", "", "c"},
    {"pypy", "-W -X", "-m", "", "c"},
    {"node", "-r --require --import --loader -C --conditions", "",
     "--eval --print", "ep"},
    {"nodejs", "-r --require", "", "--eval --print", "ep"},
    {"bun", "-r --preload --cwd", "run", "--eval", "e"},
    {"deno", "", "run", "eval", ""},
    {"ruby", "-r -I -C -E", "", "", "e"},
    {"perl", "-I -M -m", "", "", "eE"},
    {"php", "-c -d -z -t -S", "-f", "", "rBRE"},
    {"bash", "-o -O --rcfile --init-file", "", "", "c"},
    {"dash", "-o", "", "", "c"},
    {"sh", "-o", "", "", "c"},
    {"java",
     "-cp -classpath --class-path -p --module-path --add-modules "
     "--add-opens --add-exports --add-reads",
     "-jar -m --module", "", ""},
    {"dotnet", "--depsfile --runtimeconfig --fx-version", "exec", "", ""},
};

static bool is_in(struct mt_span word, const char *list)
{
    struct mt_span rest = mt_span_str(list);
    while (word.len > 0 && rest.len > 0) {
        struct mt_span item = next_word(&rest);
        if (mt_span_eq(item, word))
            return true;
    }
    return false;
}

/* "python3.11" is python: what follows the name is a version. */
static const struct interpreter *interpreter_of(struct mt_span name)
{
    for (size_t i = 0; i < sizeof interpreters / sizeof interpreters[0]; i++) {
        struct mt_span rest = name, known = mt_span_str(interpreters[i].name);
        if (!mt_span_starts(name, known))
            continue;
        (void)mt_span_take(&rest, known.len);
        while (rest.len > 0 && (is_digit(rest.ptr[0]) || rest.ptr[0] == '.'))
            (void)mt_span_take(&rest, 1);
        if (rest.len == 0)
            return &interpreters[i];
    }
    return NULL;
}

/* "-c", "-lc", "-ne": rather once too often than code taken for a name. */
static bool holds_code(const struct interpreter *in, struct mt_span a)
{
    if (is_in(a, in->code))
        return true;
    if (a.len < 2 || a.ptr[0] != '-' || a.ptr[1] == '-')
        return false;
    for (const char *c = in->letters; *c != '\0'; c++)
        if (mt_span_find(a, (uint8_t)*c) < a.len)
            return true;
    return false;
}

/* The program that an interpreter runs; empty: its own name is all. What
 * follows a long option that is not known may be its value, and a secret: it
 * is told only where it has a dot, as file names do. */
static struct mt_span program_of(const struct interpreter *in,
                                 struct mt_span arguments)
{
    bool doubtful = false;
    for (int i = 0; i < ARGUMENTS_MAX && arguments.len > 0; i++) {
        struct mt_span a = next_argument(&arguments);
        if (is_in(a, in->next))
            return file_name(next_argument(&arguments));
        if (holds_code(in, a))
            break;
        bool is_option = a.len == 0 || a.ptr[0] == '-';
        if (!is_option && (!doubtful || mt_span_find(a, '.') < a.len))
            return file_name(a);
        bool skips = is_in(a, in->skip);
        if (skips)
            (void)next_argument(&arguments);
        doubtful = !skips && mt_span_starts(a, MT_SPAN("--")) &&
                   mt_span_find(a, '=') == a.len;
    }
    return (struct mt_span){.ptr = NULL, .len = 0};
}

/* orders.jar is orders; com.example.Orders and node_modules stay. */
static struct mt_span without_jar(struct mt_span s)
{
    struct mt_span jar = MT_SPAN(".jar"), dll = MT_SPAN(".dll"), end = s;
    if (s.len <= 4)
        return s;
    (void)mt_span_take(&end, s.len - 4);
    if (mt_span_eq(end, jar) || mt_span_eq(end, dll))
        s.len -= 4;
    return s;
}

void mt_process_name(struct mt_span comm, struct mt_span cmdline,
                     char out[MT_OWNER_PROCESS_BYTES])
{
    comm.len = mt_span_find(comm, '\n');
    struct mt_span rest = cmdline;
    struct mt_span program = file_name(next_argument(&rest));
    const struct interpreter *in = interpreter_of(program);
    out[0] = '\0';
    if (in != NULL)
        write_name(without_jar(program_of(in, rest)), out);
    if (out[0] == '\0')
        write_name(comm.len > 0 ? comm : program, out);
}
