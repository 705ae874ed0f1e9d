// Who calls whom. Drawn as SVG, so that each node is a link that the keyboard reaches; a worker places them.
import { useEffect, useState } from "preact/hooks";
import { useAnswer, useCommand, type Answer, type Row } from "./data";
import { bytes, count, health, percent, rate, time } from "./format";
import type { Graph, Placed, Point } from "./layout";
import { Trouble } from "./parts";
import { holds, script } from "./report";
import { asked, filter, go, link, narrowed, place } from "./url";

declare const LAYOUT_URL: string;
const layout = script("layout") ?? LAYOUT_URL;

const HEIGHT = 38;
const widthOf = (node: Row) => Math.min(230, Math.max(128, 22 + 7.4 * String(node.name).length));

const labels: Record<string, { title: string; text: (edge: Row) => string }> = {
  rps: { title: "RPS", text: (edge) => rate(edge.requests_per_s) },
  success: { title: "OK %", text: (edge) => percent(edge.success_ratio) },
  p95: { title: "P95", text: (edge) => time(edge.latency_p95_ns) },
};

/** Places the graph anew where its shape changes, not where its figures do. */
function usePlaced(data: Answer | null): Placed | null {
  const [placed, setPlaced] = useState<{ shape: string; at: Placed } | null>(null);
  const graph: Graph | null = data && {
    nodes: data.nodes.map((node: Row) => ({ id: node.id, width: widthOf(node), height: HEIGHT })),
    edges: data.edges.map((edge: Row) => ({ from: edge.client_id, to: edge.server_id })),
  };
  const shape = JSON.stringify(graph);
  useEffect(() => {
    if (!graph) return;
    const worker = new Worker(layout);
    worker.onmessage = (event: MessageEvent<Placed>) => setPlaced({ shape, at: event.data });
    worker.postMessage(graph);
    return () => worker.terminate();
  }, [shape]);
  return placed?.shape === shape ? placed.at : null;
}

