/**
 * relay.h - exchanges through a pipe: what `record -w -` writes and `-r -`
 * reads. The bytes are described in docs/relay.md.
 *
 * The writer compresses records and hands the bytes to a sink:
 *
 *     struct mt_relay_writer *w;
 *     rc = mt_relay_writer_new(&w, sink, &host);
 *     rc = mt_relay_put_exchange(w, x);        // x is borrowed for the call
 *     rc = mt_relay_flush(w);                  // live: show it at once
 *     rc = mt_relay_end(w);                    // whole; then free
 *
 * The reader is given bytes, however they are cut:
 *
 *     struct mt_relay_reader *r = mt_relay_reader_new();
 *     mt_relay_give(r, bytes);                 // borrowed until MT_MORE
 *     while ((rc = mt_relay_next(r, &record)) == MT_EVENT)
 *         use(&record);                        // borrowed until the next call
 *     rc = mt_relay_finish(r);                 // the input ended
 *
 * Neither has a clock, nor grows with its input: a record and a block have a
 * greatest size. A reader passes over kinds of records, and fields at the end
 * of a record, that it does not know: they come from a newer writer of the
 * same major version. One thread each.
 */
#ifndef MT_STORE_RELAY_H
#define MT_STORE_RELAY_H

#include "base/out.h"
#include "base/rc.h"
#include "decode/exchange.h"
#include "decode/exchange_conn.h"
#include "store/writer.h"

enum {
    MT_RELAY_MAJOR = 1, /* another one is refused */
    MT_RELAY_MINOR = 0, /* more kinds and fields, which older readers skip */
    MT_RELAY_MAGIC_BYTES = 8,
    MT_RELAY_HEAD_BYTES = 12,
    MT_RELAY_BLOCK_MAX = 1 << 20,
    MT_RELAY_TEXT_MAX = 4096, /* a name, a path; longer ones are clipped */
};

/* Kinds of records, by their number in the stream: append only. */
#define MT_RELAY_KINDS(X)                                               \
    X(HOST, "host", "who writes: comes first, once")                    \
    X(EXCHANGE, "exchange", "a finished exchange")                      \
    X(OPEN, "open", "an exchange that has been open for a second")      \
    X(NAME, "name", "a name that was told for an address")              \
    X(LOSS, "loss", "a kind of loss and its total so far")              \
    X(SOURCE, "source", "a capture or interface that packets are from") \
    X(MARK, "mark", "the clocks: nothing before this time comes later") \
    X(END, "end", "the stream is whole: the number of its exchanges")   \
    X(REPORT, "report", "what a connection told beside its exchanges")  \
    X(SAMPLE, "sample", "at times only one of so many connections was decoded")

enum mt_relay_kind {
    MT_RELAY_NONE, /* no record has this number */
#define X(name, text, help) MT_RELAY_##name,
    MT_RELAY_KINDS(X)
#undef X
        MT_RELAY_COUNT
};

/* Whose clock the times of exchanges are read from. */
enum mt_relay_clock {
    MT_RELAY_CLOCK_CAPTURE, /* the packets of capture files */
    MT_RELAY_CLOCK_HOST,    /* this host, as it captures */
    MT_RELAY_CLOCK_COUNT
};

struct mt_relay_host {
    struct mt_span id;      /* of the machine; may be empty, as all here */
    struct mt_span boot;    /* of its boot */
    struct mt_span name;    /* host name */
    struct mt_span version; /* of the meshtop that writes */
    int64_t started_ns;     /* its wall clock as the stream began */
    uint8_t clock;          /* enum mt_relay_clock */
};

struct mt_relay_name {
    struct mt_addr addr; /* port 0: the whole address */
    struct mt_span text;
    uint8_t source; /* enum mt_name_source */
    int64_t ts_ns;  /* when it was told */
};

