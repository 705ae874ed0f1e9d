// Routes with their golden metrics; what proxies made of them: what clients got beside what every try got, and what
// breakers and budgets are at. Each value is a link to the exchanges that it stands for.
import type { ComponentChildren } from "preact";
import { useAnswer, useCommand, type Answer, type Row } from "./data";
import { amount, clock, count, day, health, percent, rate, time } from "./format";
import { Choice, Trouble } from "./parts";
import { holds, report } from "./report";
import { Cells, Table, type Column } from "./table";
import { asked, filter, link, narrowed, place } from "./url";

const LIMIT = "500";

type Term = [field: string, text: string];

/** The terms that say which exchanges a row is of. */
const terms = (row: Row): Term[] =>
  [["svc", row.service], ["method", row.method], ["route", row.route], ["endpoint", row.endpoint]].filter((term): term is Term => Boolean(term[1]));

const tail = (row: Row, ...more: Term[]) => link("/tail", { filter: narrowed(...terms(row), ...more) });

/** A figure that leads to what it counts; what is zero or unknown leads nowhere. */
function To({ text, href, title }: { text: string; href: string | undefined; title: string }) {
  return text === "·" || text === "–" ? (
    <>{text}</>
  ) : (
    <a href={href} title={title}>
      {text}
    </a>
  );
}

/** Exchanges that took as long, as the filter says it. */
const slower = (row: Row, ns: number) => {
  const bound = `lat>=${Math.floor(ns / 1000)}us`;
  const now = narrowed(...terms(row));
  return link("/tail", { filter: now ? `${now} and ${bound}` : bound });
};

const quantile = (title: string, key: string, wide = false): Column => ({
  title,
  sort: key,
  number: true,
  wide,
  help: "leads to those that took as long",
  cell: (row) => <To text={time(row[key])} href={slower(row, row[key] ?? 0)} title="those that took as long" />,
});

const success: Column = {
  title: "OK %",
  sort: "success_ratio",
  number: true,
  help: "answered as asked or the client's own fault: leads to those that failed",
  tone: (row) => health(row.success_ratio),
  cell: (row) => <To text={percent(row.success_ratio)} href={tail(row, ["outcome", "failure"])} title="those that failed" />,
};

const requests: Column = {
  title: "RPS",
  sort: "requests_per_s",
  number: true,
  help: "requests per second: leads to them",
  cell: (row) => <To text={rate(row.requests_per_s)} href={tail(row)} title="these requests" />,
};

const retried: Column = {
  title: "RETRIED %",
  sort: "retry_ratio",
  number: true,
  wide: true,
  help: "tries beyond the first: leads to them",
  cell: (row) => <To text={percent(row.retry_ratio)} href={tail(row, ["observer", "proxy_attempt"])} title="their tries" />,
};

const timedOut: Column = {
  title: "TIMED OUT %",
  sort: "timeout_ratio",
  number: true,
  wide: true,
  help: "given up for lack of an answer: leads to them",
  cell: (row) => <To text={percent(row.timeout_ratio)} href={tail(row, ["error", "timeout"])} title="those that timed out" />,
};

const named: Column[] = [
  { title: "SERVICE", sort: "service", cell: (row) => <a href={link(null, { filter: narrowed(["svc", row.service]) })}>{row.service}</a> },
  { title: "METHOD", sort: "method", wide: true, cell: (row) => <a href={link(null, { filter: narrowed(["method", row.method]) })}>{row.method}</a> },
  { title: "ROUTE", sort: "route", cell: (row) => <a href={tail(row)}>{row.route}</a> },
];

const latencies = [quantile("P50", "latency_p50_ns", true), quantile("P95", "latency_p95_ns"), quantile("P99", "latency_p99_ns", true)];

const byRoute: Column[] = [
  ...named,
  success,
  requests,
  ...latencies,
  {
    title: "4XX %",
    sort: "client_error_ratio",
    number: true,
    wide: true,
    help: "the client's own fault: leads to them",
    cell: (row) => <To text={percent(row.client_error_ratio)} href={tail(row, ["outcome", "client_error"])} title="these" />,
  },
  retried,
  timedOut,
  {
    title: "WORST",
    sort: "latency_max_ns",
    number: true,
    wide: true,
    help: "leads to the slowest exchange",
    cell: (row) => <To text={time(row.latency_max_ns)} href={holds(row.slowest_id) ? link(`/exchange/${row.slowest_id}`) : undefined} title="the slowest" />,
  },
  {
    title: "LAST",
    sort: "last_ns",
    number: true,
    wide: true,
    help: "when the newest ended",
    cell: (row) => <span title={day(row.last_ns)}>{clock(row.last_ns)}</span>,
  },
];

