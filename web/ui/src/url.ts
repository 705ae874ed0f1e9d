// What is shown is what the address says: page, window and filter. A link is a view. In a report, which is one
// file, that stands behind the #.
import { computed, signal } from "@preact/signals";
import { report } from "./report";

export const pages = { "/": "Overview", "/topology": "Topology", "/routes": "Routes & policy", "/tail": report ? "Exchanges" : "Live tail", "/captures": "Captures" } as const;

/** Window and filter: what the API is asked with. */
const windowed = ["window", "since", "until", "filter"] as const;
/** The parameters that every page keeps. */
const kept = [...windowed, "walk", "play"] as const;
/** What a page has besides goes when the page does. */
const own = ["focus", "depth", "label", "find", "hide", "idle", "edge", "nodes", "view", "sort"] as const;
export type Param = (typeof kept)[number] | (typeof own)[number];
export type Change = Partial<Record<Param, string | null>>;

const BEFORE = report ? "#" : "";

function read() {
  if (!report) return { path: location.pathname, params: new URLSearchParams(location.search) };
  const [path, query] = location.hash.slice(1).split("?");
  return { path: path || "/", params: new URLSearchParams(query) };
}
export const place = signal(read());
export const filter = computed(() => place.value.params.get("filter") ?? "");

addEventListener(report ? "hashchange" : "popstate", () => (place.value = read()));

/** The address of a page with what is kept, changed by `change`; null takes a parameter away. */
export function link(path: string | null, change: Change = {}): string {
  const params = new URLSearchParams();
  for (const name of path === null || path === place.value.path ? [...kept, ...own] : kept) {
    const value = name in change ? change[name] : place.value.params.get(name);
    if (value) params.set(name, value);
  }
  const query = params.toString();
  return BEFORE + (path ?? place.value.path) + (query ? `?${query}` : "");
}

export function go(address: string): void {
  if (report) return void (location.hash = address);
  history.pushState(null, "", address);
  place.value = read();
}

/** The same, without a step that `back` would go to. */
export function move(address: string): void {
  history.replaceState(null, "", address);
  place.value = read();
}

/** The window and filter as the API takes them. */
export function asked(extra: Record<string, string> = {}): string {
  const params = new URLSearchParams(extra);
  for (const name of windowed) {
    const value = place.value.params.get(name);
    if (value) params.set(name, value);
  }
  return params.toString();
}

const bare = /^[\w.\-/:{}]+$/;
const value = (text: string) => (bare.test(text) ? text : `"${text.replace(/[\\"]/g, "\\$&")}"`);

/** The filter of now, narrowed to `field` being `text`. */
export function narrowed(...terms: [field: string, text: string][]): string {
  const there = filter.value.split(" and ");
  const added = terms.map(([field, text]) => `${field}=${value(text)}`).filter((term) => !there.includes(term));
  const now = /\bor\b/.test(filter.value) ? `(${filter.value})` : filter.value;
  return [now, ...added].filter(Boolean).join(" and ");
}

/** Links within the page, those of a drawing too, do not load it anew. */
addEventListener("click", (event) => {
  const anchor = (event.target as Element).closest("a");
  if (report || !anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const to = new URL(anchor.getAttribute("href") ?? "about:blank", location.href);
  if (to.origin !== location.origin || to.pathname.startsWith("/api/") || anchor.hasAttribute("download")) return;
  event.preventDefault();
  go(to.pathname + to.search);
});
