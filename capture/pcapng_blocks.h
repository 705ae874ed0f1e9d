/* pcapng_blocks.h - numbers of draft-ietf-opsawg-pcapng; private to pcapng.c,
 * which reads them, and pcapng_write.c, which writes them. */
#ifndef MT_CAPTURE_PCAPNG_BLOCKS_H
#define MT_CAPTURE_PCAPNG_BLOCKS_H

enum block_type {
    BLOCK_IDB = 1,
    BLOCK_PB = 2,
    BLOCK_SPB = 3,
    BLOCK_NRB = 4,
    BLOCK_ISB = 5,
    BLOCK_EPB = 6,
    BLOCK_DSB = 10,
    BLOCK_SHB = 0x0a0d0d0a,
};

enum option_code {
    OPT_END = 0,
    OPT_COMMENT = 1,
    SHB_HARDWARE = 2,
    SHB_OS = 3,
    SHB_USERAPPL = 4,
    IF_NAME = 2,
    IF_TSRESOL = 9,
    IF_FILTER = 11,
    IF_TSOFFSET = 14,
    EPB_DROPCOUNT = 4,
    ISB_IFDROP = 5,
    ISB_OSDROP = 7,
};

enum { SECRETS_TLS = 0x544c534b, NRB_IPV4 = 1, NRB_IPV6 = 2 };

#endif
