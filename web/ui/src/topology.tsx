// Who calls whom: what is asked for, what of it is shown, and how it leaves. A worker places the nodes.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { textOf, useAnswer, useCommand, type Answer, type Row } from "./data";
import { amount } from "./format";
import { Drawing, edgeKey, heightOf, labelOf, labels, widthOf, type Graph, type Zoom } from "./graph";
import type { Graph as Shape, Placed } from "./layout";
import { expression, fields, type Match } from "./match";
import { Choice, Trouble } from "./parts";
import { picture } from "./picture";
import { script } from "./report";
import { EdgeSide, NodeSide } from "./side";
import { asked, filter, go, link, place } from "./url";

declare const LAYOUT_URL: string;
const layout = script("layout") ?? LAYOUT_URL;

/** Where there is more height than width. */
const tall = matchMedia("(max-width: 620px)");

function useTall(): boolean {
  const [is, setIs] = useState(tall.matches);
  useEffect(() => {
    const changed = () => setIs(tall.matches);
    tall.addEventListener("change", changed);
    return () => tall.removeEventListener("change", changed);
  }, []);
  return is;
}

/** Places the graph anew where its shape changes, not where its figures do. */
function usePlaced(graph: Graph | null): Placed | null {
  const [placed, setPlaced] = useState<{ shape: string; at: Placed } | null>(null);
  const down = useTall();
  const asked: Shape | null = graph && {
    down,
    nodes: graph.nodes.map((node) => ({ id: node.id, width: widthOf(node, down), height: heightOf(node, down) })),
    edges: graph.edges.map((edge) => ({ from: edge.client_id, to: edge.server_id })),
  };
  const shape = JSON.stringify(asked);
  useEffect(() => {
    if (!asked) return;
    const worker = new Worker(layout);
    worker.onmessage = (event: MessageEvent<Placed>) => setPlaced({ shape, at: event.data });
    worker.postMessage(asked);
    return () => worker.terminate();
  }, [shape]);
  return placed?.shape === shape ? placed.at : null;
}

/** With what was there at other times and is not now; not where services are grouped, for who is in the group differs. */
function withIdle(now: Answer, ever: Answer | null): Graph {
  if (!ever || ever.grouped > 0 || now.grouped > 0) return { nodes: now.nodes, edges: now.edges };
  const edges = new Set(now.edges.map(edgeKey));
  const nodes = new Set(now.nodes.map((node: Row) => node.id));
  const idle = (row: Row) => ({ ...row, idle: true, health: "unknown", requests_per_s: 0, success_ratio: null });
  return {
    nodes: [...now.nodes, ...ever.nodes.filter((node: Row) => !nodes.has(node.id)).map(idle)],
    edges: [...now.edges, ...ever.edges.filter((edge: Row) => !edges.has(edgeKey(edge))).map(idle)],
  };
}

/** Without what is hidden, and without edges of nodes that are. */
function without(graph: Graph, hide: Match | null): Graph {
  if (!hide) return graph;
  const nodes = graph.nodes.filter((node) => !hide(node));
  const left = new Set(nodes.map((node) => node.id));
  return { nodes, edges: graph.edges.filter((edge) => left.has(edge.client_id) && left.has(edge.server_id) && !hide(edge)) };
}

const quoted = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

function dot(graph: Graph, label: string): string {
  const lines = graph.edges.map((edge) => `  ${quoted(edge.client)} -> ${quoted(edge.server)} [label=${quoted(labelOf(label, edge))}${edge.idle ? ", style=dashed" : ""}];`);
  return `digraph meshtop {\n  rankdir=LR;\n${lines.join("\n")}\n}\n`;
}

function save(name: string, blob: Blob): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}

/** Taken once it is one; what is wrong with it is said while it is typed. */
function ExpressionBox({ name, placeholder }: { name: "find" | "hide"; placeholder: string }) {
  const taken = place.value.params.get(name) ?? "";
  const [text, setText] = useState(taken);
  useEffect(() => setText(taken), [taken]);
  const { problem } = expression(text);
  return (
    <span class="expression">
      <input
        type="search"
        aria-label={name === "find" ? "Find nodes and edges" : "Hide nodes and edges"}
        aria-invalid={problem ? "true" : "false"}
        aria-describedby={`${name}-problem`}
        title={`${placeholder}: a name, or ${fields.join(", ")} with = != < <= > >= ~, and, or, not`}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={() => !problem && go(link(null, { [name]: text.trim() || null }))}
      />
      {problem && (
        <span id={`${name}-problem`} class="filter-problem" role="alert">
          {name}: {problem}
        </span>
      )}
    </span>
  );
}