const state = (text: string) => (text === "" || text === "closed" || text.endsWith(" left") ? "" : /\bopen$|spent/.test(text) ? "bad" : "warn");

/** A report is of what was: it has none of these. */
const now: Column[] = [
  { title: "BUDGET", sort: "budget", number: true, help: "retries that there may be now", tone: (row) => state(row.budget ?? ""), cell: (row) => <a href={link(null, { view: "budgets", sort: null })}>{row.budget}</a> },
  { title: "BREAKER", sort: "breaker", number: true, help: "of its endpoints, now: the worst that is so", tone: (row) => state(row.breaker ?? ""), cell: (row) => <a href={link(null, { view: "endpoints", sort: null })}>{row.breaker}</a> },
];

const byPolicy: Column[] = [
  ...named,
  { ...success, title: "EFFECTIVE OK %", help: "what clients got: leads to what failed" },
  {
    title: "ACTUAL OK %",
    sort: "tries_success_ratio",
    number: true,
    help: "the same of every try, also those that were tried again",
    tone: (row) => health(row.tries_success_ratio),
    cell: (row) => <To text={percent(row.tries_success_ratio)} href={tail(row, ["observer", "proxy_attempt"])} title="their tries" />,
  },
  requests,
  { title: "TRIES/s", sort: "tries_per_s", number: true, help: "tries per second: leads to those of requests that were tried more than once", cell: (row) => <To text={rate(row.tries_per_s)} href={tail(row, ["observer", "proxy_attempt"])} title="tries of requests that were tried again" /> },
  retried,
  timedOut,
  ...latencies.map((column) => ({ ...column, roomy: column.wide })),
  ...(report ? [] : now),
];

/** Those that answered, and those that a proxy knows besides; what is not told of an endpoint stays empty. */
function endpointsOf(row: Row, breakers: Row[]): Row[] {
  const known = breakers.filter((breaker) => breaker.service === row.service);
  const names = new Set<string>([...row.endpoints.map((endpoint: Row) => endpoint.endpoint), ...known.map((breaker) => breaker.endpoint)]);
  return [...names].sort().map((endpoint) => ({
    requests_per_s: 0,
    ...row.endpoints.find((answered: Row) => answered.endpoint === endpoint),
    service: row.service,
    method: row.method,
    route: row.route,
    endpoint,
    breaker: known.find((breaker) => breaker.endpoint === endpoint)?.breaker ?? "",
  }));
}

/** An endpoint stands below its route: what a proxy counts for the route alone is left empty. */
const byEndpoint: Column[] = byPolicy.map((column, i) => {
  if (i === 0) return { ...column, cell: () => null };
  if (i === 1) return { ...column, cell: () => null };
  if (i === 2) return { ...column, cell: (row) => <a href={tail(row)}>└ {row.endpoint}</a> };
  return /ACTUAL|TRIES|RETRIED|BUDGET/.test(column.title) ? { ...column, tone: undefined, cell: () => null } : column;
});

function Head({ of, name, children }: { of: { data: Answer | null }; name: string; children?: ComponentChildren }) {
  const rows = of.data?.rows;
  return (
    <p class="faint found">
      {rows ? `${amount(rows.found, name, name.replace("route", "routes"))}${rows.shown < rows.found ? `, ${rows.shown} shown` : ""}` : "…"}
      {children}
    </p>
  );
}

function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

const sorted = (columns: Column[]): Record<string, string> => {
  const sort = place.value.params.get("sort") ?? "";
  return columns.some((column) => column.sort === sort.replace("-", "")) ? { sort } : {};
};

function Routes() {
  const answer = useAnswer(`routes?${asked({ limit: LIMIT, ...sorted(byRoute) })}`);
  const { data } = answer;
  useCommand(data);
  return (
    <>
      <Trouble of={answer} />
      <Head of={answer} name="route" />
      <Table columns={byRoute} label="Routes">
        {data?.routes.map((row: Row) => (
          <tr key={`${row.service} ${row.method} ${row.route}`}>
            <Cells columns={byRoute} row={row} />
          </tr>
        ))}
      </Table>
      {data?.rows.found === 0 && <Empty>No route in this window{filter.value && " with this filter"}.</Empty>}
    </>
  );
}

