#include "cli/summary.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/text_time.h"
#include "capture/own_filter.h"
#include "cli/printer.h"
#include "cli/session.h"

static void put_span_of_time(struct mt_buf *b, const struct mt_feed_result *r)
{
    int32_t offset = mt_local_offset_s(r->first_ns);
    mt_put_str(b, ", ");
    mt_put_rfc3339(b, r->first_ns, offset, 0);
    mt_put_str(b, " + ");
    mt_put_age(b, r->last_ns - r->first_ns);
}

static void put_plural(struct mt_buf *b, uint64_t n, const char *one,
                       const char *many)
{
    mt_put_count(b, n);
    mt_put_char(b, ' ');
    mt_put_str(b, n == 1 ? one : many);
}

static void put_line(FILE *out, struct mt_buf *b)
{
    (void)fwrite(b->ptr, 1, b->len, out);
    (void)fputc('\n', out);
    b->len = 0;
}

struct loss {
    uint64_t count;
    const char *help;
};

/* What is zero is not printed; the head is, before the first that is not. */
static void print_loss(FILE *out, const struct loss *loss, size_t *shown)
{
    char number[32];
    struct mt_buf b = mt_buf_of(number, sizeof number);
    if (loss->count == 0)
        return;
    mt_put_count(&b, loss->count);
    (void)fprintf(out, "%s%14.*s  %s\n",
                  (*shown)++ == 0 ? "passed over or lost\n" : "", (int)b.len,
                  number, loss->help);
}

/* Each with its own number. */
static void print_losses(FILE *out, const struct mt_feed_result *r,
                         const struct mt_writer_stats *written)
{
    const struct mt_tcp_counters *tcp = &r->tap.tcp;
    const struct mt_tap_counters *tap = &r->tap.tap;
    const struct mt_decode_stats *d = &r->tap.decode;
    const struct loss list[] = {
        {r->kernel_drops, "packets dropped by the kernel while capturing"},
        {r->interface_drops, "packets dropped by the interface"},
        {r->ring_drops, "exchanges dropped because the database was behind"},
        {r->unkept_packets, "packets that the packet ring could not keep"},
        {r->layers[MT_LAYERS_MALFORMED], "packets whose headers are malformed"},
        {r->layers[MT_LAYERS_CUT], "packets whose headers the snaplen cut"},
        {r->layers[MT_LAYERS_TOO_DEEP], "packets with too many layers"},
        {r->layers[MT_LAYERS_OTHER_LINK],
         "packets of a link type that is not decoded"},
        {r->layers[MT_LAYERS_ENCRYPTED], "packets encrypted on the air"},
        {r->layers[MT_LAYERS_FRAGMENT_REFUSED], "IP fragments refused"},
        {tap->datagrams - tap->dup_datagrams - d->datagrams,
         "UDP datagrams, not decoded"},
        {tap->dup_packets, "copies of packets (nothing is lost by them)"},
        {tap->hops, "connections seen at two points (counted at one)"},
        {tcp->gaps, "gaps: holes in connections"},
        {tcp->gap_bytes, "bytes missing in them"},
        {tcp->truncated_bytes, "bytes cut off packets by the snaplen"},
        {tcp->out_of_order_unheld, "segments out of order, without room"},
        {tcp->misplaced, "segments far outside their window"},
        {tcp->after_end_bytes, "bytes after the end of their connection"},
        {tap->sampled_packets,
         "packets of connections left out to keep under --max-cpu"},
        {tap->midstream, "connections joined late"},
        {tap->evicted_decoded, "connections given up for memory"},
        {tap->evicted_unknown, "unknown connections given up for memory"},
        {tap->flows_refused, "packets without memory for their flow"},
        {tap->undelivered_bytes, "bytes without memory for their connection"},
        {tap->attempts_unrecorded,
         "refused or unanswered attempts above the rate of rows"},
        {d->drafts_refused, "requests without memory"},
        {d->pipeline_overflow, "requests above 128 in one pipeline"},
        {d->stream_overflow, "streams above 4096 in one connection"},
        {d->header_overflow, "header blocks above their bounds"},
        {d->hpack_resets, "header tables given up and learned again"},
        {d->resyncs, "message boundaries searched after a loss, or behind what "
                     "broke the protocol"},
        {d->undecoded_bytes, "bytes of protocols that are not decoded"},
        {d->layers_refused, "protocols stacked too deep, or without memory"},
        {r->ring_reports,
         "connections' reports dropped because the database was behind"},
        {d->reports_refused, "connections' last reports without memory"},
    };
    size_t shown = 0;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        print_loss(out, &list[i], &shown);
    for (unsigned i = 0; written != NULL && i < MT_LOSS_COUNT; i++) {
        struct loss own = {written->losses[i], mt_loss_help(i)};
        print_loss(out, &own, &shown);
    }
    if (shown == 0)
        (void)fputs("nothing was lost\n", out);
}

