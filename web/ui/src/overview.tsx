// Golden metrics: what comes from outside in figures and over time; services and routes, trouble first.
import { useMemo, useState } from "preact/hooks";
import { Chart, hovered } from "./chart";
import { useAnswer, useCommand, type Answer, type Asked, type Row } from "./data";
import { clock, count, day, health, lost, percent, rate, stretch, time } from "./format";
import { Trouble } from "./parts";
import { report } from "./report";
import { asked, filter, link, narrowed } from "./url";

const ms = (ns: number | null) => (ns == null ? null : ns / 1e6);

/** Round latencies in milliseconds, up to minutes, hours and days. */
const tens = [0.0001, 0.001, 0.01, 0.1, 1, 10, 100].flatMap((ten) => [ten, 2 * ten, 5 * ten]);
const roundTimes = [...tens, ...[1, 2, 5, 10, 20, 60, 120, 300, 600, 1200, 3600, 7200, 18000, 43200].map((s) => s * 1e3), ...[1, 10, 100, 1e3, 1e4, 1e5].flatMap((ten) => [ten, 2 * ten, 5 * ten].map((days) => days * 86400e3))];

function Figure({ name, text, unit, tone = "", swatch }: { name: string; text: string; unit?: string; tone?: string; swatch?: string }) {
  return (
    <div class={`figure ${name}`}>
      <dt>
        {swatch && <i class={`swatch ${swatch}`} />}
        {name}
      </dt>
      <dd class={tone}>
        {text}
        {unit && text !== "–" && text !== "·" && <small> {unit}</small>}
      </dd>
    </div>
  );
}

/** `gap 126 MB`, `kernel 168 packets`; of packets no such word twice. */
const inWords = ({ loss, count: n, unit }: Row) => `${loss} ${loss.startsWith(unit) ? count(n) : lost(n, unit)}`;

function Figures({ summary, points }: { summary: Answer | null; points: Row[] }) {
  const at = hovered.value == null ? null : points[hovered.value];
  const now: Row = at ?? summary?.summary ?? {};
  const ofDays = at !== null && day(points[0]!.start_ns) !== day(points[points.length - 1]!.start_ns);
  const losses = summary?.losses?.filter((loss: Row) => loss.count > 0) ?? [];
  return (
    <dl class="figures" aria-label="Entry traffic">
      <Figure name="rate" swatch="c1" text={rate(now.requests_per_s)} unit="rps" />
      <Figure name="success" swatch="c1" text={percent(now.success_ratio)} unit="%" tone={health(now.success_ratio)} />
      <Figure name="p50" swatch="c1" text={time(now.latency_p50_ns)} />
      <Figure name="p95" swatch="c2" text={time(now.latency_p95_ns)} />
      <Figure name="p99" swatch="c3" text={time(now.latency_p99_ns)} />
      <Figure name="open" text={count(at ? null : now.open)} />
      <Figure name="losses" text={losses.length ? losses.map(inWords).join(", ") : summary ? "·" : "–"} tone={losses.length ? "warn" : ""} />
      <p class="when">{at ? `at ${ofDays ? `${day(at.start_ns)} ` : ""}${clock(at.start_ns)}` : "entry traffic"}</p>
    </dl>
  );
}

function Charts({ points }: { points: Row[] }) {
  const moments = useMemo(() => points.map((point) => point.start_ns / 1e9), [points]);
  const line = (label: string, colour: string, pick: (point: Row) => number | null) => ({ label, colour, values: points.map(pick) });
  const latency = (name: string) => (point: Row) => ms(point[`latency_${name}_ns`]);
  return (
    <section class="charts" aria-label={report ? "Over time" : "Over time; drag to choose a window"}>
      <Chart title="requests / s" moments={moments} format={(y) => rate(y)} lines={[line("rate", "--c1", (point) => point.requests_per_s)]} />
      <Chart
        title="success %"
        moments={moments}
        bounds={(low) => [Math.min(90, Math.floor(low / 10) * 10), 101]}
        format={(y) => (y > 100 ? "" : String(y))}
        lines={[line("success", "--c1", (point) => (point.success_ratio == null ? null : point.success_ratio * 100))]}
      />
      <Chart
        title="latency"
        moments={moments}
        format={(y) => time(y * 1e6)}
        steps={roundTimes}
        lines={[line("p50", "--c1", latency("p50")), line("p95", "--c2", latency("p95")), line("p99", "--c3", latency("p99"))]}
      />
    </section>
  );
}

function Success({ ratio }: { ratio: number | null }) {
  return (
    <td class={`number ${health(ratio)}`}>
      <svg class="bar" viewBox="0 0 40 4" aria-hidden="true" preserveAspectRatio="none">
        <rect class="track" width="40" height="4" />
        <rect width={40 * (ratio ?? 0)} height="4" />
      </svg>
      {percent(ratio)}
    </td>
  );
}

function Trend({ values }: { values?: number[] }) {
  const most = Math.max(1, ...(values ?? []));
  const points = (values ?? []).map((y, i) => `${i * 4},${15 - (14 * y) / most}`).join(" ");
  return (
    <td class="trend">
      <svg viewBox="0 0 76 16" aria-hidden="true">
        <polyline points={points} />
      </svg>
    </td>
  );
}

const shownChanges = 6;

