/* Every option and every command: a row each. */
#include "cli/options_table.h"

#include <stddef.h>

#include "web/report.h"

#define AT(member) offsetof(struct mt_options, member)

const struct mt_option_row mt_option_rows[] = {
    {'r', "read", "FILE...", K_LIST, G_RECORD | G_VIEW, AT(read),
     AT(read_count), 0,
     "read captured packets: pcap or pcapng, plain, gzip or zstd, or a stream "
     "of record -w -; - is standard input; several are merged by time"},
    {'i', "interface", "IF", K_LIST, G_LIVE | G_CHECK, AT(interfaces),
     AT(interfaces_count), 0,
     "capture on this interface, until interrupted; any is all there are and "
     "will be; may be given several times"},
    {'f', "capture-filter", "BPF", K_TEXT, G_LIVE | G_CHECK, AT(capture_filter),
     0, 0,
     "capture only what this filter lets through, in the words of tcpdump"},
    {0, "for", "DURATION", K_DURATION, G_LIVE, AT(for_ns), 0, 0,
     "capture so long: 10s, 5m"},
    {0, "max-cpu", "PERCENT", K_PERCENT, G_LIVE, AT(max_cpu), 0, 0,
     "capture, write and name with at most so much of one core, such as 50%; "
     "above it only a sample of the connections is decoded, and the answers "
     "say "
     "so"},
    {0, "all", NULL, K_FLAG, G_LIVE, AT(all), 0, 0,
     "capture also port 7070 and that of --web, where meshtop serves its page, "
     "and the ssh session it runs in"},
    {0, "snaplen", "BYTES", K_COUNT, G_LIVE, AT(snaplen), 0, 0,
     "capture so much of each packet (default 262144)"},
    {0, "buffer", "SIZE", K_SIZE, G_LIVE | G_CHECK, AT(buffer_bytes), 0, 64,
     "the kernel's buffer for each interface (default 16MiB)"},
    {0, "promiscuous", NULL, K_FLAG, G_LIVE, AT(promiscuous), 0, 0,
     "capture also what is not meant for this machine"},
    {0, "user", "NAME", K_TEXT, G_LIVE | G_CHECK, AT(user), 0, 0,
     "become this user once everything is open (default: who called sudo, else "
     "nobody)"},
    {'w', "write", "DB", K_TEXT, G_RECORD | G_TAP, AT(write), 0, 0,
     "write exchanges into this database; of record, - or a FILE.relay is a "
     "stream that -r reads, and none decodes and counts only"},
    {'w', "write", "DB", K_TEXT, G_PROXY, AT(write), 0, 0,
     "write a row a request into this database"},
    {'w', "write", "DB", K_TEXT, G_DEMO, AT(write), 0, 0,
     "keep the exchanges in this database, to be looked into with -d"},
    {'d', "db", "DB", K_TEXT, G_VIEW | G_CHECK | G_SERVE, AT(db), 0, 0,
     "answer from this database (default: live.db in the state folder)"},
    {'F', "follow", NULL, K_FLAG, G_RECORD | G_ROWS | G_EXPORT, AT(follow), 0,
     0, "go on as the file grows, until interrupted"},
    {'o', "output", "FORMAT", K_FORMAT, G_TABLE | G_ROWS | G_EXPLAIN | G_DEMO,
     AT(format), 0, 0, "table, wide, json, jsonl or csv"},
    {'o', "output", "FILE", K_TEXT, G_REPORT, AT(output), 0, 0,
     "write the report here; it takes the place of one, and of nothing else; - "
     "is standard output"},
    {0, "since", "TIME", K_TIME, G_VIEW, AT(since), 0, 0,
     "from this moment on: 12:04, 2026-11-22T12:04:31Z, -5m"},
    {0, "until", "TIME", K_TIME, G_VIEW, AT(until), 0, 0, "up to this moment"},
    {0, "last", "DURATION", K_DURATION, G_VIEW | G_REPLAY, AT(last_ns), 0, 0,
     "the newest stretch: 90s, 5m, 1h; for a capture, counted from its end"},
    {0, "window", "DURATION", K_DURATION, G_SERIES, AT(window_ns), 0, 0,
     "one row for each stretch of time: 10s, 1m"},
    {0, "by", "KEY", K_TEXT, G_SERIES, AT(by), 0, 0,
     "split rows by method or endpoint"},
    {0, "by", "KEY", K_TEXT, G_POLICY, AT(by), 0, 0,
     "endpoint or budget: their state in place of the routes"},
    {0, "entry", NULL, K_FLAG, G_STAT, AT(entry), 0, 0,
     "requests from outside alone, whose client is no service that was seen "
     "serving; in one row, or with --window one a stretch"},
    {'n', "limit", "COUNT", K_COUNT, G_TABLE | G_ROWS | G_EXPORT, AT(limit), 0,
     0, "at most so many rows"},
    {'n', "limit", "COUNT", K_COUNT, G_REPORT, AT(limit), 0,
     MT_WEB_REPORT_EXCHANGES_MAX,
     "so many exchanges are inside, 1000 at most (default 300): a third of "
     "them "
     "the slowest, as many failures, and the latest"},
    {0, "names", "FILE", K_TEXT, G_RECORD | G_DECODE, AT(names), 0, 0,
     "YAML file that names services by address and port"},
    {0, "route", "PATTERN", K_LIST, G_RECORD | G_DECODE, AT(routes),
     AT(routes_count), 0, "a route of yours, such as /users/{id}/orders"},
    {0, "headers", NULL, K_FLAG, G_RECORD | G_DECODE, AT(headers), 0, 0,
     "keep header fields, secrets redacted"},
    {0, "query", NULL, K_FLAG, G_RECORD | G_DECODE, AT(query), 0, 0,
     "keep the values of URL queries (redacted otherwise)"},
    {0, "no-packets", NULL, K_FLAG, G_RECORD, AT(no_packets), 0, 0,
     "do not note where each exchange's packets are"},
    {0, "ring", "DIR", K_TEXT, G_RECORD | G_CHECK, AT(ring), 0, 0,
     "keep the packets too: a ring of pcapng files in this folder, the oldest "
     "deleted first"},
    {0, "ring-size", "SIZE", K_SIZE, G_RECORD, AT(ring_bytes), 0, 0,
     "all files of the ring together (default 256MiB)"},
    {0, "ring-file-size", "SIZE", K_SIZE, G_RECORD, AT(ring_file_bytes), 0, 0,
     "one file of the ring (default a sixteenth of all)"},
    {0, "max-size", "SIZE", K_SIZE, G_RECORD | G_TAP, AT(max_size_bytes), 0, 0,
     "with -i: forget the oldest exchanges while the database is larger "
     "(default 512MiB)"},
    {0, "max-age", "DURATION", K_DURATION, G_RECORD | G_TAP, AT(max_age_ns), 0,
     0,
     "with -i: forget exchanges that are older (default 24h); metrics are kept "
     "longer"},
    {0, "memory", "SIZE", K_SIZE, G_RECORD | G_DECODE, AT(memory_bytes), 0, 64,
     "ceiling for flows, reassembly and parsers (default 256MiB)"},
    {0, "jsonl", NULL, K_EXPORT, G_EXPORT, AT(export_as), 0, MT_EXPORT_JSONL,
     "one JSON object a line (default)"},
    {0, "csv", NULL, K_EXPORT, G_EXPORT, AT(export_as), 0, MT_EXPORT_CSV,
     "comma separated values, RFC 4180"},
    {0, "csv-raw", NULL, K_FLAG, G_EXPORT, AT(csv_raw), 0, 0,
     "no ' before texts that a spreadsheet would run as a formula"},
    {0, "har", NULL, K_EXPORT, G_EXPORT, AT(export_as), 0, MT_EXPORT_HAR,
     "HTTP Archive 1.2"},
    {0, "curl", NULL, K_EXPORT, G_EXPORT, AT(export_as), 0, MT_EXPORT_CURL,
     "a curl command a line that asks again, without the body"},
    {0, "pcapng", NULL, K_FLAG, G_EXPORT, AT(pcapng), 0, 0,
     "the packets of these exchanges, as a capture for Wireshark"},
    {0, "whole-connections", NULL, K_FLAG, G_EXPORT, AT(whole_connections), 0,
     0,
     "with --pcapng: all packets of their connections; HTTP/2 and TLS "
     "cannot be read without"},
    {0, "with-secrets", NULL, K_FLAG, G_EXPORT, AT(with_secrets), 0, 0,
     "with --pcapng: also the TLS secrets of these connections that the "
     "captures hold; implies --whole-connections"},
    {0, "captures", "DIR", K_LIST, G_EXPORT | G_EXPLAIN | G_DASHBOARD | G_SERVE,
     AT(captures), AT(captures_count), 0,
     "a folder that recorded captures were moved to: packets are read again"},
    {0, "detach", NULL, K_FLAG, G_RECORD, AT(detach), 0, 0,
     "go on in the background once the capture has begun; messages and the "
     "summary go to DB.log"},
    {0, "speed", "SPEED", K_TEXT, G_REPLAY, AT(speed), 0, 0,
     "how fast: 1x (default), 10x, 0.5x, or max, as fast as it can be read"},
    {0, "screen", "NAME", K_TEXT, G_DASHBOARD | G_DEMO, AT(screen), 0, 0,
     "begin with services, routes, topology, tail, policy or capture"},
    {'1', "once", NULL, K_FLAG, G_DASHBOARD, AT(once), 0, 0,
     "print the screen once as text"},
    {'j', "json", NULL, K_FLAG, G_DASHBOARD, AT(json), 0, 0,
     "print the screen once as JSON, as stat, routes, edges, policy and "
     "tail do with -o json"},
    {'c', "config", "FILE", K_TEXT, G_PROXY, AT(config), 0, 0,
     "the mesh: listeners, services and routes in YAML, HTTPRoute documents "
     "too; - is standard input"},
    {0, "threads", "COUNT", K_COUNT, G_PROXY, AT(threads), 0, 64,
     "work with so many threads, 64 at most (default: one for each core it may "
     "use, 8 at most)"},
    {0, "access-log", "FILE", K_TEXT, G_PROXY, AT(access_log), 0, 0,
     "write a line of JSON for each finished request, as export --jsonl does; "
     "- "
     "is standard output. A file that is renamed is made anew, and on SIGHUP"},
    {0, "tui", NULL, K_FLAG, G_PROXY, AT(tui), 0, 0,
     "the dashboard on it, in the same terminal; without -w its database is "
     "gone with it"},
    {0, "check", NULL, K_FLAG, G_PROXY, AT(check), 0, 0,
     "say whether the mesh is right, and what is wrong where"},
    {0, "web", "[[ADDRESS:]PORT]", K_PLACE, G_PROXY | G_RECORD, AT(web), 0, 0,
     "with -w: serve the page and its API meanwhile, as meshtop serve does "
     "(default 127.0.0.1:7070); its port is not captured"},
    {0, "web", "[[ADDRESS:]PORT]", K_PLACE, G_TAP | G_DEMO, AT(web), 0, 0,
     "serve the page and its API beside the dashboard, as meshtop serve does "
     "(default 127.0.0.1:7070); its port is not captured"},
    {0, "listen", "[ADDRESS:]PORT", K_TEXT, G_SERVE, AT(listen), 0, 0,
     "serve here (default 127.0.0.1:7070); elsewhere than on loopback a token "
     "is needed"},
    {0, "token-file", "FILE", K_TEXT, G_SERVE | G_WEB, AT(token_file), 0, 0,
     "ask for the token that this file holds (default: none on loopback, else "
     "one is made up and printed)"},
    {0, "host-name", "NAME", K_LIST, G_SERVE | G_WEB, AT(host_names),
     AT(host_names_count), 0,
     "a name that browsers may reach it by, beside localhost and addresses"},
    {0, "seconds", "COUNT", K_COUNT, G_DEMO, AT(seconds), 0, 0,
     "run so long without the dashboard, then print the report; of less than "
     "75 seconds all faults come in the time there is (without a terminal 15)"},
    {0, "rate", "COUNT", K_COUNT, G_DEMO, AT(rate), 0, 0,
     "requests of shoppers a second (default 60, at most 1000); services ask "
     "each other some two to each"},
    {0, "seed", "COUNT", K_COUNT, G_DEMO, AT(seed), 0, 0,
     "of all that is left to chance: the same seed, the same shoppers "
     "(default 1)"},
    {0, "print-config", NULL, K_FLAG, G_DEMO, AT(print_config), 0, 0,
     "print the demo's mesh file, for meshtop proxy -c, and end"},
    {'q', "quiet", NULL, K_FLAG, G_RECORD, AT(quiet), 0, 0,
     "no progress and no summary"},
    {'h', "help", NULL, K_FLAG, G_ALL, AT(help), 0, 0, "show this and end"},
    {'V', "version", NULL, K_FLAG, G_ALL, AT(version), 0, 0,
     "show the version and end"},
};

