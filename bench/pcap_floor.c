/* The floor under every reader of captures: libpcap hands out each packet, and
 * one byte of each of its cache lines is read. */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

enum { CACHE_LINE = 64 };

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *file = argc == 2 ? pcap_open_offline_with_tstamp_precision(
                                   argv[1], PCAP_TSTAMP_PRECISION_NANO, error)
                             : NULL;
    if (file == NULL) {
        (void)fprintf(stderr, "usage: pcap_floor FILE\n");
        return 2;
    }
    uint64_t packets = 0, bytes = 0;
    unsigned sum = 0;
    struct pcap_pkthdr *header;
    const unsigned char *data;
    while (pcap_next_ex(file, &header, &data) == 1) {
        for (uint32_t i = 0; i < header->caplen; i += CACHE_LINE)
            sum += data[i];
        packets++;
        bytes += header->caplen;
    }
    pcap_close(file);
    printf("%llu packets, %llu bytes, sum %u\n", (unsigned long long)packets,
           (unsigned long long)bytes, sum);
    return 0;
}
