// The graph as SVG, so that each node and edge is a link that the keyboard reaches; it is zoomed and moved.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Row } from "./data";
import { percent, rate, time } from "./format";
import type { Placed, Point } from "./layout";
import { link } from "./url";

export const labels: Record<string, { title: string; text: (edge: Row) => string }> = {
  rps: { title: "RPS", text: (edge) => rate(edge.requests_per_s) },
  success: { title: "OK %", text: (edge) => percent(edge.success_ratio) },
  p95: { title: "P95", text: (edge) => time(edge.latency_p95_ns) },
  retry: { title: "RETRY %", text: (edge) => percent(edge.retry_ratio) },
  secured: { title: "SECURED", text: (edge) => edge.secured ?? "–" },
  none: { title: "no labels", text: () => "" },
};
export const labelOf = (label: string, edge: Row) => (edge.idle ? "idle" : labels[label]!.text(edge));

export interface Graph {
  nodes: Row[];
  edges: Row[];
}
export const edgeKey = (edge: Row) => `${edge.client_id}-${edge.server_id}-${edge.protocol}`;

const HEIGHTS = [38, 44, 50, 58];
/** In steps of ten times the rate, so that a graph is not placed anew whenever a figure moves. */
const stepOf = (node: Row) => Math.min(HEIGHTS.length - 1, Math.floor(Math.log10(1 + (node.requests_per_s ?? 0))));
/** Below each other they are narrow: figures have a line each. */
export const heightOf = (node: Row, down: boolean) => HEIGHTS[stepOf(node)]! + (down ? 12 : 0);
const widths = (down: boolean) => (down ? { least: 84, most: 156, step: 4 } : { least: 128, most: 230, step: 8 });
export function widthOf(node: Row, down: boolean): number {
  const { least, most, step } = widths(down);
  return Math.min(most, Math.max(least, 22 + 7.4 * String(node.name).length)) + step * stepOf(node);
}
export function nameOf(node: Row, down: boolean): string {
  const [name, most] = [String(node.name), down ? 18 : 28];
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}
const figures = (node: Row) => (node.idle ? ["idle"] : node.requests_per_s == null ? ["calls only"] : [`${rate(node.requests_per_s)} rps`, `${percent(node.success_ratio)} %`]);
const figuresOf = (node: Row) => figures(node).join(" · ");
/** What a node says below its name, and where from its top. */
export const linesOf = (node: Row, down: boolean): [text: string, y: number][] =>
  (down ? figures(node) : [figuresOf(node)]).map((text, i) => [text, heightOf(node, down) / 2 + (down ? 5 + 13 * i : 11)]);
export const nameAt = (node: Row, down: boolean) => heightOf(node, down) / 2 - (down ? 9 : 3);

export function curve(points: Point[]): string {
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

export const weight = (edge: Row) => 1 + Math.min(4, Math.log10(1 + (edge.requests_per_s ?? 0)) * 1.6);
export const middleOf = (points: Point[]): Point => points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };

function Edge({ edge, points, label, chosen, dim }: { edge: Row; points: Point[]; label: string; chosen: boolean; dim: boolean }) {
  const middle = middleOf(points);
  const says = `${edge.client} → ${edge.server}, ${edge.protocol}, ${edge.idle ? "idle" : `${rate(edge.requests_per_s)} rps, ${percent(edge.success_ratio)} %`}`;
  return (
    <a href={link(null, { edge: chosen ? null : edgeKey(edge), focus: null })} aria-label={says}>
      <g class={`edge ${edge.idle ? "idle" : edge.health} ${chosen ? "chosen" : ""} ${dim ? "dim" : ""}`}>
        <path class="near" d={curve(points)}>
          <title>{`${says}, ${edge.secured ?? "–"}`}</title>
        </path>
        <path d={curve(points)} stroke-width={weight(edge)} marker-end="url(#arrow)" />
        <text x={middle.x} y={middle.y - 5}>
          {labelOf(label, edge)}
        </text>
      </g>
    </a>
  );
}

function Node({ node, at, down, chosen, dim }: { node: Row; at: Point; down: boolean; chosen: boolean; dim: boolean }) {
  const [width, height] = [widthOf(node, down), heightOf(node, down)];
  return (
    <a href={link(null, { focus: chosen ? null : node.name, edge: null })} aria-label={`${node.name}, ${node.health}, ${figuresOf(node)}`}>
      <g class={`node ${node.health} ${node.idle ? "idle" : ""} ${chosen ? "chosen" : ""} ${dim ? "dim" : ""}`} transform={`translate(${at.x - width / 2},${at.y - height / 2})`}>
        <rect width={width} height={height} rx="3" />
        <rect class="mark" width={3 + stepOf(node)} height={height} />
        <text x="13" y={nameAt(node, down)}>
          {nameOf(node, down)}
        </text>
        {linesOf(node, down).map(([text, y]) => (
          <text class="small" x="13" y={y}>
            {text}
          </text>
        ))}
      </g>
    </a>
  );
}

// ---- what of it is in sight ----

interface View {
  x: number;
  y: number;
  width: number; // of what is seen, in the graph's own measure
}

/** Pixels a unit of the graph: as small and large as it is zoomed, as small as it can be read, as large as it begins. */
const [LEAST, MOST_SEEN, READ, BEGUN] = [0.15, 4, 0.6, 1.25];

