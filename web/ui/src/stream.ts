// Exchanges as they come. The browser resumes the stream by itself (Last-Event-ID); rows that are there already
// are passed over, and what was lost is a row of its own.
import { useEffect, useState } from "preact/hooks";
import { command, get, isProblem, reached, type Row } from "./data";
import { lineOf, merged, sumOf, TOLD, untold, type Sums } from "./lost";
import { report } from "./report";
import { asked } from "./url";

const KEPT = 5000;
const BEFORE = 300;
/** Rows wait for the next look, so that a burst is drawn once. */
const GATHER_MS = 100;

export interface Lines {
  rows: Row[]; // newest first
  waiting: number; // come while paused
  lost: Sums; // what is told between the rows, and since
  lostMore: boolean; // an answer did not tell all
  connected: boolean;
  problem: string;
}

export function useLines(filter: string, paused: boolean): Lines {
  const [stream] = useState(() => new Stream());
  const [, redraw] = useState(0);
  useEffect(() => stream.open(filter, () => redraw((n) => n + 1)), [filter]);
  useEffect(() => stream.pause(paused), [paused]);
  return stream.lines;
}

class Stream {
  lines: Lines = { rows: [], waiting: 0, lost: {}, lostMore: false, connected: false, problem: "" };
  private fresh: Row[] = [];
  private newest = 0;
  private told: Row[] = []; // losses that an answer told
  private paused = false;
  private timer = 0;
  private changed: () => void = () => undefined;

  pause(paused: boolean): void {
    this.paused = paused;
    this.gather();
  }

  /** Ends what was open; returns what ends this. */
  open(filter: string, changed: () => void): () => void {
    this.lines = { rows: [], waiting: 0, lost: {}, lostMore: false, connected: false, problem: "" };
    this.fresh = [];
    this.newest = 0;
    this.told = [];
    this.changed = changed;
    if (report) return this.all();
    const query = new URLSearchParams(filter ? { filter } : {});
    const source = new EventSource(`/api/v1/stream?${query}`);
    const stop = new AbortController();
    source.addEventListener("hello", (event) => {
      const hello = JSON.parse(event.data);
      command.value = hello.command;
      if (!hello.resumed) void this.before(filter, stop.signal);
      this.state(true);
    });
    source.addEventListener("exchange", (event) => this.add(JSON.parse(event.data)));
    source.addEventListener("lost", (event) => {
      const lost = lineOf(JSON.parse(event.data));
      if (untold([lost], this.told).length === 0) return;
      this.lines.lost = sumOf([lost], this.lines.lost);
      this.add(lost);
    });
    // A browser gives up where it is answered with anything but a stream: why, an answer tells. It is begun anew.
    source.onerror = () => {
      this.state(false);
      if (source.readyState === EventSource.CLOSED) void this.before(filter, stop.signal);
    };
    const again = window.setInterval(() => {
      if (source.readyState === EventSource.CLOSED && !stop.signal.aborted) {
        clearInterval(again);
        close();
        closed = this.open(filter, changed);
      }
    }, 2000);
    const close = () => {
      source.close();
      stop.abort();
      clearInterval(again);
      clearTimeout(this.timer);
      this.timer = 0;
    };
    let closed = close;
    return () => closed();
  }

  /** Those of a report, which are all that there will be. */
  private all(): () => void {
    const stop = new AbortController();
    void get(`exchanges?${asked({ limit: String(KEPT) })}`, stop.signal)
      .then((body) => {
        this.fill(body.exchanges, body.lost);
        command.value = body.command;
      })
      .catch((error) => {
        this.lines.problem = isProblem(error) ? `${error.title}: ${error.detail}` : String(error);
      })
      .then(() => stop.signal.aborted || this.state(true));
    return () => stop.abort();
  }

  private state(connected: boolean): void {
    this.lines.connected = connected;
    reached.value = connected;
    this.changed();
  }

  /** What was there before the stream began. */
  private async before(filter: string, stop: AbortSignal): Promise<void> {
    try {
      const body = await get(`exchanges?${asked({ limit: String(BEFORE) })}`, stop);
      this.newest = Math.max(0, ...body.exchanges.map((row: Row) => row.id));
      this.fresh = this.fresh.filter((row) => row.lost || row.id > this.newest);
      this.fill(body.exchanges, body.lost);
    } catch (error) {
      if (!isProblem(error)) return; // The stream says whether the server is there.
      command.value = "";
      this.lines.problem = `${error.title}: ${error.detail}`;
      reached.value = true;
    }
    this.changed();
  }

  /** With what an answer has: what the stream told, too, stands where the answer has it. */
  private fill(exchanges: Row[], lost: Row[]): void {
    this.told = lost.map(lineOf);
    this.fresh = untold(this.fresh, this.told);
    this.lines.rows = merged(exchanges, this.told);
    this.lines.lost = sumOf([...this.told, ...this.fresh.filter((row) => row.lost)]);
    this.lines.lostMore = lost.length === TOLD;
  }

  private add(row: Row): void {
    if (!row.lost && row.id <= this.newest) return;
    this.fresh.unshift(row);
    if (this.fresh.length > KEPT) this.fresh.length = KEPT;
    this.timer ||= window.setTimeout(() => this.gather(), GATHER_MS);
  }

  private gather(): void {
    this.timer = 0;
    if (!this.paused && this.fresh.length) {
      this.lines.rows = [...this.fresh, ...this.lines.rows].slice(0, KEPT);
      this.fresh = [];
    }
    this.lines.waiting = this.fresh.length;
    this.changed();
  }
}
