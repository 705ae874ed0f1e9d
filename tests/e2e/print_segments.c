/* Prints what the layers find, a line a packet: for compare-layers.
 *   number seconds link verdict transport src sport dst dport seq ack flags
 *   payload_captured payload_bytes
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "capture/layers.h"

static const char *ip_text(const struct mt_addr *a, char *text)
{
    static const uint8_t mapped[12] = {[10] = 255, [11] = 255};
    bool v4 = memcmp(a->ip, mapped, sizeof mapped) == 0;
    const void *ip = v4 ? a->ip + sizeof mapped : a->ip;
    return inet_ntop(v4 ? AF_INET : AF_INET6, ip, text, INET6_ADDRSTRLEN);
}

static void print_segment(const struct mt_segment *s)
{
    char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
    printf("\t%u\t%s\t%u\t%s\t%u\t%" PRIu32 "\t%" PRIu32 "\t%u\t%zu\t%" PRIu32,
           s->transport, ip_text(&s->src, src), s->src.port,
           ip_text(&s->dst, dst), s->dst.port, s->seq, s->ack, s->flags,
           s->payload.len, s->payload_bytes);
}

static void print_packet(struct mt_layers *l, const struct mt_packet *p,
                         unsigned n)
{
    struct mt_segment seg;
    int rc = mt_layers_next(l, p, &seg);
    printf("%u\t%" PRId64 ".%09" PRId64 "\t%u\t%d", n, p->ts_ns / 1000000000,
           p->ts_ns % 1000000000, p->link_type, rc);
    if (rc == MT_EVENT)
        print_segment(&seg);
    (void)putchar('\n');
}

int main(int argc, char **argv)
{
    struct mt_source *s;
    struct mt_source_options options = {.follow = false};
    struct mt_problem why;
    struct mt_pool pool;
    struct mt_layers layers;
    struct mt_item item;
    unsigned n = 0;
    int rc;
    if (argc != 2 || mt_source_open_file(&s, argv[1], &options, &why) < 0) {
        (void)fprintf(stderr, "%s\n",
                      argc == 2 ? why.text : "one file, please");
        return 1;
    }
    mt_pool_init(&pool, 16u << 20);
    mt_layers_init(&layers, &pool);
    while ((rc = mt_source_next(s, &item)) == MT_EVENT)
        if (item.kind == MT_ITEM_PACKET)
            print_packet(&layers, &item.packet, ++n);
    if (rc < 0)
        (void)fprintf(stderr, "%s\n", mt_source_problem(s));
    mt_layers_deinit(&layers);
    mt_pool_deinit(&pool);
    mt_source_free(s);
    return rc < 0;
}
