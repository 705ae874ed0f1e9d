/* server_impl.h - private to web/server*.c and request*.c. */
#ifndef MT_WEB_SERVER_IMPL_H
#define MT_WEB_SERVER_IMPL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "web/assets.h"
#include "web/conns.h"
#include "web/pool.h"
#include "web/server.h"
#include "web/stream.h"

struct mt_web {
    struct mt_web_site site;
    struct MHD_Daemon *daemon;
    int listen_fd; /* -1: the daemon has it */
    int wake_fd;
    struct mt_web_conns conns;
    struct mt_web_pool *pool;
    struct mt_web_streams *streams;
    pthread_t thread;
    bool running;
    atomic_bool stopping;
};

enum mt_web_request_state { REQUEST_NEW, REQUEST_READ, REQUEST_ASKED };

struct mt_web_request {
    struct mt_web *web;
    struct MHD_Connection *connection;
    struct mt_web_conn *conn; /* NULL: without memory for it */
    enum mt_web_request_state state;
    struct mt_web_job job;
    struct mt_web_params params;
    struct mt_web_stream *stream;
    struct mt_span path, query;
    uint8_t *memory; /* for what is decoded of the query */
    uint8_t bytes[]; /* the target, then that memory */
};

/* Any thread: the connection, which was suspended, is looked at again. */
void mt_web_resume(struct mt_web *w, struct MHD_Connection *connection);

/* Callbacks of the daemon. */
void *mt_web_request_begin(void *web, const char *target,
                           struct MHD_Connection *connection);
enum MHD_Result mt_web_request_handle(void *web,
                                      struct MHD_Connection *connection,
                                      const char *url, const char *method,
                                      const char *version, const char *upload,
                                      size_t *upload_size, void **request);
void mt_web_request_end(void *web, struct MHD_Connection *connection,
                        void **request, enum MHD_RequestTerminationCode why);

/* A header's value; of length 0 where there is none. */
struct mt_span mt_web_header(const struct mt_web_request *r, const char *name);

/* Answers of request_reply.c. */
enum MHD_Result mt_web_send_reply(struct mt_web_request *r,
                                  struct mt_web_reply *reply);
enum MHD_Result mt_web_send_problem(struct mt_web_request *r,
                                    const struct mt_web_problem *p);
enum MHD_Result mt_web_send_asset(struct mt_web_request *r,
                                  const struct mt_web_asset *a);
enum MHD_Result mt_web_send_text(struct mt_web_request *r, const char *text);
enum MHD_Result mt_web_send_cookie(struct mt_web_request *r,
                                   struct mt_span token);
enum MHD_Result mt_web_send_stream(struct mt_web_request *r);

#endif
