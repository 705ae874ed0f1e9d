/* meshtop export --pcapng: two passes. The first selects exchanges and notes
 * where their packets are; the second reads those packets again. */
#include "cli/export_pcapng.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "capture/pcapng_out.h"
#include "capture/ring_name.h"
#include "capture/secrets_pick.h"
#include "cli/say.h"
#include "cli/write.h"

enum {
    COMMENTS_MAX = 64, /* of one packet: a pipeline may have more */
    NAMES_AT_ONCE = 64,
    SECRETS_BYTES = 64 << 20,
    SECRETS_BLOCK = 1 << 20,
};

/* ---- before the packets ---- */

static void write_names(struct mt_pcapng_out *out,
                        const struct mt_intern *names)
{
    struct mt_pcapng_name list[NAMES_AT_ONCE];
    size_t n = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        struct mt_pcapng_name *to = &list[n++];
        struct mt_span text = mt_intern_bytes(names, i);
        memcpy(to->addr.ip, mt_span_take(&text, sizeof to->addr.ip).ptr,
               sizeof to->addr.ip);
        to->name = text;
        if (n == NAMES_AT_ONCE || i + 1 == names->count) {
            mt_pcapng_out_names(out, list, n);
            n = 0;
        }
    }
}

static bool is_ring_file(const struct mt_wanted_file *f)
{
    return f->path != NULL && mt_ring_name_is(mt_packet_file_name(f->path));
}

/* All files that a connection's other packets may be in. A ring holds copies
 * of what its sources gave: never both. */
static bool open_files(struct mt_wanted *w)
{
    bool ring = false;
    for (size_t i = 0; i < w->files_count; i++)
        ring = ring || (w->files[i].wanted && is_ring_file(&w->files[i]));
    for (size_t i = 0; i < w->files_count; i++) {
        const struct mt_wanted_file *f = &w->files[i];
        struct mt_problem why;
        if (f->found == NULL || (!f->wanted && is_ring_file(f) != ring))
            continue;
        int rc = mt_packet_conns_open(w->conns, (uint16_t)i, f->found, &why);
        if (rc == -ENOMEM)
            return false;
        if (rc != 0)
            mt_warn(NULL, "%s", why.text);
    }
    return true;
}

/* The lines that name one of the connections, in few blocks. */
static void write_picked(struct mt_pcapng_out *out,
                         const struct mt_secrets_pick *pick)
{
    static uint8_t bytes[SECRETS_BLOCK];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    uint32_t count = mt_secrets_pick_count(pick);
    for (uint32_t i = 0; i < count; i++) {
        struct mt_span line;
        if (!mt_secrets_pick_line(pick, i, &line))
            continue;
        if (line.len + 1 > b.cap - b.len) {
            mt_pcapng_out_secrets(out, mt_buf_span(&b));
            b.len = 0;
        }
        mt_put_span(&b, line);
        mt_put_char(&b, '\n');
    }
    mt_pcapng_out_secrets(out, mt_buf_span(&b));
}

/* A pass of its own: secrets have to stand before what they open. */
static bool write_secrets(struct mt_pcapng_out *out, struct mt_wanted *w)
{
    struct mt_pool pool;
    struct mt_secrets_pick pick;
    struct mt_item item;
    mt_pool_init(&pool, SECRETS_BYTES);
    mt_secrets_pick_init(&pick, &pool);
    bool opened = open_files(w);
    while (opened && mt_packet_conns_next(w->conns, &item) == MT_EVENT &&
           !mt_wanted_stopped(w))
        if (item.kind == MT_ITEM_SECRETS)
            mt_secrets_pick_lines(&pick, item.text);
        else if (item.kind == MT_ITEM_PACKET)
            mt_secrets_pick_hello(&pick,
                                  mt_packet_conns_segment(w->conns)->payload);
    mt_packet_conns_rewind(w->conns);
    write_picked(out, &pick);
    if (pick.full)
        mt_warn(NULL, "more TLS secrets than there is room for: some are "
                      "missing; select fewer exchanges");
    mt_secrets_pick_deinit(&pick);
    mt_pool_deinit(&pool);
    return opened;
}

/* ---- the packets ---- */

static void write_packet(struct mt_pcapng_out *out, const struct mt_wanted *w,
                         const struct mt_packet *packet,
                         const struct mt_packet_ref *refs, size_t count)
{
    struct mt_span comments[COMMENTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < count && n < COMMENTS_MAX; i++)
        if (refs[i].tag != 0)
            comments[n++] = mt_wanted_comment(w, refs[i].tag);
    mt_pcapng_out_packet(out, packet, comments, n);
}

