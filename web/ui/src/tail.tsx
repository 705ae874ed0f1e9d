// Exchanges as they come, newest first. Only the lines in sight are in the document.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useAnswer, useCommand, type Row } from "./data";
import { clock, count, lost, time } from "./format";
import { inWords, lineOf, merged, sumOf, TOLD, type Sums } from "./lost";
import { Trouble } from "./parts";
import { report } from "./report";
import { useLines } from "./stream";
import { asked, filter, link, narrowed, place } from "./url";

const HEIGHT = 22;
const BEYOND = 8;
/** Lines of a window that has ended. */
const PAST = 300;

function Value({ field, text }: { field: string; text: string | null }) {
  if (!text) return <span class="faint">–</span>;
  return (
    <a href={link("/tail", { filter: narrowed([field, text]) })} title={`only ${field}=${text}`}>
      {text}
    </a>
  );
}

const tone = (outcome: string) => (outcome === "failure" ? "bad" : outcome === "client_error" ? "warn" : "");

function Line({ row, at }: { row: Row; at: number }) {
  const style = { transform: `translateY(${at * HEIGHT}px)` };
  if (row.lost) {
    return (
      <div class="line warn" style={style} role="row">
        <span role="cell" style={{ gridColumn: "1 / -1" }}>
          ── {lost(row.count, row.unit)} lost here: {row.why || row.where} ──
        </span>
      </div>
    );
  }
  const status = /^\d+$/.test(row.status) ? <Value field="status" text={row.status} /> : row.status;
  return (
    <div class="line" style={style} role="row" data-id={row.id}>
      <a class="number faint" href={link(`/exchange/${row.id}`)}>
        {row.id}
      </a>
      <span>{clock(row.end_ns)}</span>
      <Value field="src" text={row.client} />
      <Value field="svc" text={row.server} />
      <Value field="method" text={row.method} />
      <a href={link(`/exchange/${row.id}`)} title={`${row.host ?? ""}${row.path ?? ""}`}>
        {row.path ?? row.host ?? "–"}
      </a>
      <span class={`number ${tone(row.outcome)}`}>{status}</span>
      <span class="number">{time(row.latency_ns)}</span>
      <span class="faint">{row.protocol}</span>
      <span class="faint" title={row.notes}>
        {row.notes}
      </span>
    </div>
  );
}

/** Keeps the lines that are read in their place while others come above them. */
function useScroll(rows: Row[]) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const first = useRef<Row | undefined>(undefined);
  useLayoutEffect(() => {
    const came = first.current ? rows.indexOf(first.current) : 0;
    first.current = rows[0];
    if (came > 0 && box.current && box.current.scrollTop > 0) box.current.scrollTop += came * HEIGHT;
  }, [rows]);
  const from = Math.max(0, Math.floor(top / HEIGHT) - BEYOND);
  const shown = Math.ceil((box.current?.clientHeight ?? 800) / HEIGHT) + 2 * BEYOND;
  return { box, from, to: from + shown, top, onScroll: () => setTop(box.current?.scrollTop ?? 0) };
}

type Scroll = ReturnType<typeof useScroll>;

function List({ rows, scroll }: { rows: Row[]; scroll: Scroll }) {
  const { box, from, to, onScroll } = scroll;
  return (
    <div class="list" ref={box} onScroll={onScroll} tabIndex={0} role="table" aria-label="Exchanges">
      <div class="list-space" role="rowgroup" style={{ height: `${(rows.length + 1) * HEIGHT}px` }}>
        <div class="line head" role="row">
          <span class="number">ID</span>
          <span>TIME</span>
          <span>SRC</span>
          <span>DST</span>
          <span>METHOD</span>
          <span>PATH</span>
          <span class="number">STATUS</span>
          <span class="number">LAT</span>
          <span>PROTO</span>
          <span />
        </div>
        {rows.slice(from, to).map((row, i) => (
          <Line key={row.lost ? `lost ${from + i}` : row.id} row={row} at={from + i + 1} />
        ))}
      </div>
    </div>
  );
}

function Lost({ sums, more }: { sums: Sums; more: boolean }) {
  return <span class={Object.keys(sums).length ? "warn" : "faint"}>lost: {inWords(sums, more)}</span>;
}

function shown(rows: Row[]): string {
  const n = rows.filter((row) => !row.lost).length;
  return n === 0 ? "none shown" : `${count(n)} shown`;
}

const failures = () => <a href={link("/tail", { filter: narrowed(["outcome", "failure"]) })}>failures only</a>;

function Following() {
  const [paused, setPaused] = useState(false);
  const lines = useLines(filter.value, paused);
  const scroll = useScroll(lines.rows);
  const follow = () => {
    setPaused(false);
    scroll.box.current?.scrollTo({ top: 0 });
  };
  return (
    <>
      <div class="tail-head">
        {!report && (
          <>
            <span class={`live-dot ${lines.connected && !paused ? "on" : ""}`} role="status">
              ● {!lines.connected ? (lines.problem ? "not following" : "reconnecting") : paused ? `paused, ${lines.waiting} waiting` : "following"}
            </span>
            <button type="button" onClick={() => setPaused(!paused)} aria-pressed={paused}>
              {paused ? "go on" : "pause"}
            </button>
          </>
        )}
        {(scroll.top > 0 || paused) && (
          <button type="button" onClick={follow}>
            {report ? "to the top" : "follow"}
          </button>
        )}
        {failures()}
        <span class="faint">{shown(lines.rows)}</span>
        <Lost sums={lines.lost} more={lines.lostMore} />
      </div>
      {lines.problem && <p class="banner">{lines.problem}</p>}
      <List rows={lines.rows} scroll={scroll} />
      {lines.connected && lines.rows.length === 0 && (
        <p class="empty">
          {report ? "Nothing of what is inside" : "Nothing yet"}
          {filter.value && " with this filter"}.{!report && " Exchanges appear here as they are written."}
        </p>
      )}
    </>
  );
}

/** Of a window with an end there is nothing to follow. */
function Past() {
  const answer = useAnswer(`exchanges?${asked({ limit: String(PAST) })}`);
  const { data } = answer;
  useCommand(data);
  const losses: Row[] = useMemo(() => (data?.lost ?? []).map(lineOf), [data]);
  const rows: Row[] = useMemo(() => merged(data?.exchanges ?? [], losses), [data]);
  const scroll = useScroll(rows);
  return (
    <>
      <Trouble of={answer} />
      <div class="tail-head">
        <span class="faint">the window's, newest first</span>
        {failures()}
        <span class="faint">
          {shown(rows)}
          {data?.next != null && ", there are more"}
        </span>
        <Lost sums={sumOf(losses)} more={losses.length === TOLD} />
      </div>
      <List rows={rows} scroll={scroll} />
    </>
  );
}

export function Tail() {
  return place.value.params.has("until") ? <Past /> : <Following />;
}