function Exports({ data, path, graph, at, label }: { data: Answer | null; path: string; graph: Graph | null; at: Placed | null; label: string }) {
  const png = async () => {
    const blob = await picture(graph!, at!, label);
    if (blob) save("topology.png", blob);
  };
  return (
    <>
      <button type="button" disabled={!graph || !at} onClick={() => void png()}>
        PNG
      </button>
      <button type="button" disabled={!graph} onClick={() => save("topology.dot", new Blob([dot(graph!, label)], { type: "text/vnd.graphviz" }))}>
        DOT
      </button>
      <button type="button" disabled={!data} onClick={() => save("topology.json", new Blob([textOf(data!, path)], { type: "application/json" }))}>
        JSON
      </button>
    </>
  );
}

function Zooming({ zoom }: { zoom: { current: Zoom | null } }) {
  useEffect(() => {
    const keys: Record<string, () => void> = {
      "+": () => zoom.current?.by(1 / 1.3),
      "=": () => zoom.current?.by(1 / 1.3),
      "-": () => zoom.current?.by(1.3),
      "0": () => zoom.current?.all(),
    };
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).closest("input, select")) return;
      keys[event.key]?.();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <span class="zoom">
      <button type="button" aria-label="Zoom in" title="+" onClick={() => zoom.current?.by(1 / 1.3)}>
        +
      </button>
      <button type="button" aria-label="Zoom out" title="-" onClick={() => zoom.current?.by(1.3)}>
        −
      </button>
      <button type="button" aria-label="Show all" title="0" onClick={() => zoom.current?.all()}>
        fit
      </button>
    </span>
  );
}

const bounded = () => ["window", "since", "until"].some((name) => place.value.params.has(name));

/** The answer of all time, where idle edges are wanted and there can be any. */
function useEver(near: Record<string, string>, idle: boolean): Answer | null {
  const extra = new URLSearchParams({ limit: "1000", ...near, ...(filter.value && { filter: filter.value }) });
  const wanted = idle && bounded();
  const { data } = useAnswer(wanted ? `edges?${extra}` : null);
  return wanted ? data : null;
}

export function Topology() {
  const { params } = place.value;
  const focus = params.get("focus") ?? "";
  const depth = params.get("depth") ?? "all";
  const label = labels[params.get("label") ?? ""] ? params.get("label")! : "rps";
  const idle = params.get("idle") ?? "dim";
  const near: Record<string, string> = focus && depth !== "all" ? { focus, depth } : {};
  const nodes = params.get("nodes");
  const path = `edges?${asked({ limit: "1000", ...near, ...(nodes && { nodes }) })}`;
  const answer = useAnswer(path);
  const { data } = answer;
  const ever = useEver(near, idle !== "hide");
  useCommand(data);
  const find = expression(params.get("find") ?? "");
  const hide = expression(params.get("hide") ?? "");
  const graph = useMemo(() => data && without(withIdle(data, ever), hide.match), [data, ever, params.get("hide")]);
  const at = usePlaced(graph);
  const zoom = useRef<Zoom | null>(null);
  const node = graph?.nodes.find((one) => one.name === focus);
  const edge = graph?.edges.find((one) => edgeKey(one) === params.get("edge"));
  const found = find.match && graph ? [...graph.nodes, ...graph.edges].filter(find.match).length : null;
  const hidden = data && graph ? withIdle(data, ever).nodes.length - graph.nodes.length : 0;
  return (
    <>
      <Trouble of={answer} />
      <div class="tools">
        <Choice name="label" value={label} options={Object.entries(labels).map(([key, { title }]) => [key, title])} />
        {focus && <Choice name="depth" value={depth} options={[["1", "near"], ["2", "2 steps"], ["all", "all"]]} />}
        {bounded() && <Choice name="idle" value={idle} options={[["dim", "idle dimmed"], ["hide", "idle hidden"]]} />}
        <ExpressionBox name="find" placeholder="find: cart or ok<95" />
        <ExpressionBox name="hide" placeholder="hide: rps<1" />
        <span class="grow" />
        <Zooming zoom={zoom} />
        <Exports data={data} path={path} graph={graph} at={at} label={label} />
      </div>
      <p class="faint found">
        {data &&
          [
            `${amount(graph!.nodes.length, "service")}, ${amount(graph!.edges.length, "edge")}`,
            focus && !node && `no ${focus} among them`,
            found !== null && `${amount(found, "match", "matches")}`,
            hidden > 0 && `${amount(hidden, "service")} hidden`,
            data.grouped > 0 && `the ${data.grouped} with the least traffic drawn as one`,
          ]
            .filter(Boolean)
            .join(" · ")}
      </p>
      {data && data.nodes.length === 0 && (
        <p class="empty">
          Nobody calls anybody in this window{filter.value && " with this filter"}. <a href={link(null, { filter: null, window: null, since: null, until: null })}>Show all</a>
        </p>
      )}
      <div class="map">
        {graph && at && graph.nodes.length > 0 && (
          <Drawing graph={graph} at={at} label={label} focus={focus} edge={params.get("edge") ?? ""} found={find.match} zoom={zoom} />
        )}
        {node ? <NodeSide node={node} edges={graph!.edges} /> : edge ? <EdgeSide edge={edge} graph={graph!} /> : null}
      </div>
    </>
  );
}