/* The members of its kind are set. */
struct mt_relay_record {
    enum mt_relay_kind kind;
    struct mt_relay_host host;    /* HOST */
    struct mt_exchange x;         /* EXCHANGE, OPEN */
    int64_t now_ns;               /* OPEN, MARK: the clock of the exchanges */
    int64_t wall_ns;              /* MARK: the writer's wall clock */
    struct mt_relay_name name;    /* NAME */
    enum mt_loss loss;            /* LOSS */
    uint64_t total;               /* LOSS; END: exchanges in the stream */
    uint32_t number;              /* SOURCE; SAMPLE: one of how many */
    struct mt_source_info info;   /* SOURCE; its path is in `path` */
    struct mt_span path;          /* SOURCE */
    struct mt_conn_report report; /* REPORT */
};

/* Does a file that begins so hold a relayed stream? */
bool mt_relay_detect(struct mt_span start);

/* ---- writing: 0 or -errno, the sink's own code or -ENOMEM, sticky ---- */

struct mt_relay_writer;

/* Nothing is handed to the sink before the first flush or full block. */
int mt_relay_writer_new(struct mt_relay_writer **out, struct mt_sink sink,
                        const struct mt_relay_host *host);

int mt_relay_put_exchange(struct mt_relay_writer *w,
                          const struct mt_exchange *x);
int mt_relay_put_open(struct mt_relay_writer *w, const struct mt_exchange *x,
                      int64_t now_ns);
int mt_relay_put_report(struct mt_relay_writer *w,
                        const struct mt_conn_report *report);
int mt_relay_put_name(struct mt_relay_writer *w,
                      const struct mt_relay_name *name);
int mt_relay_put_loss(struct mt_relay_writer *w, enum mt_loss loss,
                      uint64_t total);
/* At times only one of so many connections was decoded. */
int mt_relay_put_sample(struct mt_relay_writer *w, uint32_t one_of);
int mt_relay_put_source(struct mt_relay_writer *w, uint32_t number,
                        const struct mt_source_info *info);
int mt_relay_put_mark(struct mt_relay_writer *w, int64_t now_ns,
                      int64_t wall_ns);

/* Hand over all that was put. Costs compression: at most a few times a
 * second. */
int mt_relay_flush(struct mt_relay_writer *w);

/* The last record; the writer only frees from then on. */
int mt_relay_end(struct mt_relay_writer *w);

struct mt_relay_written {
    uint64_t exchanges;
    uint64_t refused; /* exchanges too large for a block: a loss */
    uint64_t bytes;   /* handed to the sink */
};

struct mt_relay_written mt_relay_written(const struct mt_relay_writer *w);
void mt_relay_writer_free(struct mt_relay_writer *w); /* NULL is fine */

/* ---- reading ---- */

struct mt_relay_reader;

struct mt_relay_reader *mt_relay_reader_new(void);    /* NULL without memory */
void mt_relay_reader_free(struct mt_relay_reader *r); /* NULL is fine */

/* More of the stream, once the last bytes are used up (MT_MORE). */
void mt_relay_give(struct mt_relay_reader *r, struct mt_span bytes);

/**
 * The next record, borrowed until the next call.
 *
 *   MT_EVENT   *record is set
 *   MT_MORE    the bytes are used up
 *   MT_EPROTO  the stream is damaged, no stream, or of another major
 *              version: mt_relay_why(); all before it was whole
 *   MT_ELIMIT  no memory
 */
int mt_relay_next(struct mt_relay_reader *r, struct mt_relay_record *record);

/* The input ended: MT_DONE where the stream is whole, else MT_EPROTO and
 * mt_relay_why() tells how many exchanges were read. */
int mt_relay_finish(struct mt_relay_reader *r);

struct mt_relay_read {
    uint64_t exchanges; /* given */
    uint64_t refused;   /* not readable by this version: a loss */
    uint64_t bytes;     /* taken */
};

struct mt_relay_read mt_relay_read(const struct mt_relay_reader *r);

/* In words, after an error. Borrowed from r. */
const char *mt_relay_why(const struct mt_relay_reader *r);

#endif