function curve(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${first.x},${first.y}`;
  for (let i = 0; i + 1 < rest.length; i++) {
    const [a, b] = [rest[i]!, rest[i + 1]!];
    const [x, y] = i + 2 < rest.length ? [(a.x + b.x) / 2, (a.y + b.y) / 2] : [b.x, b.y];
    path += ` Q${a.x},${a.y} ${x},${y}`;
  }
  if (rest.length === 1) path += ` L${rest[0]!.x},${rest[0]!.y}`;
  return path;
}

const weight = (edge: Row) => 1 + Math.min(4, Math.log10(1 + (edge.requests_per_s ?? 0)) * 1.6);

function Edge({ edge, points, label, dim }: { edge: Row; points: Point[]; label: string; dim: boolean }) {
  const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
  return (
    <g class={`edge ${edge.health} ${dim ? "dim" : ""}`}>
      <path d={curve(points)} stroke-width={weight(edge)} marker-end="url(#arrow)">
        <title>{`${edge.client} → ${edge.server} ${edge.protocol}, ${edge.secured ?? "–"}`}</title>
      </path>
      <text x={middle.x} y={middle.y - 5}>
        {labels[label]!.text(edge)}
      </text>
    </g>
  );
}

function Node({ node, at, chosen, dim }: { node: Row; at: Point; chosen: boolean; dim: boolean }) {
  const width = widthOf(node);
  const figures = node.requests_per_s == null ? "calls only" : `${rate(node.requests_per_s)} rps · ${percent(node.success_ratio)} %`;
  return (
    <a href={link(null, { focus: chosen ? null : node.name })} aria-label={`${node.name}, ${node.health}, ${figures}`}>
      <g class={`node ${node.health} ${chosen ? "chosen" : ""} ${dim ? "dim" : ""}`} transform={`translate(${at.x - width / 2},${at.y - HEIGHT / 2})`}>
        <rect width={width} height={HEIGHT} rx="3" />
        <rect class="mark" width="3" height={HEIGHT} />
        <text x="11" y="16">
          {node.name}
        </text>
        <text class="small" x="11" y="30">
          {figures}
        </text>
      </g>
    </a>
  );
}

function Drawing({ data, at, label, find, focus }: { data: Answer; at: Placed; label: string; find: string; focus: string }) {
  const fits = (name: string) => !find || name.toLowerCase().includes(find.toLowerCase());
  return (
    <svg class="graph" viewBox={`0 0 ${at.width} ${at.height}`} style={{ maxWidth: `${at.width * 1.25}px`, minWidth: `${Math.min(at.width, 620)}px` }} role="group" aria-label="Topology">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">
          <path d="M0,0 L8,4 L0,8 z" />
        </marker>
      </defs>
      {data.edges.map((edge: Row, i: number) => (
        <Edge key={`${edge.client_id} ${edge.server_id} ${edge.protocol}`} edge={edge} points={at.edges[i] ?? []} label={label} dim={!fits(edge.client) && !fits(edge.server)} />
      ))}
      {data.nodes.map((node: Row) => (
        <Node key={node.id} node={node} at={at.nodes[node.id] ?? { x: 0, y: 0 }} chosen={node.name === focus} dim={!fits(node.name)} />
      ))}
    </svg>
  );
}

function Side({ node, edges }: { node: Row; edges: Row[] }) {
  const beside = (title: string, rows: Row[], name: "client" | "server") =>
    rows.length > 0 && (
      <>
        <h3>{title}</h3>
        {rows.map((edge) => (
          <p class="beside">
            <a href={link(null, { focus: edge[name] })}>{edge[name]}</a> <span class="faint">{edge.protocol}</span>
            <span class={`number ${health(edge.success_ratio)}`}>{percent(edge.success_ratio)} %</span>
            <span class="number">{time(edge.latency_p95_ns)}</span>
          </p>
        ))}
      </>
    );
  return (
    <aside aria-label={node.name}>
      <h2>
        {node.name} <a href={link(null, { focus: null })} aria-label="Close">✕</a>
      </h2>
      <dl class="facts">
        <dt>success</dt>
        <dd class={health(node.success_ratio)}>{percent(node.success_ratio)} %</dd>
        <dt>rate</dt>
        <dd>{rate(node.requests_per_s)} rps</dd>
        <dt>p50, p95, p99</dt>
        <dd>
          {time(node.latency_p50_ns)}, {time(node.latency_p95_ns)}, {time(node.latency_p99_ns)}
        </dd>
        <dt>open</dt>
        <dd>{count(node.open)}</dd>
        <dt>in, out</dt>
        <dd>
          {bytes(Math.round(node.request_bytes_per_s ?? 0))}/s, {bytes(Math.round(node.response_bytes_per_s ?? 0))}/s
        </dd>
      </dl>
      {beside("Called by", edges.filter((edge) => edge.server_id === node.id), "client")}
      {beside("Calls", edges.filter((edge) => edge.client_id === node.id), "server")}
      <p class="links">
        <a href={link("/", { filter: narrowed(["svc", node.name]) })}>its routes</a>
        <a href={link("/tail", { filter: narrowed(["svc", node.name]) })}>its tail</a>
        {node.failed_id && holds(node.failed_id) && <a href={link(`/exchange/${node.failed_id}`)}>a failure</a>}
        {node.slowest_id && holds(node.slowest_id) && <a href={link(`/exchange/${node.slowest_id}`)}>the slowest</a>}
      </p>
    </aside>
  );
}

const quoted = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

function dot(data: Answer, label: string): string {
  const lines = data.edges.map((edge: Row) => `  ${quoted(edge.client)} -> ${quoted(edge.server)} [label=${quoted(labels[label]!.text(edge))}];`);
  return `digraph meshtop {\n  rankdir=LR;\n${lines.join("\n")}\n}\n`;
}

function save(name: string, type: string, text: string): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([text], { type }));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}

function Choice({ name, value, options }: { name: "label" | "depth"; value: string; options: [string, string][] }) {
  return (
    <nav aria-label={name}>
      {options.map(([key, title]) => (
        <a href={link(null, { [name]: key })} aria-current={key === value ? "true" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

export function Topology() {
  const { params } = place.value;
  const focus = params.get("focus") ?? "";
  const depth = params.get("depth") ?? "all";
  const find = params.get("find") ?? "";
  const label = labels[params.get("label") ?? ""] ? params.get("label")! : "rps";
  const near: Record<string, string> = focus && depth !== "all" ? { focus, depth } : {};
  const answer = useAnswer(`edges?${asked({ limit: "1000", ...near })}`);
  const { data } = answer;
  useCommand(data);
  const at = usePlaced(data);
  const chosen = data?.nodes.find((node: Row) => node.name === focus);
  return (
    <>
      <Trouble of={answer} />
      <div class="tools">
        <Choice name="label" value={label} options={Object.entries(labels).map(([key, { title }]) => [key, title])} />
        {focus && <Choice name="depth" value={depth} options={[["1", "near"], ["2", "2 steps"], ["all", "all"]]} />}
        <input
          type="search"
          aria-label="Find a service"
          placeholder="find"
          value={find}
          onChange={(event) => go(link(null, { find: event.currentTarget.value || null }))}
        />
        <span class="grow" />
        <button type="button" disabled={!data} onClick={() => save("topology.dot", "text/vnd.graphviz", dot(data!, label))}>
          DOT
        </button>
        <button type="button" disabled={!data} onClick={() => save("topology.json", "application/json", JSON.stringify(data, null, 1))}>
          JSON
        </button>
      </div>
      {data && data.nodes.length === 0 && (
        <p class="empty">
          Nobody calls anybody in this window{filter.value && " with this filter"}. <a href={link(null, { filter: null, window: null, since: null, until: null })}>Show all</a>
        </p>
      )}
      {data && data.grouped > 0 && <p class="faint">{data.grouped} services with the least traffic are drawn as one.</p>}
      <div class="map">
        <div class="scroll">{data && at && <Drawing data={data} at={at} label={label} find={find} focus={focus} />}</div>
        {chosen && <Side node={chosen} edges={data!.edges} />}
      </div>
    </>
  );
}
