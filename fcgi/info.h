/* GET /{channel}: what is known of a channel; /-/health and /-/status: what is
 * known of the process; /-/metrics, /-/ and its parts: of all. */
#ifndef EARSHOT_INFO_H
#define EARSHOT_INFO_H

struct connection;
struct query;
struct request;

void info_get(struct connection *connection, const struct request *request,
              const struct query *query, const char *name);

void info_health_get(struct connection *connection,
                     const struct request *request, const struct query *query,
                     const char *name);

void info_status_get(struct connection *connection,
                     const struct request *request, const struct query *query,
                     const char *name);

void info_metrics_get(struct connection *connection,
                      const struct request *request, const struct query *query,
                      const char *name);

/* One of the page's own files (page.h). */
void info_page_get(struct connection *connection, const struct request *request,
                   const struct query *query, const char *name);

#endif
