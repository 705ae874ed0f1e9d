/**
 * owners_diag.h - the kernel's sock_diag messages (sock_diag(7)), for one
 * socket each. Private to the owners.
 */
#ifndef MT_CAPTURE_OWNERS_DIAG_H
#define MT_CAPTURE_OWNERS_DIAG_H

#include "base/buf.h"
#include "capture/owners_proc.h"

enum { MT_DIAG_REQUEST_BYTES = 128, MT_DIAG_ANSWER_BYTES = 8192 };

/* Ask for the socket between two addresses; a remote of zeros: for the one
 * that listens. sequence comes back in the answer. */
void mt_diag_request(struct mt_buf *b, const struct mt_owner_query *query,
                     uint32_t sequence);

/**
 * One datagram of the kernel's. Returns MT_EVENT, *out is the socket; MT_DONE,
 * there is none; MT_MORE, it answers another question; MT_EPROTO.
 */
int mt_diag_answer(struct mt_span datagram, uint32_t sequence,
                   struct mt_socket *out);

#endif
