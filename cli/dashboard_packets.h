/* dashboard_packets.h - packets for the dashboard: its worker's thread asks. */
#ifndef MT_CLI_DASHBOARD_PACKETS_H
#define MT_CLI_DASHBOARD_PACKETS_H

#include "cli/options.h"
#include "tui/snapshot.h"

/* Options are borrowed as long as the reader is used. */
struct mt_reader mt_dashboard_reader(const struct mt_options *o);

#endif
