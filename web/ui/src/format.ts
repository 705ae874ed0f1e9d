// Figures as people read them: `·` is exactly zero, `–` is unknown.
type Figure = number | null | undefined;

const trimmed = (x: number) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(0) : x.toFixed(1).replace(/\.0$/, ""));

export function time(ns: Figure): string {
  if (ns == null) return "–";
  if (ns === 0) return "·";
  if (ns < 1e6) return `${trimmed(ns / 1e3)} µs`;
  if (ns < 1e9) return `${trimmed(ns / 1e6)} ms`;
  if (ns < 120e9) return `${trimmed(ns / 1e9)} s`;
  return `${trimmed(ns / 60e9)} min`;
}

export function percent(ratio: Figure): string {
  if (ratio == null) return "–";
  if (ratio === 0) return "·";
  const floored = Math.floor(ratio * 1000) / 10; // 99.96 % is not all
  return floored.toFixed(1);
}

export function rate(perSecond: Figure): string {
  if (perSecond == null) return "–";
  if (perSecond === 0) return "·";
  if (perSecond >= 10_000) return `${trimmed(perSecond / 1000)} k`;
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond >= 10 ? perSecond.toFixed(1) : perSecond.toFixed(2);
}

export const count = (n: Figure) => (n == null ? "–" : n === 0 ? "·" : n.toLocaleString("en").replace(/,/g, "\u202f"));

/** `1 route`, `12 routes`. */
export const amount = (n: number, one: string, many = `${one}s`) => `${n === 0 ? "no" : count(n)} ${n === 1 ? one : many}`;

export function bytes(n: Figure): string {
  if (n == null) return "–";
  if (n === 0) return "·";
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${trimmed(n / 1e3)} kB`;
  return n < 1e9 ? `${trimmed(n / 1e6)} MB` : `${trimmed(n / 1e9)} GB`;
}

const two = (n: number, width = 2) => String(n).padStart(width, "0");

/** The time of day, to the millisecond, in the reader's zone. */
export function clock(ns: number): string {
  const date = new Date(ns / 1e6);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
}

export const day = (ns: number) => {
  const date = new Date(ns / 1e6);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
};

/** The colour of a success ratio: below 90 % red, below 95 % amber. */
export const health = (ratio: Figure) => (ratio == null ? "" : ratio < 0.9 ? "bad" : ratio < 0.95 ? "warn" : "");
