// A chart over time: its cursor is that of all charts, and what is brushed becomes the window.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { ticks } from "./format";
import { report } from "./report";
import { go, link } from "./url";

/** The point that the cursor is at in all charts; null where it is in none. */
export const hovered = signal<number | null>(null);

export interface Line {
  label: string;
  colour: string; // a custom property
  values: (number | null)[];
}

interface Props {
  title: string;
  moments: number[]; // Unix seconds
  lines: Line[];
  format: (value: number) => string;
  /** What may lie between two values that are written; left out: what is round in tens. */
  steps?: number[];
  /** Lowest and highest value shown, from those there are. */
  bounds?: (low: number, high: number) => [number, number];
}

const HEIGHT = 132;
const dark = matchMedia("(prefers-color-scheme: dark)");
const sync = uPlot.sync("time");

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const fromZero = (_: number, high: number): [number, number] => [0, high > 0 ? high * 1.1 : 1];

/** Fewer than three values make no line: they are shown as points. */
const sparse = (plot: uPlot, at: number) => ([...(plot.data[at] ?? [])].filter((y) => y != null).length < 3) as any;

function brushed(plot: uPlot): void {
  if (plot.select.width < 4) return;
  const moment = (x: number) => new Date(Math.round(plot.posToVal(x, "x") * 1000)).toISOString();
  const since = moment(plot.select.left);
  const until = moment(plot.select.left + plot.select.width);
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  go(link(null, { since, until, window: null }));
}

function options(props: Props, width: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colour("--faint"),
    font: "11px system-ui",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [null, 34, null, null], // half of what is written below its end
    legend: { show: false },
    cursor: { sync: { key: sync.key }, y: false, drag: { x: !report, y: false, setScale: false }, points: { size: 6 } },
    scales: { y: { range: (_, low, high) => (props.bounds ?? fromZero)(low ?? 0, high ?? 0) } },
    axes: [
      { ...axis, size: 24, space: 90, values: (_, moments, _axis, _space, step) => ticks(moments, step) },
      { ...axis, size: 58, space: 34, values: (_, values) => values.map(props.format), ...(props.steps && { incrs: props.steps }) },
    ],
    series: [
      {},
      ...props.lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.5,
        points: { show: sparse },
      })),
    ],
    hooks: {
      setSelect: [brushed],
      setCursor: [(plot) => void (hovered.value = plot.cursor.idx ?? null)],
    },
  };
}

const series = (props: Props): uPlot.AlignedData => [props.moments, ...props.lines.map((line) => line.values)];

export function Chart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(latest.current, box.current!.clientWidth), series(latest.current), box.current!);
    };
    draw();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: box.current!.clientWidth, height: HEIGHT }));
    resized.observe(box.current!);
    dark.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener("change", draw);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(series(props)), [props.moments]);

  return (
    <figure class="chart">
      <figcaption>{props.title}</figcaption>
      <div ref={box} class="plot" />
    </figure>
  );
}
