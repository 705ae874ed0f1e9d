// A walk through what a database holds: the window of every page moves over its time, at a speed of one's choice.
// What is played is in the address: a link begins where it was made.
import { useEffect } from "preact/hooks";
import { useAnswer, waiting } from "./data";
import { clock, day, stretch, time } from "./format";
import { go, link, move, place } from "./url";

const STEP_MS = 500;
const speeds = ["0.5", "1", "2", "5", "10", "60", "max"];
const widths: [ms: number, title: string][] = [
  [1e3, "1 s"], [2e3, "2 s"], [5e3, "5 s"], [10e3, "10 s"], [30e3, "30 s"], [60e3, "1 min"], [300e3, "5 min"], [900e3, "15 min"], [3600e3, "1 h"], [86400e3, "1 d"],
];

interface Walk {
  from: number; // of the database; milliseconds
  to: number;
  at: number; // the end of the window
  width: number;
}

/** A tenth of all there is, in a width that can be chosen. */
const usual = (length: number) => (widths.filter(([ms]) => ms <= length / 10).pop() ?? widths[0]!)[0];

const moment = (ms: number) => new Date(ms).toISOString();

function walkOf(from: number, to: number): Walk {
  const { params } = place.value;
  const [since, until] = [Date.parse(params.get("since") ?? ""), Date.parse(params.get("until") ?? "")];
  const width = until > since ? until - since : usual(to - from);
  return { from, to, width, at: until > since ? until : Math.min(to, from + width) };
}

/** The address with the window that ends at `at`. */
const windowAt = (at: number, width: number, play?: string | null) =>
  link(null, { since: moment(at - width), until: moment(at), window: null, ...(play !== undefined && { play }) });

/** One step: of the speed, or half a window where it is as fast as it can be; at the end it stands. */
function step(walk: Walk, speed: string): string {
  const by = speed === "max" ? walk.width / 2 : STEP_MS * Number(speed);
  const at = walk.at + by;
  return at < walk.to ? windowAt(at, walk.width) : windowAt(walk.to, walk.width, null);
}

function Bar({ walk }: { walk: Walk }) {
  const speed = place.value.params.get("play");
  const chosen = speed ?? place.value.params.get("walk") ?? "1";
  useEffect(() => {
    if (speed === null) return;
    // Not before what was asked for is there: a slow database is walked through slowly, not left unread.
    const timer = setInterval(() => waiting.value === 0 && move(step(walk, speed)), STEP_MS);
    return () => clearInterval(timer);
  }, [speed, walk.at, walk.width, walk.to]);
  const play = () => {
    const start = walk.at < walk.to ? walk.at : Math.min(walk.to, walk.from + walk.width);
    go(speed === null ? windowAt(start, walk.width, chosen) : link(null, { play: null }));
  };
  const [begins, ends] = [(walk.at - walk.width) * 1e6, walk.at * 1e6];
  const set = (to: string) => go(link(null, { walk: to, ...(speed !== null && { play: to }) }));
  return (
    <>
      <button type="button" onClick={play} aria-label={speed === null ? "Play" : "Pause"}>
        {speed === null ? "▶ play" : "❚❚ pause"}
      </button>
      <label>
        speed{" "}
        <select aria-label="Speed" value={chosen} onChange={(event) => set(event.currentTarget.value)}>
          {speeds.map((one) => (
            <option value={one}>{one === "max" ? "max" : `${one}×`}</option>
          ))}
        </select>
      </label>
      <label>
        window{" "}
        <select aria-label="Width of the window" value={String(walk.width)} onChange={(event) => go(windowAt(walk.at, Number(event.currentTarget.value)))}>
          {!widths.some(([ms]) => ms === walk.width) && <option value={String(walk.width)}>{time(walk.width * 1e6)}</option>}
          {widths.map(([ms, title]) => (
            <option value={String(ms)}>{title}</option>
          ))}
        </select>
      </label>
      <input
        type="range"
        aria-label="Position"
        aria-valuetext={clock(walk.at * 1e6)}
        min={walk.from}
        max={walk.to}
        step={Math.max(1, Math.round((walk.to - walk.from) / 1000))}
        value={walk.at}
        onInput={(event) => move(windowAt(Number(event.currentTarget.value), walk.width))}
      />
      <span class="at">
        {day(begins) === day(ends) && `${day(ends)} `}
        {stretch(begins, ends)}
      </span>
    </>
  );
}

/** Shown where the address says so; the database says from when until when there is something. */
export function Walker() {
  const { data } = useAnswer("captures");
  const [from, to] = [data?.database.first_ns / 1e6, data?.database.last_ns / 1e6 + 1];
  return (
    <div class="walk" role="group" aria-label="Walk through time">
      {data && to > from + 1 ? <Bar walk={walkOf(Math.floor(from), Math.ceil(to))} /> : <span class="at">{data ? "Nothing to walk through: the database has no stretch of time." : "…"}</span>}
      <a href={link(null, { walk: null, play: null, since: null, until: null })} aria-label="End the walk">
        ✕
      </a>
    </div>
  );
}

/** Where a walk begins: at the window of now, else with the first stretch. */
export const beginning = () => link(null, { walk: "1", play: "1", window: null });
