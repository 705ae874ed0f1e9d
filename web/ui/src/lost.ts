// What was lost stands between the exchanges where it was lost, and is summed up by what it counts.
import type { Row } from "./data";
import { lost } from "./format";

/** By unit: bytes and packets make no sum. */
export type Sums = Record<string, number>;

/** A loss as the stream and an answer have it, as a line of its own. */
export const lineOf = (loss: Row): Row => ({ ...loss, where: loss.where ?? loss.loss, lost: true });

/** The same loss, told twice; those of the stream itself have no moment. */
const same = (a: Row, b: Row) => a.at_ns != null && a.where === b.where && a.at_ns === b.at_ns && a.before_id === b.before_id && a.count === b.count;

/** Exchanges, newest first, with each loss below the one that it came before. */
export function merged(exchanges: Row[], losses: Row[]): Row[] {
  const left = [...losses].sort((a, b) => b.before_id - a.before_id);
  const rows: Row[] = [];
  for (const exchange of exchanges) {
    while (left.length && left[0]!.before_id > exchange.id) rows.push(left.shift()!);
    rows.push(exchange);
  }
  return [...rows, ...left];
}

/** Those of `lines` that `known` does not tell already. */
export const untold = (lines: Row[], known: Row[]) => lines.filter((one) => !known.some((other) => same(one, other)));

export function sumOf(losses: Row[], before: Sums = {}): Sums {
  const sums = { ...before };
  for (const { unit, count } of losses) sums[unit] = (sums[unit] ?? 0) + count;
  return sums;
}

/** An answer tells no more than its newest so many. */
export const TOLD = 100;

/** `124 MB, 14 exchanges`; `·` where nothing was lost. */
export const inWords = (sums: Sums, more = false) =>
  Object.entries(sums)
    .map(([unit, n]) => lost(n, unit))
    .join(", ")
    .concat(more ? ", and more" : "") || "·";
