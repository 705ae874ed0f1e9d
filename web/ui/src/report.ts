// A report is this page as one file, with the API's answers inside (meshtop report): no server is asked. What is
// not inside is said, in words that are those of a problem of the API.
import type { Answer, Problem, Row } from "./data";
import { kept, written } from "./digits";

interface Part {
  inside: number;
  found: number;
}
export interface Report {
  of: string;
  filter: string;
  from_ns: number;
  to_ns: number;
  exchanges: Part;
  services: Part;
  answers: Record<string, Record<string, Answer>>; // by filter, then by question
  lists: Answer[]; // of exchanges; one may be in several
  exchange: Record<string, Answer>;
}

const text = (id: string) => document.getElementById(id)?.textContent ?? "";

/** Null where the page is served. */
export const report: Report | null = text("report") ? JSON.parse(text("report")) : null;

/** The address of a script that stands in the file; null where the page is served. */
export const script = (id: string): string | null => (report ? URL.createObjectURL(new Blob([text(id)], { type: "text/javascript" })) : null);

const own = <T>(of: Record<string, T>, key: string): T | undefined => (Object.prototype.hasOwnProperty.call(of, key) ? of[key] : undefined);

function missing(detail: string): never {
  const problem: Problem = { title: "Not in this report", detail };
  throw problem;
}

/** Whether the exchange's page is there. */
export const holds = (id: string | number): boolean => !report || own(report.exchange, String(id)) !== undefined;

// ---- exchanges ----

const rows: Row[] = report
  ? [...new Map(report.lists.flatMap((list) => list.exchanges as Row[]).map((row) => [row.id, row])).values()].sort((a, b) => b.id - a.id)
  : [];

/** Fields of a filter, and what of a row they are. */
const fields: Record<string, string> = {
  svc: "server",
  service: "server",
  src: "client",
  method: "method",
  host: "host",
  path: "path",
  route: "route",
  status: "status",
  outcome: "outcome",
  proto: "protocol",
  id: "id",
};
const term = /^\s*(\w+)=("(?:[^"\\]|\\.)*"|[^\s"()<>=~]+)\s*(?:and\s|$)/;

/** Whether a row passes a filter of terms `field=value` joined by `and`. */
function passing(filter: string): (row: Row) => boolean {
  const terms: [member: string, value: string][] = [];
  for (let rest = filter.trim(); rest; ) {
    const found = term.exec(rest);
    const member = found && own(fields, found[1]!);
    if (!found || !member) missing(`“${filter}” cannot be looked for here; only terms such as status=503 and svc=cart can.`);
    terms.push([member!, found[2]!.replace(/^"|"$/g, "").replace(/\\(.)/g, "$1")]);
    rest = rest.slice(found[0].length);
  }
  return (row) => terms.every(([member, value]) => String(row[member] ?? "") === value);
}

function exchanges(of: Report, filter: string, params: URLSearchParams): Answer {
  const found = rows.filter(passing(filter));
  if (params.get("order") === "slowest") found.sort((a, b) => (b.latency_ns ?? -1) - (a.latency_ns ?? -1));
  const limit = Number(params.get("limit") ?? 100);
  const last = of.lists[of.lists.length - 1]!;
  return { ...last, command: filter ? "" : last.command, next: null, exchanges: found.slice(0, limit), lost: filter ? [] : last.lost };
}

// ---- figures ----

/** Rows in the order that was asked, at most so many; what is unknown is last. */
function arranged(data: Answer, name: string, params: URLSearchParams): Answer {
  let list: Row[] = data[name];
  if (!Array.isArray(list)) return data;
  const sort = params.get("sort");
  if (sort) {
    const key = sort.replace(/^-/, "");
    const up = sort === key ? 1 : -1;
    const order = (a: any, b: any) => (a == null || b == null ? Number(a == null) - Number(b == null) : up * (a < b ? -1 : Number(a > b)));
    list = [...list].sort((a, b) => order(a[key], b[key]));
  }
  const limit = Number(params.get("limit") ?? list.length);
  if (limit < list.length) list = list.slice(0, limit);
  return { ...data, [name]: list, rows: data.rows && { ...data.rows, shown: list.length } };
}

/** Services up to `depth` calls from `focus`, and the edges between them. */
function near(data: Answer, focus: string, depth: number): Answer {
  let reached = new Set<number>(data.nodes.filter((node: Row) => node.name === focus).map((node: Row) => node.id));
  for (let step = 0; step < depth; step++) {
    const next = new Set(reached);
    for (const { client_id, server_id } of data.edges as Row[]) {
      if (reached.has(client_id)) next.add(server_id);
      if (reached.has(server_id)) next.add(client_id);
    }
    reached = next;
  }
  return {
    ...data,
    nodes: data.nodes.filter((node: Row) => reached.has(node.id)),
    edges: data.edges.filter((edge: Row) => reached.has(edge.client_id) && reached.has(edge.server_id)),
  };
}

const known = ["filter", "limit", "entry", "trend", "sort", "focus", "depth", "nodes", "order"];
/** What a filter does not change. */
const unfiltered = ["captures", "open", "columns"];

/** What the API answered to `path`; throws a problem. */
export function inside(of: Report, path: string): Answer {
  const [name = "", query] = path.split("?");
  const id = /^exchange\/(\d+)$/.exec(name)?.[1];
  if (id) return own(of.exchange, id) ?? missing(`Exchange ${id} was left out; “meshtop report -n” takes more, “meshtop explain ${id}” tells of one.`);
  const params = new URLSearchParams(query);
  const other = [...params.keys()].find((key) => !known.includes(key));
  if (other) missing(`It answers for its own stretch of time and nothing narrower (${other}); “meshtop report” writes another.`);
  const filter = params.get("filter") ?? "";
  if (name === "exchanges") return exchanges(of, filter, params);
  const figures = own(of.answers, filter);
  if (!figures) missing(`Figures are there for all of it, and for ${of.services.inside} services each; not for “${filter}”.`);
  const key = name + (params.get("entry") === "true" ? "?entry=true" : "");
  const data = own(figures!, key) ?? (unfiltered.includes(name) ? own(of.answers[""]!, key) : undefined);
  if (!data) missing(`“${name}” was left out.`);
  const all = arranged(data!, name, params);
  const focus = params.get("focus");
  return focus ? near(all, focus, Number(params.get("depth") ?? 1)) : all;
}

/** The same as text, every digit of it; of figures, not of exchanges. */
export const insideText = (path: string): string => written(inside(kept(text("report")), path));