function Policy() {
  const answer = useAnswer(`policy?${asked({ limit: LIMIT, ...sorted(byPolicy) })}`);
  const { data } = answer;
  useCommand(data);
  return (
    <>
      <Trouble of={answer} />
      <Head of={answer} name="route of proxies" />
      <Table columns={byPolicy} label="Policy">
        {data?.policy.map((row: Row) => (
          <>
            <tr key={`${row.service} ${row.method} ${row.route}`} data-route>
              <Cells columns={byPolicy} row={row} />
            </tr>
            {endpointsOf(row, data.breakers).map((endpoint) => (
              <tr key={`${row.service} ${row.method} ${row.route} ${endpoint.endpoint}`} class="below" data-endpoint>
                <Cells columns={byEndpoint} row={endpoint} />
              </tr>
            ))}
          </>
        ))}
      </Table>
      {data?.rows.found === 0 && (
        <Empty>
          Retries and time-outs of each route, once a proxy writes into this database: <code>meshtop proxy 8080=localhost:3000 -w DB</code>. A tap only watches
          {filter.value && "; or the filter leaves nothing"}.
        </Empty>
      )}
    </>
  );
}

const ofEndpoints: Column[] = [
  named[0]!,
  { title: "ENDPOINT", cell: (row) => <a href={tail({ service: row.service, endpoint: row.endpoint })}>{row.endpoint}</a> },
  { title: "BREAKER", tone: (row) => state(row.breaker ?? ""), cell: (row) => row.breaker ?? "–" },
  { title: "FOR", number: true, help: "until it may be probed", cell: (row) => (row.open_for_ns == null ? "" : time(row.open_for_ns)) },
  { title: "RUNNING", number: true, help: "tries at it now", cell: (row) => count(row.running) },
  { title: "LATENCY", number: true, help: "as the balancer estimates it: a failure counts as 5 s", cell: (row) => time(row.latency_ewma_ns) },
  { title: "CONN", number: true, wide: true, help: "connections to it now", cell: (row) => count(row.connections) },
  { title: "PROXY", help: "live, or since when it is not", tone: (row) => (row.proxy === "live" ? "" : "warn"), cell: (row) => row.proxy },
  { title: "WHY", cell: (row) => row.reason },
];

const ofBudgets: Column[] = [
  named[0]!,
  { title: "BUDGET OF", cell: (row) => row.rule },
  { title: "SHARE %", number: true, help: "of the requests of 10 s", cell: (row) => percent(row.percent_ratio) },
  { title: "AND/s", number: true, wide: true, help: "and so many more a second", cell: (row) => rate(row.min_per_s) },
  { title: "SPENT", number: true, help: "retries of the last 10 s", cell: (row) => count(row.spent) },
  { title: "LEFT", number: true, help: "retries that there may be now", tone: (row) => (row.left === 0 ? "bad" : ""), cell: (row) => count(row.left) },
  { title: "DENIED", number: true, help: "retries that were not, for it; so far", tone: (row) => (row.denied ? "warn" : ""), cell: (row) => count(row.denied) },
  { title: "PROXY", help: "live, or since when it is not", tone: (row) => (row.proxy === "live" ? "" : "warn"), cell: (row) => row.proxy },
];

/** Breakers or budgets: of every service, now, whatever window and filter are. */
function State({ of, columns, name }: { of: "breakers" | "budgets"; columns: Column[]; name: string }) {
  const answer = useAnswer("policy?limit=1");
  const { data } = answer;
  const rows: Row[] | undefined = data?.[of];
  useCommand(data && { ...data, command: data[`${of}_command`] });
  return (
    <>
      <Trouble of={answer} />
      <p class="faint found">
        {rows ? amount(rows.length, name) : "…"} · now, of every service{data && !data.state_complete && " · there are more than are read at once"}
      </p>
      <Table columns={columns} label={`${name}s`}>
        {rows?.map((row) => (
          <tr key={`${row.service} ${row.endpoint ?? row.rule} ${row.writer}`}>
            <Cells columns={columns} row={row} />
          </tr>
        ))}
      </Table>
      {rows?.length === 0 && <Empty>No proxy has told of {name}s here.</Empty>}
    </>
  );
}

const views = { routes: "Routes", policy: "Policy", ...(!report && { endpoints: "Endpoints", budgets: "Budgets" }) };

export function RoutesAndPolicy() {
  const view = place.value.params.get("view") ?? "routes";
  return (
    <>
      <div class="tools">
        <Choice name="view" value={view} options={Object.entries(views)} />
      </div>
      {view === "policy" ? (
        <Policy />
      ) : view === "endpoints" ? (
        <State key="breakers" of="breakers" columns={ofEndpoints} name="endpoint" />
      ) : view === "budgets" ? (
        <State key="budgets" of="budgets" columns={ofBudgets} name="budget" />
      ) : (
        <Routes />
      )}
    </>
  );
}
