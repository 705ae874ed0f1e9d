/**
 * pcapng_out.h - packets of several sources as one pcapng file, to a sink.
 *
 *     struct mt_pcapng_out *o = mt_pcapng_out_new(sink, version);
 *     mt_pcapng_out_names(o, names, count);       // what holds for all
 *     mt_pcapng_out_secrets(o, lines);
 *     mt_pcapng_out_interface(o, &item.packet, name);
 *     mt_pcapng_out_packet(o, &item.packet, comments, count);
 *     rc = mt_pcapng_out_end(o);                  // the sink's first error
 *
 * An interface is that of one source; declaring it
 * again does nothing. An error is sticky: what comes later is dropped.
 */
#ifndef MT_CAPTURE_PCAPNG_OUT_H
#define MT_CAPTURE_PCAPNG_OUT_H

#include "base/out.h"
#include "capture/pcapng_write.h"

struct mt_pcapng_out;

/* application and comment ("": none): of the section header. NULL: no
 * memory. */
struct mt_pcapng_out *mt_pcapng_out_new(struct mt_sink sink,
                                        const char *application,
                                        const char *comment);

void mt_pcapng_out_names(struct mt_pcapng_out *o,
                         const struct mt_pcapng_name *names, size_t count);

/* At most MT_RECORD_MAX / 2 bytes a call. */
void mt_pcapng_out_secrets(struct mt_pcapng_out *o, struct mt_span lines);

void mt_pcapng_out_interface(struct mt_pcapng_out *o,
                             const struct mt_packet *packet,
                             struct mt_span name);

/* Its interface was declared. */
void mt_pcapng_out_packet(struct mt_pcapng_out *o,
                          const struct mt_packet *packet,
                          const struct mt_span *comments, size_t count);

uint64_t mt_pcapng_out_packets(const struct mt_pcapng_out *o);

/* Hands over what is waiting, and frees it: 0, the sink's first error, or
 * -ENOMEM. */
int mt_pcapng_out_end(struct mt_pcapng_out *o);

#endif