/* "of eth0, lo; left out: port 7070" */
static void put_interfaces(struct mt_buf *b, const struct mt_options *o)
{
    for (size_t i = 0; i < o->interfaces_count; i++) {
        mt_put_str(b, i == 0 ? " of " : ", ");
        mt_put_str(b, o->interfaces[i]);
    }
}

/* What was not looked at, by whose wish. */
static void put_left_out(struct mt_buf *b, const struct mt_options *o)
{
    if (o->capture_filter != NULL) {
        mt_put_str(b, "captured: ");
        mt_put_str(b, o->capture_filter);
        mt_put_str(b, o->all ? "" : "; ");
    }
    if (o->all)
        return;
    bool two = o->page_port != 0 && o->page_port != MT_OWN_PORT;
    mt_put_str(b, two ? "left out: our own ports " : "left out: our own port ");
    mt_put_decimal(b, MT_OWN_PORT);
    if (two) {
        mt_put_str(b, " and ");
        mt_put_decimal(b, o->page_port);
    }
    if (mt_own_session(mt_ssh_session()))
        mt_put_str(b, " and this ssh session");
    mt_put_str(b, " (--all captures them)");
}

static void print_packets(FILE *out, const struct mt_options *o,
                          const struct mt_feed_result *r, struct mt_buf *b)
{
    mt_put_bytes(b, r->bytes);
    mt_put_str(b, ", ");
    put_plural(b, r->packets, "packet", "packets");
    put_interfaces(b, o);
    if (o->interfaces_count == 0 && r->sources_count > 1) {
        mt_put_str(b, " of ");
        put_plural(b, r->sources_count, "file", "files");
    }
    if (r->packets > 0)
        put_span_of_time(b, r);
    put_line(out, b);
    if (o->interfaces_count > 0 && (!o->all || o->capture_filter != NULL)) {
        put_left_out(b, o);
        put_line(out, b);
    }
}

void mt_summary(FILE *out, const struct mt_options *o,
                const struct mt_feed_result *r,
                const struct mt_writer_stats *written)
{
    char line[1024];
    const char *db = o->write;
    struct mt_buf b = mt_buf_of(line, sizeof line);

    print_packets(out, o, r, &b);

    put_plural(&b, r->exchanges, "exchange", "exchanges");
    if (r->tap.tap.conns > 0 || r->hosts_count == 0) {
        mt_put_str(&b, " of ");
        put_plural(&b, r->tap.tap.conns, "connection", "connections");
    }
    if (r->tap.tap.udp_flows > 0) {
        mt_put_str(&b, " and ");
        put_plural(&b, r->tap.tap.udp_flows, "UDP flow", "UDP flows");
    }
    if (r->hosts_count > 0) {
        mt_put_str(&b, " relayed by ");
        put_plural(&b, r->hosts_count, "host", "hosts");
    }
    if (written != NULL) {
        struct stat st;
        mt_put_str(&b, " into ");
        mt_put_str(&b, db);
        if (stat(db, &st) == 0 && st.st_size > 0) {
            mt_put_str(&b, " (");
            mt_put_bytes(&b, (uint64_t)st.st_size);
            mt_put_str(&b, ")");
        }
    }
    mt_put_str(&b, ", in ");
    mt_put_latency(&b, (int64_t)(r->seconds * 1e9));
    if (r->interrupted && !mt_options_endless(o))
        mt_put_str(&b, ", interrupted");
    put_line(out, &b);
    if (r->sample_one_of > 1)
        (void)fprintf(out, "a sample: at times only 1 of %u connections\n",
                      (unsigned)r->sample_one_of);
    print_losses(out, r, written);
}