const size_t mt_option_rows_count =
    sizeof mt_option_rows / sizeof mt_option_rows[0];

_Static_assert(sizeof mt_option_rows / sizeof mt_option_rows[0] <=
                   MT_OPTION_ROWS_MAX,
               "the parser has room for them");

const struct mt_command mt_commands[] = {
    {"record", "", "captured packets into a database",
     "Reads captures or interfaces, puts connections together, decodes "
     "requests and their "
     "responses, and writes them to a database that every other command "
     "answers from. Ends with a summary in which each kind of loss has a "
     "number of its own.",
     false, G_ALL | G_RECORD | G_LIVE, mt_command_record},
    {"stat", "[FILTER]", "services and their golden metrics",
     "One row a service, trouble first: rate, success, latency quantiles, "
     "requests still open. The last line tells what the numbers stand on.",
     false, G_ALL | G_VIEW | G_DECODE | G_TABLE | G_SERIES | G_LIVE | G_STAT,
     mt_command_stat},
    {"edges", "[FILTER]", "who calls whom",
     "One row a pair of services and protocol.", false,
     G_ALL | G_VIEW | G_DECODE | G_TABLE | G_LIVE, mt_command_edges},
    {"routes", "[FILTER]", "routes of services",
     "One row a route, trouble first: paths with their identifiers replaced, "
     "such as /users/{id}.",
     false, G_ALL | G_VIEW | G_DECODE | G_TABLE | G_SERIES | G_LIVE,
     mt_command_routes},
    {"policy", "[FILTER]", "what proxies do, and are at",
     "One row a route of a proxy: what its clients got, what its tries "
     "became, and what its budget of retries and its breakers are at. --by "
     "endpoint shows these by endpoint, --by budget by budget. What a proxy "
     "that has ended said last is not shown as live.",
     false, G_ALL | G_VIEW | G_TABLE | G_POLICY, mt_command_policy},
    {"tail", "[FILTER]", "exchanges, one a line",
     "The newest exchanges last. From a capture or an interface it streams as "
     "it reads. A table also has a line for what was lost, and for what has "
     "been open for more than a second; its own line comes when it ends.",
     false, G_ALL | G_VIEW | G_DECODE | G_ROWS | G_LIVE, mt_command_tail},
    {"export", "[FILTER]", "exchanges as JSON lines, CSV, HAR, curl or packets",
     "Everything that is known of each exchange that the filter selects, to "
     "standard output.",
     false, G_ALL | G_VIEW | G_DECODE | G_EXPORT | G_LIVE, mt_command_export},
    {"explain", "outcome|filter|columns|ID", "why an exchange ended as it did",
     "outcome prints the table that judges success and failure; filter "
     "prints the fields of the filter language; columns those of the tables; "
     "an ID tells what happened to one exchange of a database: in words, with "
     "the other exchanges of its trace and its packets; -o json as one object.",
     false, G_ALL | G_VIEW | G_EXPLAIN, mt_command_explain},
    {"interfaces", "", "what can be captured on",
     "One row an interface: its state, addresses and link type.", false,
     G_ALL | G_TABLE, mt_command_interfaces},
    {"check", "", "what would stop it here, and the remedy",
     "One row a check: permission, interfaces, filter, buffer, database, disk, "
     "packet ring, recent losses, encrypted traffic. Ends with 1 where there "
     "is a problem.",
     false, G_ALL | G_TABLE | G_CHECK, mt_command_check},
    {"proxy", "[LISTEN=ENDPOINT...] [explain REQUEST...]",
     "routing and retries where the traffic flows",
     "Takes a mesh from a file (-c), or from words such as "
     "8080=localhost:3000, 8080=v1:3001*90,v2:3002*10 or tcp:5432=db:5432, and "
     "proxies HTTP, or bytes as they are, "
     "until it is interrupted; then it finishes what runs. A changed file, or "
     "SIGHUP, changes the mesh without losing a request. --check only checks "
     "the mesh. explain tells which route takes a request, such as \"GET "
     "http://api.example/cart/7\" \"x-canary: 1\", why the others do not, "
     "and what is done then. A mesh that is wrong ends with 2.",
     false, G_ALL | G_PROXY, mt_command_proxy},
    {"serve", "", "the page and its JSON API, from a database",
     "Serves a browser page, an API in JSON (docs/api.md), exchanges as they "
     "come, and metrics for Prometheus under /metrics, over HTTP, until it is "
     "interrupted. It only reads: record and proxy may write the database "
     "meanwhile. It listens on loopback unless told otherwise, answers only "
     "to names of its own, and asks for a token elsewhere; there is no TLS: "
     "from afar, ssh -L 7070:127.0.0.1:7070 HOST is safer.",
     false, G_ALL | G_SERVE, mt_command_serve},
    {"report", "[FILTER]", "the page as one file, to hand on",
     "Writes what meshtop serve shows into one HTML file that needs no server "
     "and no network: figures, routes, topology, and as many exchanges as -n "
     "says, each with why it ended so. Figures are of all that the filter "
     "selects, for the whole and for each service; what was left out the page "
     "says. Header fields and values of queries are inside where the database "
     "holds them.",
     false, G_ALL | G_VIEW | G_DECODE | G_REPORT, mt_command_report},
    {"demo", "", "a small mesh with faults, to look at",
     "Starts a shop of nine services on 127.0.0.1 that call each other through "
     "meshtop proxy, shoppers, and faults by a timetable: a slow instance, "
     "503s, a killed instance, a bad canary, a service that hangs. The "
     "dashboard on it says what happens and where it is seen. Needs no "
     "rights. Ports 7480 to 7498 are used, others where these are taken. With "
     "--seconds, or where standard output is no terminal, it prints a report "
     "instead: what went wrong, what the mesh made of it, and, where loopback "
     "may be captured, whether a tap beside the proxy saw the same. Nothing "
     "is left when it ends.",
     false, G_ALL | G_DEMO, mt_command_demo},
    {"dashboard", "[FILTER]", "all of it on the terminal, as it happens",
     "What meshtop without a command is. Services, their routes, single "
     "exchanges and why they ended as they did: Enter goes in, Esc comes "
     "back, ? shows the keys. With -i it captures by itself, into -w DB or "
     "into a database that is gone with it; what -r reads from a pipe is shown "
     "as it comes, and a capture's whole time once it is read. A database that "
     "is being written is shown live. Without any of these it shows the "
     "default database where something writes it, else it captures on all "
     "interfaces where it may. Where standard output is no terminal, the "
     "screen is printed once.",
     true, G_ALL | G_VIEW | G_DECODE | G_DASHBOARD | G_LIVE | G_TAP,
     mt_command_dashboard},
    {"replay", "FILE...", "the dashboard over a capture, on its own clock",
     "Plays captures, or a database, as if they came now: what the dashboard "
     "calls now is a moment of the capture. Space pauses, [ ] { } seek, . goes "
     "to the newest moment that was reached, and :speed changes the speed. "
     "Nothing waits for the whole file to be read.",
     false, G_ALL | G_DECODE | G_DASHBOARD | G_REPLAY, mt_command_replay},
};

const size_t mt_commands_count = sizeof mt_commands / sizeof mt_commands[0];