static void write_noted(struct mt_pcapng_out *out, struct mt_wanted *w)
{
    struct mt_packet_found found;
    while (!mt_wanted_stopped(w) &&
           mt_packet_refs_next(w->refs, &found) == MT_EVENT) {
        mt_pcapng_out_interface(
            out, &found.packet,
            mt_packet_refs_interface(w->refs, found.packet.source,
                                     found.packet.interface_id));
        write_packet(out, w, &found.packet, found.refs, found.refs_count);
    }
}

static void say_problems(const struct mt_packet_conns *conns)
{
    const char *problem;
    for (size_t i = 0; (problem = mt_packet_conns_problem(conns, i)) != NULL;
         i++)
        if (problem[0] != '\0')
            mt_warn(NULL, "%s", problem);
}

static bool write_connections(struct mt_pcapng_out *out, struct mt_wanted *w)
{
    struct mt_item item;
    if (!open_files(w))
        return false;
    while (!mt_wanted_stopped(w) &&
           mt_packet_conns_next(w->conns, &item) == MT_EVENT) {
        size_t count;
        const struct mt_packet_ref *refs;
        if (item.kind == MT_ITEM_INTERFACE)
            mt_pcapng_out_interface(out, &item.packet, item.text);
        if (item.kind != MT_ITEM_PACKET)
            continue;
        refs = mt_packet_refs_find(w->refs, item.packet.ref, &count);
        write_packet(out, w, &item.packet, refs, count);
    }
    if (w->options->read_count == 0) /* else the first pass has said it */
        say_problems(w->conns);
    return true;
}

static bool write_all(struct mt_pcapng_out *out, struct mt_wanted *w)
{
    const struct mt_options *o = w->options;
    write_names(out, &w->names);
    if (o->with_secrets && !write_secrets(out, w))
        return false;
    if (o->whole_connections || o->with_secrets)
        return write_connections(out, w);
    write_noted(out, w);
    return true;
}

/* ---- the command ---- */

static int check_options(const struct mt_options *o)
{
    for (size_t i = 0; i < o->read_count; i++)
        if (strcmp(o->read[i], "-") == 0) {
            mt_say("--pcapng", "standard input cannot be read twice; save it "
                               "to a file and read that");
            return MT_EXIT_USAGE;
        }
    if (o->interfaces_count > 0)
        mt_say("--pcapng", "an interface cannot be read twice; keep its "
                           "packets with record --ring DIR");
    else if (o->follow)
        mt_say("--pcapng", "a file that grows cannot be read twice; leave "
                           "--follow out");
    else if (isatty(STDOUT_FILENO))
        mt_say("--pcapng", "a capture is nothing for a terminal; write it to "
                           "a file: > out.pcapng");
    else
        return 0;
    return MT_EXIT_USAGE;
}

static int write_out(struct mt_wanted *w, struct mt_sink sink,
                     const char *where)
{
    char comment[96] = "";
    if (w->sample_one_of > 1)
        (void)snprintf(comment, sizeof comment,
                       "a sample: at times only 1 of %u connections was "
                       "decoded",
                       (unsigned)w->sample_one_of);
    struct mt_pcapng_out *out =
        mt_pcapng_out_new(sink, "meshtop " MT_VERSION, comment);
    bool enough = out != NULL && write_all(out, w);
    w->packets = out != NULL ? mt_pcapng_out_packets(out) : 0;
    int rc = out != NULL ? mt_pcapng_out_end(out) : -ENOMEM;
    if (!enough || rc == -ENOMEM) {
        mt_say(NULL, "not enough memory");
        return MT_EXIT_ERROR;
    }
    if (rc < 0 && rc != -EPIPE) {
        mt_say(where, "%s", strerror(-rc));
        return MT_EXIT_ERROR;
    }
    return mt_wanted_stopped(w) ? MT_EXIT_INTERRUPTED : MT_EXIT_OK;
}

int mt_pcapng_write_wanted(struct mt_wanted *w, struct mt_sink sink,
                           const char *where)
{
    int rc = write_out(w, sink, where);
    mt_wanted_report(w);
    if (w->exchanges > 0)
        mt_warn(NULL, "packets hold headers and bodies, credentials among "
                      "them: think before you pass this file on");
    else if (rc == 0 && w->refused + w->without > 0)
        rc = MT_EXIT_ERROR;
    return rc;
}

int mt_export_pcapng(const struct mt_options *o)
{
    struct mt_wanted w;
    int rc = check_options(o);
    if (rc != 0)
        return rc;
    rc = mt_wanted_collect(&w, o);
    if (rc == 0)
        rc = mt_pcapng_write_wanted(&w, (struct mt_sink){mt_write_file, stdout},
                                    "standard output");
    mt_wanted_deinit(&w);
    return rc;
}