/** All of it; at first only as much of it, where calls come in, as can be read. */
function whole(at: Placed, box: DOMRect, least: number): View {
  const all = Math.max(at.width, (at.height * box.width) / box.height, box.width / BEGUN);
  const width = Math.min(all, box.width / least);
  const height = (width * box.height) / box.width;
  const [x, y] = [(at.width - width) / 2, (at.height - height) / 2];
  // What calls and is not called is left, or at the top.
  return at.down ? { x, y: least === READ ? Math.min(0, y) : y, width } : { x: Math.min(0, x), y, width };
}

export interface Zoom {
  by: (factor: number) => void;
  all: () => void;
}

/** Wheel, drag, two fingers; `zoom` is given the same for buttons and keys. */
function useView(at: Placed, zoom: { current: Zoom | null }) {
  const svg = useRef<SVGSVGElement>(null);
  const [view, setView] = useState<View | null>(null);
  const now = useRef<View | null>(null);
  now.current = view;
  const box = () => svg.current!.getBoundingClientRect();
  const begin = () => setView(whole(at, box(), READ));
  const all = () => setView(whole(at, box(), LEAST));

  /** What is under the pixel (px, py) stays there. */
  const scale = (factor: number, px: number, py: number) => {
    const { x, y, width } = now.current!;
    const { width: pixels } = box();
    const unit = width / pixels;
    const wanted = Math.min(pixels / LEAST, Math.max(pixels / MOST_SEEN, width * factor));
    const next = wanted / pixels;
    setView((now.current = { x: x + px * (unit - next), y: y + py * (unit - next), width: wanted }));
  };
  const shift = (dx: number, dy: number) => {
    const { x, y, width } = now.current!;
    const unit = width / box().width;
    setView((now.current = { x: x - dx * unit, y: y - dy * unit, width }));
  };

  useLayoutEffect(begin, [at]);
  useEffect(() => {
    const resized = new ResizeObserver(begin);
    resized.observe(svg.current!);
    return () => resized.disconnect();
  }, [at]);
  useEffect(() => {
    zoom.current = { by: (factor) => scale(factor, box().width / 2, box().height / 2), all };
    return () => void (zoom.current = null);
  });
  useEffect(() => {
    const element = svg.current!;
    const fingers = new Map<number, Point>();
    let moved = 0;
    const middle = () => {
      const list = [...fingers.values()];
      return { x: list.reduce((sum, p) => sum + p.x, 0) / list.length, y: list.reduce((sum, p) => sum + p.y, 0) / list.length };
    };
    const apart = () => {
      const [a, b] = [...fingers.values()];
      return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top } = box();
      scale(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 200), event.clientX - left, event.clientY - top);
    };
    const down = (event: PointerEvent) => {
      if (event.button !== 0) return;
      if (fingers.size === 0) moved = 0;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    };
    const move = (event: PointerEvent) => {
      if (!fingers.has(event.pointerId)) return;
      const [from, width] = [middle(), apart()];
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const to = middle();
      moved += Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
      if (moved < 4 && fingers.size === 1) return;
      element.setPointerCapture(event.pointerId);
      shift(to.x - from.x, to.y - from.y);
      const { left, top } = box();
      if (width > 0) scale(width / apart(), to.x - left, to.y - top);
    };
    const up = (event: PointerEvent) => void fingers.delete(event.pointerId);
    /** The end of a drag is no click. */
    const click = (event: MouseEvent) => {
      if (moved >= 4) event.preventDefault();
      moved = 0;
    };
    const drag = (event: DragEvent) => event.preventDefault(); // of a link
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"] as const) element.addEventListener(name, up);
    element.addEventListener("click", click, true);
    element.addEventListener("dragstart", drag);
    return () => {
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"] as const) element.removeEventListener(name, up);
      element.removeEventListener("click", click, true);
      element.removeEventListener("dragstart", drag);
    };
  }, [at]);
  return { svg, view };
}

interface Props {
  graph: Graph;
  at: Placed;
  label: string;
  focus: string;
  edge: string;
  /** Null: nothing is looked for, and nothing dimmed. */
  found: ((item: Row) => boolean) | null;
  zoom: { current: Zoom | null };
}

export function Drawing({ graph, at, label, focus, edge: chosen, found, zoom }: Props) {
  const { svg, view } = useView(at, zoom);
  const ratio = svg.current ? svg.current.clientHeight / svg.current.clientWidth : 1;
  const box = view ? `${view.x} ${view.y} ${view.width} ${view.width * ratio}` : `0 0 ${at.width} ${at.height}`;
  const dim = (item: Row) => found !== null && !found(item);
  return (
    <svg ref={svg} class="graph" viewBox={box} role="group" aria-label="Topology">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">
          <path d="M0,0 L8,4 L0,8 z" />
        </marker>
      </defs>
      {graph.edges.map((edge, i) => (
        <Edge key={edgeKey(edge)} edge={edge} points={at.edges[i] ?? []} label={label} chosen={edgeKey(edge) === chosen} dim={dim(edge)} />
      ))}
      {graph.nodes.map((node) => (
        <Node key={node.id} node={node} at={at.nodes[node.id] ?? { x: 0, y: 0 }} down={at.down} chosen={node.name === focus} dim={dim(node)} />
      ))}
    </svg>
  );
}
