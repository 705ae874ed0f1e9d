/* dashboard_page.h - private to dashboard_source.c: the page beside a
 * dashboard, where --web asks for it; else these do nothing. Each returns 0, or
 * an exit code after it was said why. */
#ifndef MT_CLI_DASHBOARD_PAGE_H
#define MT_CLI_DASHBOARD_PAGE_H

#include "cli/dashboard_source.h"

/* Before anything begins. s->options then know the port. */
int mt_dashboard_page_listen(struct mt_dashboard_source *s);

/* The database is there; rights are given up afterwards. */
int mt_dashboard_page_open(struct mt_dashboard_source *s);

/* Its threads: rights were given up. */
int mt_dashboard_page_start(struct mt_dashboard_source *s);

#endif
