// Figures as people read them, with the digits that the terminal shows: `·` is exactly zero, `–` is unknown.
type Figure = number | null | undefined;

type Step = [below: number, scale: number, unit: string];

/** As base/text.c does it: one decimal below ten, else none; bounds are where the rounded number would get a digit more than its column has. */
function stepped(value: number, steps: Step[]): string {
  const [, scale, unit] = steps.find(([below]) => value < below)!;
  const tenths = Math.floor(value / (scale / 10) + 0.5);
  return `${scale > 1 && tenths < 100 ? (tenths / 10).toFixed(1) : Math.floor(value / scale + 0.5)} ${unit}`;
}

const durations: Step[] = [
  [1e3, 1, "ns"],
  [1e5, 1e3, "µs"],
  [999.5e6, 1e6, "ms"],
  [119.5e9, 1e9, "s"],
  [7170e9, 60e9, "min"],
  [171e12, 3600e9, "h"],
  [Infinity, 86400e9, "d"],
];
const sizes: Step[] = [
  [1e3, 1, "B"],
  [999.5e3, 1e3, "kB"],
  [999.5e6, 1e6, "MB"],
  [999.5e9, 1e9, "GB"],
  [999.5e12, 1e12, "TB"],
  [Infinity, 1e15, "PB"],
];
const put = (value: Figure, steps: Step[]) => (value == null ? "–" : value === 0 ? "·" : stepped(value, steps));

export const time = (ns: Figure) => put(ns, durations);
export const bytes = (n: Figure) => put(n, sizes);

/** Rounded half up; what is not all is never 100.0. */
export function percent(ratio: Figure): string {
  if (ratio == null) return "–";
  if (ratio === 0) return "·";
  const tenths = Math.floor((Math.round(ratio * 1e6) + 500) / 1000);
  return ((ratio < 1 ? Math.min(999, tenths) : tenths) / 10).toFixed(1);
}

export const count = (n: Figure) => (n == null ? "–" : n === 0 ? "·" : n.toLocaleString("en").replace(/,/g, "\u202f"));

export function rate(perSecond: Figure): string {
  if (perSecond == null) return "–";
  if (perSecond === 0) return "·";
  return perSecond < 99.95 ? perSecond.toFixed(perSecond < 9.995 ? 2 : 1) : count(Math.round(perSecond));
}

/** `1 route`, `12 routes`. */
export const amount = (n: number, one: string, many = `${one}s`) => `${n === 0 ? "no" : count(n)} ${n === 1 ? one : many}`;

/** What a loss counts: `124 MB`, `14 exchanges`. */
export const lost = (n: number, unit: string) => (unit === "byte" ? bytes(n) : amount(n, unit, `${unit.replace(/y$/, "ie")}s`));

// ---- moments, in the reader's zone ----

const two = (n: number, width = 2) => String(n).padStart(width, "0");
const dayOf = (date: Date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

const clockOf = (date: Date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;

/** The time of day, to the millisecond. */
export const clock = (ns: number) => clockOf(new Date(ns / 1e6));

export const day = (ns: number) => dayOf(new Date(ns / 1e6));

/** From when until when: with days where it is not all on one. */
export function stretch(from: number, to: number): string {
  return day(from) === day(to) ? `${clock(from)} – ${clock(to)}` : `${day(from)} ${clock(from)} – ${day(to)} ${clock(to)}`;
}

const [MINUTE, HOUR, DAY, MONTH, YEAR] = [60, 3600, 86400, 28 * 86400, 365 * 86400];

/** What stands below an axis of time: Unix seconds `step` apart, as exact as they differ; a day where it begins. */
export function ticks(seconds: number[], step: number): string[] {
  const dates = seconds.map((at) => new Date(Math.round(at * 1000)));
  const days = dates.map(dayOf);
  return dates.map((date, i) => {
    const on = days[i]!;
    if (step >= YEAR) return on.slice(0, 4);
    if (step >= MONTH) return on.slice(0, 7);
    if (step >= DAY) return on;
    const text = clockOf(date);
    const exact = step >= MINUTE ? text.slice(0, 5) : step >= 1 ? text.slice(0, 8) : step >= 0.1 ? text.slice(0, 10) : text;
    // Between the ticks of hours there is room for the day; where there are seconds, it changes once at most.
    return i > 0 && on !== days[i - 1] ? (step >= HOUR ? `${on.slice(5)} ${exact}` : on.slice(5)) : exact;
  });
}

/** The colour of a success ratio: below 90 % red, below 95 % amber. */
export const health = (ratio: Figure) => (ratio == null ? "" : ratio < 0.9 ? "bad" : ratio < 0.95 ? "warn" : "");
