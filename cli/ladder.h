/* ladder.h - the packets of one exchange of a database, from where they are. */
#ifndef MT_CLI_LADDER_H
#define MT_CLI_LADDER_H

#include "capture/packet_ladder.h"
#include "cli/options.h"
#include "store/query.h"

/* x as mt_query_exchange() gave it, with its packets. l->why tells why there
 * is none, or not all. Prints nothing; any thread that may use s. */
void mt_ladder_of(struct mt_ladder *l, struct mt_store *s,
                  const struct mt_options *o, const struct mt_exchange *x,
                  const struct mt_ladder_options *bounds);

#endif
