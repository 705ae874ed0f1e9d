// What is known of the chosen node or edge.
import type { ComponentChildren } from "preact";
import type { Row } from "./data";
import { bytes, count, health, percent, rate, time } from "./format";
import { edgeKey, type Graph } from "./graph";
import { holds } from "./report";
import { link, narrowed } from "./url";

const perSecond = (n: number | null | undefined) => (n == null ? "–" : n === 0 ? "·" : `${bytes(Math.round(n))}/s`);
const share = (ratio: number | null | undefined) => (ratio == null || ratio === 0 ? percent(ratio) : `${percent(ratio)} %`);

function Fact({ name, tone, children }: { name: string; tone?: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd class={tone}>{children}</dd>
    </>
  );
}

function Figures({ of, children }: { of: Row; children?: ComponentChildren }) {
  return (
    <dl class="facts">
      <Fact name="success" tone={health(of.success_ratio)}>
        {share(of.success_ratio)}
      </Fact>
      <Fact name="rate">{rate(of.requests_per_s)} rps</Fact>
      <Fact name="p50, p95, p99">
        {time(of.latency_p50_ns)}, {time(of.latency_p95_ns)}, {time(of.latency_p99_ns)}
      </Fact>
      <Fact name="worst">{time(of.latency_max_ns)}</Fact>
      <Fact name="open">
        {count(of.open)}
        {of.open_oldest_ns > 0 && `, the oldest for ${time(of.open_oldest_ns)}`}
      </Fact>
      <Fact name="4xx, failed">
        {share(of.client_error_ratio)}, {share(of.failure_ratio)}
      </Fact>
      <Fact name="timed out">{share(of.timeout_ratio)}</Fact>
      <Fact name="reset, refused">
        {count(of.reset)}, {count(of.refused)}
      </Fact>
      <Fact name="in, out">
        {perSecond(of.request_bytes_per_s)}, {perSecond(of.response_bytes_per_s)}
      </Fact>
      {children}
      <Fact name="requests">{count(of.exchanges)}</Fact>
    </dl>
  );
}

function Beside({ title, rows, name }: { title: string; rows: Row[]; name: "client" | "server" }) {
  if (rows.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      {rows.map((edge) => (
        <p class="beside" key={edgeKey(edge)}>
          <a href={link(null, { focus: edge[name] })}>{edge[name]}</a>
          <a class="faint" href={link(null, { focus: null, edge: edgeKey(edge) })} title="this edge">
            {edge.protocol}
            {edge.secured && edge.secured !== "plain" && `, ${edge.secured}`}
          </a>
          {edge.idle ? (
            <span class="faint">idle</span>
          ) : (
            <>
              <span class={`number ${health(edge.success_ratio)}`}>{share(edge.success_ratio)}</span>
              <span class="number">{time(edge.latency_p95_ns)}</span>
            </>
          )}
        </p>
      ))}
    </>
  );
}

function Links({ of, filter }: { of: Row; filter: string }) {
  return (
    <p class="links">
      <a href={link("/routes", { filter })}>its routes</a>
      <a href={link("/tail", { filter })}>its tail</a>
      {of.failed_id && holds(of.failed_id) && <a href={link(`/exchange/${of.failed_id}`)}>a failure</a>}
      {of.slowest_id && holds(of.slowest_id) && <a href={link(`/exchange/${of.slowest_id}`)}>the slowest</a>}
    </p>
  );
}

export function NodeSide({ node, edges }: { node: Row; edges: Row[] }) {
  return (
    <aside aria-label={node.name}>
      <h2>
        {node.name} <a href={link(null, { focus: null })} aria-label="Close">✕</a>
      </h2>
      {node.id === 0 && <p class="faint">The services with the least traffic, as one.</p>}
      {node.idle ? <p class="faint">Nothing in this window.</p> : <Figures of={node} />}
      <Beside title="Called by" rows={edges.filter((edge) => edge.server_id === node.id)} name="client" />
      <Beside title="Calls" rows={edges.filter((edge) => edge.client_id === node.id)} name="server" />
      {node.id !== 0 && <Links of={node} filter={narrowed([node.requests_per_s == null ? "src" : "svc", node.name])} />}
    </aside>
  );
}

export function EdgeSide({ edge, graph }: { edge: Row; graph: Graph }) {
  const name = (id: number) => graph.nodes.find((node) => node.id === id)?.name ?? "";
  return (
    <aside aria-label={`${edge.client} to ${edge.server}`}>
      <h2>
        <span>
          <a href={link(null, { edge: null, focus: name(edge.client_id) })}>{edge.client}</a> → <a href={link(null, { edge: null, focus: name(edge.server_id) })}>{edge.server}</a>
        </span>
        <a href={link(null, { edge: null })} aria-label="Close">
          ✕
        </a>
      </h2>
      <p class="faint">
        {edge.protocol}, {edge.secured ?? "–"}
        {edge.inferred && ", inferred from encrypted traffic"}
      </p>
      {edge.idle ? (
        <p class="faint">Nothing in this window.</p>
      ) : (
        <Figures of={edge}>
          <Fact name="retried">{share(edge.retry_ratio)}</Fact>
          <Fact name="handshake">
            {time(edge.handshake_mean_ns)}, at worst {time(edge.handshake_max_ns)}
          </Fact>
          <Fact name="sent again">
            client {count(edge.req_retransmitted)}, server {count(edge.resp_retransmitted)}
          </Fact>
          <Fact name="buffer full">
            client {count(edge.client_zero_windows)}, server {count(edge.server_zero_windows)}
          </Fact>
          <Fact name="most at once">
            connections {count(edge.connections_max)}, open {count(edge.open_max)}
          </Fact>
        </Figures>
      )}
      <Links of={edge} filter={narrowed(["src", edge.client], ["svc", edge.server])} />
    </aside>
  );
}