/** Where a change leads: to the exchanges that it is about. */
function changed(change: Row): string {
  const of: [string, string][] = [["svc", change.service], ...(change.route === null ? [] : ([["method", change.method], ["route", change.route]] as [string, string][]))];
  const failing: [string, string][] = change.changed === "success_ratio" && change.worse ? [["outcome", "failure"]] : [];
  return link("/tail", { filter: narrowed(...of, ...failing) });
}

/** It has its room before there is an answer: what stands below does not move. */
function Changes({ of }: { of: Asked }) {
  const { data, problem } = of;
  const [all, setAll] = useState(false);
  const rows: Row[] = data?.changes ?? [];
  const shown = all ? rows : rows.slice(0, shownChanges);
  return (
    <section class="changes" aria-label="What changed">
      <h2>
        What changed{" "}
        {data && (
          <small>
            {stretch(data.coverage.from_ns, data.coverage.to_ns)} against {stretch(data.before.from_ns, data.before.to_ns)}
          </small>
        )}{" "}
        {rows.length > shownChanges && (
          <button type="button" onClick={() => setAll(!all)}>
            {all ? "fewer" : `${rows.length - shownChanges} more`}
          </button>
        )}
      </h2>
      <ul>
        {shown.map((change) => (
          <li key={`${change.service} ${change.method} ${change.route} ${change.changed}`} class={change.worse && change.changed !== "requests_per_s" ? "worse" : ""}>
            <a href={changed(change)}>{change.words}</a>
          </li>
        ))}
        {problem && <li class="faint">{problem.detail}</li>}
        {data && !problem && rows.length === 0 && <li class="faint">Nothing that could be told from chance.</li>}
      </ul>
    </section>
  );
}

const numbers = (row: Row) => (
  <>
    <td class="number">{rate(row.requests_per_s)}</td>
    <td class="number wide">{time(row.latency_p50_ns)}</td>
    <td class="number">{time(row.latency_p95_ns)}</td>
    <td class="number">{time(row.latency_p99_ns)}</td>
  </>
);

const heads = (
  <>
    <th class="number">OK %</th>
    <th class="number">RPS</th>
    <th class="number wide">P50</th>
    <th class="number">P95</th>
    <th class="number">P99</th>
  </>
);

function Services({ data }: { data: Answer | null }) {
  return (
    <section>
      <h2>Services</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>NAME</th>
              <th class="wide">PROTO</th>
              {heads}
              <th class="trend">LAST MINUTE</th>
            </tr>
          </thead>
          <tbody>
            {data?.services.map((row: Row) => (
              <tr key={row.id}>
                <td class="fill">
                  <a href={link(null, { filter: narrowed(["svc", row.service]) })}>{row.service}</a>
                </td>
                <td class="wide faint">{row.protocol}</td>
                <Success ratio={row.success_ratio} />
                {numbers(row)}
                <Trend values={row.trend} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Routes({ data }: { data: Answer | null }) {
  return (
    <section>
      <h2>Routes</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>ROUTE</th>
              {heads}
            </tr>
          </thead>
          <tbody>
            {data?.routes.map((row: Row) => (
              <tr key={`${row.service} ${row.method} ${row.route}`}>
                <td class="fill">
                  <a class="faint" href={link(null, { filter: narrowed(["svc", row.service]) })}>
                    {row.service}
                  </a>{" "}
                  <a href={link("/tail", { filter: narrowed(["svc", row.service], ["route", row.route]) })}>
                    {row.method} {row.route}
                  </a>
                </td>
                <Success ratio={row.success_ratio} />
                {numbers(row)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Why there is nothing, and what helps: the filter hides it, it lies at other times, or there never was any. */
function Nothing() {
  const bare = new URLSearchParams(asked());
  bare.delete("filter");
  const { data } = useAnswer(`summary?${bare}`);
  if (!data) return null;
  const hidden: number = data.total.exchanges;
  const ever = data.history.to_ns > data.history.from_ns || hidden > 0;
  return (
    <p class="empty">
      {filter.value && hidden > 0 ? (
        <>
          The filter hides {hidden === 1 ? "the one exchange" : `all ${count(hidden)} exchanges`} of this window. <a href={link(null, { filter: null })}>Take it away</a>
        </>
      ) : ever ? (
        <>
          Nothing here in this window. <a href={link(null, { filter: null, window: null, since: null, until: null })}>Show all</a>
        </>
      ) : (
        <>
          Nothing here yet.
          {!report && (
            <>
              {" "}
              Write something: <code>meshtop record -i any -w DB</code>
            </>
          )}
        </>
      )}
    </p>
  );
}

export function Overview() {
  const summary = useAnswer(`summary?${asked()}`);
  const series = useAnswer(`series?${asked({ entry: "true" })}`);
  const services = useAnswer(`services?${asked(filter.value ? { limit: "50" } : { limit: "50", trend: "true" })}`);
  const routes = useAnswer(`routes?${asked({ limit: "50" })}`);
  const changes = useAnswer(`changes?${asked()}`);
  useCommand(services.data);
  const points: Row[] = useMemo(() => series.data?.series ?? [], [series.data]);
  return (
    <>
      <Trouble of={summary} />
      <Figures summary={summary.data} points={points} />
      <Charts points={points} />
      {services.data?.rows.found === 0 && <Nothing />}
      <Changes of={changes} />
      <div class="pair">
        <Services data={services.data} />
        <Routes data={routes.data} />
      </div>
    </>
  );
}
