// One exchange: why it ended as it did, its phases, its tries, its trace.
import { useAnswer, useCommand, type Row } from "./data";
import { bytes, time } from "./format";
import { Trouble } from "./parts";
import { holds } from "./report";
import { link } from "./url";

interface Phase {
  name: string;
  ns: number;
}

/** Request, waiting and response, as far as they are known. */
function phases(exchange: Row): Phase[] {
  const { req_duration_ns: request, ttfb_ns: first, duration_ns: all } = exchange;
  if (all == null || first == null) return [];
  const sent = Math.min(request ?? 0, first);
  return [
    { name: "request", ns: sent },
    { name: "waiting", ns: first - sent },
    { name: "response", ns: Math.max(0, all - first) },
  ];
}

function Phases({ exchange }: { exchange: Row }) {
  const list = phases(exchange);
  const all = list.reduce((sum, phase) => sum + phase.ns, 0);
  if (!all) return null;
  let x = 0;
  return (
    <section class="block">
      <h2>Phases</h2>
      <svg class="phases" viewBox="0 0 1000 14" preserveAspectRatio="none" aria-hidden="true">
        {list.map((phase, i) => {
          const from = x;
          x += (1000 * phase.ns) / all;
          return <rect class={`p${i}`} x={from} width={Math.max(0, x - from)} height="14" />;
        })}
      </svg>
      <p class="keys">
        {list.map((phase, i) => (
          <span class={`p${i}`}>
            {phase.name} {time(phase.ns)}
          </span>
        ))}
      </p>
    </section>
  );
}

function Attempts({ attempts }: { attempts: Row[] }) {
  return (
    <section class="block">
      <h2>Tries</h2>
      <table>
        <tbody>
          {attempts.map((attempt) => (
            <tr>
              <td>
                <a href={holds(attempt.id) ? link(`/exchange/${attempt.id}`) : undefined}>try {attempt.attempt}</a>
              </td>
              <td>{attempt.endpoint}</td>
              <td class={attempt.outcome === "failure" ? "bad" : ""}>{attempt.error_type ?? attempt.status ?? attempt.outcome}</td>
              <td class="number">after {time(attempt.start_offset_ns)}</td>
              <td class="number">{time(attempt.lasted_ns)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Span({ span, begins, lasts }: { span: Row; begins: number; lasts: number }) {
  const x = (1000 * (span.start_offset_ns - begins)) / lasts;
  const width = Math.max(2, (1000 * (span.lasted_ns ?? 0)) / lasts);
  return (
    <div class={`span ${span.outcome}`} aria-current={span.here ? "true" : undefined}>
      <a href={holds(span.id) ? link(`/exchange/${span.id}`) : undefined} style={{ paddingLeft: `${span.depth * 14}px` }} title={`${span.server_service} ${span.method ?? ""} ${span.path ?? ""}`}>
        {span.server_service} <span class="faint">{span.method}</span> {span.path}
      </a>
      <svg viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
        <rect x={x} y="2" width={width} height="8" />
      </svg>
      <span class="number">{time(span.lasted_ns)}</span>
      <span class={`number ${span.outcome === "failure" ? "bad" : "faint"}`}>{span.grpc_status != null ? `grpc ${span.grpc_status}` : span.status}</span>
    </div>
  );
}

function Trace({ trace }: { trace: Row }) {
  const spans: Row[] = trace.spans;
  const begins = Math.min(...spans.map((span) => span.start_offset_ns));
  const ends = Math.max(...spans.map((span) => span.start_offset_ns + (span.lasted_ns ?? 0)));
  return (
    <section class="block">
      <h2>Trace</h2>
      {spans.map((span) => (
        <Span key={span.id} span={span} begins={begins} lasts={Math.max(1, ends - begins)} />
      ))}
      <p class="faint">
        {trace.exchanges} exchanges joined by {trace.joined_by.replace("_", " ")}
        {trace.exchanges > spans.length && `, the ${spans.length} nearest shown`}
        {!trace.complete && "; not all of the database was searched"}
      </p>
    </section>
  );
}

/** Keys as they are, figures as people read them. */
function fact(key: string, value: unknown): string {
  if (typeof value === "number" && key.endsWith("_ns")) return time(value);
  if (typeof value === "number" && key.endsWith("_bytes")) return bytes(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Facts({ exchange }: { exchange: Row }) {
  return (
    <section class="block">
      <h2>All that is known</h2>
      <dl class="facts">
        {Object.entries(exchange)
          .filter(([, value]) => value != null)
          .map(([key, value]) => (
            <>
              <dt>{key.replace(/_(ns|bytes)$/, "").replaceAll("_", " ")}</dt>
              <dd>{fact(key, value)}</dd>
            </>
          ))}
      </dl>
    </section>
  );
}

export function Exchange({ id }: { id: string }) {
  const asked = useAnswer(`exchange/${id}`);
  const { data } = asked;
  useCommand(data);
  if (!data) return asked.problem ? <Trouble of={asked} /> : null;
  const exchange: Row = data.exchange;
  const status = exchange.grpc_status_name ?? exchange.status ?? "no answer";
  return (
    <article>
      <h1 class="title">
        {exchange.method} {exchange.scheme && `${exchange.scheme}://`}
        {exchange.authority}
        {exchange.path} → <span class={exchange.outcome === "failure" ? "bad" : ""}>{status}</span> after {time(exchange.latency_ns)}
      </h1>
      <p class="faint">
        id {exchange.id} · {exchange.end_time}
      </p>
      <ul class="why" aria-label="Why">
        {data.why.map((sentence: string) => (
          <li>{sentence}</li>
        ))}
      </ul>
      <Phases exchange={exchange} />
      {data.attempts && <Attempts attempts={data.attempts} />}
      {data.trace && <Trace trace={data.trace} />}
      {data.curl && (
        <section class="block">
          <h2>Ask again</h2>
          <pre>{data.curl}</pre>
        </section>
      )}
      <Facts exchange={exchange} />
    </article>
  );
}
