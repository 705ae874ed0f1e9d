// The expressions that find and hide: `cart`, `rps>10`, `ok<95 and not proto=grpc`, `p95>=100ms or health=failing`.
// A word alone is looked for in names; a node or edge that has no such figure does not match.
import type { Row } from "./data";

export type Match = (item: Row) => boolean;
export interface Expression {
  match: Match | null; // null: it is empty
  problem: string;
}

const number = (item: Row, key: string, times = 1) => (typeof item[key] === "number" ? item[key] * times : null);

/** What an expression may ask of a node or an edge. */
const figures: Record<string, (item: Row) => number | null> = {
  rps: (item) => number(item, "requests_per_s"),
  ok: (item) => number(item, "success_ratio", 100),
  p50: (item) => number(item, "latency_p50_ns"),
  p95: (item) => number(item, "latency_p95_ns"),
  p99: (item) => number(item, "latency_p99_ns"),
  open: (item) => number(item, "open"),
};
const texts: Record<string, (item: Row) => (string | null | undefined)[]> = {
  name: (item) => [item.name, item.client, item.server],
  src: (item) => [item.client],
  dst: (item) => [item.server],
  proto: (item) => [item.protocol],
  secured: (item) => [item.secured],
  health: (item) => [item.health],
  idle: (item) => [item.idle ? "true" : "false"],
};
export const fields = [...Object.keys(texts), ...Object.keys(figures)];

const units: Record<string, number> = { "": 1, "%": 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };
const compare: Record<string, (a: number, b: number) => boolean> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

const words = (list: (string | null | undefined)[]) => list.filter((text): text is string => Boolean(text)).map((text) => text.toLowerCase());

function figure(field: string, op: string, value: string): Match {
  const parts = /^([\d.]+)(%|us|µs|ms|s|)$/.exec(value);
  const times = units[parts?.[2] ?? ""];
  if (!parts || !compare[op] || Number.isNaN(Number(parts[1]))) throw new Error(`${field} is a figure: write ${field}>10${field[0] === "p" ? "ms" : ""}`);
  const bound = Number(parts[1]) * times!;
  return (item) => {
    const is = figures[field]!(item);
    return is !== null && compare[op]!(is, bound);
  };
}

function text(field: string, op: string, value: string): Match {
  const is = (item: Row) => words(texts[field]!(item));
  if (op === "=") return (item) => is(item).includes(value);
  if (op === "!=") return (item) => is(item).length > 0 && !is(item).includes(value);
  if (op === "~") return (item) => is(item).some((one) => one.includes(value));
  throw new Error(`${field} is a text: write ${field}=… or ${field}~…`);
}

function condition(word: string): Match {
  const parts = /^(\w+)(!=|<=|>=|=|<|>|~)(.+)$/.exec(word);
  if (!parts) {
    if (/[=<>~!]/.test(word)) throw new Error(`'${word}' is no condition: write rps>10 or a name`);
    return text("name", "~", word);
  }
  const [, field, op, value] = parts as unknown as [string, string, string, string];
  if (figures[field]) return figure(field, op, value);
  if (texts[field]) return text(field, op, value);
  throw new Error(`there is no '${field}': ${fields.join(", ")}`);
}

/** Conditions side by side, or with `and`, all hold; `or` binds less, `not` more. */
function parse(all: string[]): Match {
  const either: Match[][] = [[]];
  let not = false;
  for (const word of all) {
    if (word === "or") either.push([]);
    else if (word === "not") not = !not;
    else if (word !== "and") {
      const one = condition(word);
      either[either.length - 1]!.push(not ? (item) => !one(item) : one);
      not = false;
    }
  }
  if (not || either.some((list) => list.length === 0)) throw new Error("something is missing beside and, or, not");
  return (item) => either.some((list) => list.every((one) => one(item)));
}

export function expression(given: string): Expression {
  const all = given.toLowerCase().split(/\s+/).filter(Boolean);
  if (all.length === 0) return { match: null, problem: "" };
  try {
    return { match: parse(all), problem: "" };
  } catch (error) {
    return { match: null, problem: (error as Error).message };
  }
}
