/**
 * service_link.h - private to loop/: connections to services.
 *
 *     side = mt_link_take(w, mesh, to, h2);        // one that is there, or
 *     mt_link_connect(w, wait, mesh, to, h2, &full); // one is made:
 *     mt_service_link_made(l);                     // its socket has said so
 *     mt_service_link_offer(l);                    // to the next request
 *
 * They belong to one thread; only the limit of connections is counted for all
 * threads of the proxy together. Those that take another request stand in a
 * list by endpoint and protocol, the newest first: HTTP/1 when no request runs,
 * HTTP/2 from the moment it is begun, so that requests wait for it together.
 * One that nobody uses is closed after 90 s, and at once where another request
 * needs its place under the limit. A call of an older mesh is given those of
 * the mesh in force.
 */
#ifndef MT_PROXY_LITE_LOOP_SERVICE_LINK_H
#define MT_PROXY_LITE_LOOP_SERVICE_LINK_H

#include "proxy-lite/loop/thread_impl.h"

/* A connection to be made, or one that is being made and takes another
 * request; false: it cannot even be tried; *full: for the service has as many
 * as it may, and none of this thread's is idle. */
bool mt_link_connect(struct mt_proxy_thread *w, struct mt_call_wait *wait,
                     struct mt_mesh *mesh, struct mt_place to, bool h2,
                     bool *full);

/* Wait no more for the connection. */
void mt_link_cancel(struct mt_call_wait *wait);

/* One that takes another request; NULL: there is none. */
struct mt_side *mt_link_take(struct mt_proxy_thread *w, struct mt_mesh *mesh,
                             struct mt_place to, bool h2);

/* The socket says that the connection is made, or that it cannot be. */
void mt_service_link_made(struct mt_link *l);

/* It takes another request: of the mesh in force, if its endpoint is there and
 * the thread goes on; else it drains. */
void mt_service_link_offer(struct mt_link *l);

/* It is none of those that take another request. Nothing, if it is a
 * client's. */
void mt_service_link_leave(struct mt_link *l);

/* After all was sent: it is closed 90 s after its last request. */
void mt_service_link_rest(struct mt_link *l);

/* Connections that nobody uses are closed where requests of other threads wait
 * for the service. */
void mt_links_give_way(struct mt_proxy_thread *w);

/* A mesh has come into force: connections to endpoints that stay are its own
 * now, the others end. */
void mt_links_move(struct mt_pooled_mesh *before);

#endif
