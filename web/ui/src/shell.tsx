// What is around every page: the pages, the filter, the window, the command line that gives the same.
import { effect, signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { command, get, live, look, reached, type Problem } from "./data";
import { count } from "./format";
import { report, type Report } from "./report";
import { filter, go, link, pages, place } from "./url";
import { Walker } from "./walk";

const windows = ["1m", "5m", "15m", "1h", "6h", "24h"];
const typed = signal("");
effect(() => void (typed.value = filter.value));

/** What is wrong with a filter while it is typed; null where it is one. */
function useFilterProblem(text: string): Problem | null {
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const check = async () => {
      const body = await get(`filter?${new URLSearchParams({ filter: text })}`, stop.signal);
      setProblem(body.valid === false ? (body as unknown as Problem) : null);
    };
    if (text) check().catch(() => undefined);
    else setProblem(null);
    return () => stop.abort();
  }, [text]);
  return problem;
}

function FilterBox() {
  const text = typed.value;
  const box = useRef<HTMLInputElement>(null);
  const problem = useFilterProblem(text);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== "/" || (event.target as Element).closest("input, select")) return;
      event.preventDefault();
      box.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (!problem) go(link(null, { filter: text.trim() || null }));
  };
  const from = (problem?.column ?? 1) - 1;
  return (
    <form class="filter" role="search" onSubmit={submit}>
      <input
        ref={box}
        type="search"
        aria-label="Filter"
        aria-invalid={problem ? "true" : "false"}
        aria-describedby="filter-problem"
        placeholder="filter: status=5xx   ( / )"
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      {problem && (
        <p id="filter-problem" class="filter-problem" role="alert">
          <code>
            {text.slice(0, from)}
            <mark>{text.slice(from, from + (problem.length ?? 1)) || " "}</mark>
            {text.slice(from + (problem.length ?? 1))}
          </code>
          column {problem.column}: {problem.detail}
        </p>
      )}
    </form>
  );
}

function Windows() {
  const { params } = place.value;
  const walking = params.has("walk"); // it says itself when it is
  const bounded = (params.get("since") || params.get("until")) && !walking;
  const now = params.get("window");
  const [since = "", until = ""] = [params.get("since") ?? "", params.get("until") ?? ""].map((moment) => moment.replace(/Z$/, ""));
  // The day is left out where both ends are of one.
  const ofOneDay = since.split("T")[0] === until.split("T")[0];
  const brief = (moment: string) => moment.replace(ofOneDay ? /^.*T/ : /\.\d+$|T00:00(:00(\.0+)?)?$/, "").replace("T", " ");
  return (
    <nav class="windows" aria-label="Window of time">
      {bounded && (
        <a aria-current="true" href={link(null, { since: null, until: null, play: null })} title="Back to all">
          {brief(since)} – {brief(until)} UTC ✕
        </a>
      )}
      {windows.map((window) => (
        <a href={link(null, { window, since: null, until: null, walk: null, play: null })} aria-current={!bounded && now === window ? "true" : undefined}>
          {window}
        </a>
      ))}
      <a href={link(null, { window: null, since: null, until: null, walk: null, play: null })} aria-current={!bounded && !now && !walking ? "true" : undefined}>
        all
      </a>
    </nav>
  );
}

/** Whether what is shown grows. */
function Source() {
  useEffect(() => {
    const again = () => document.visibilityState === "visible" && live.value === false && look.value++;
    document.addEventListener("visibilitychange", again);
    return () => document.removeEventListener("visibilitychange", again);
  }, []);
  // Where nothing tells it, its room is there all the same: the pages beside it stand where they stood.
  const unknown = live.value === null;
  return (
    <span class={`source ${unknown ? "unknown" : ""}`} role="status" aria-hidden={unknown}>
      {live.value ? (
        <span class="live-dot on">● live</span>
      ) : (
        <>
          <span title="Nobody writes this database: what is shown stays as it is">○ not live</span>
          <button type="button" aria-label="Look again" title="Look again" onClick={() => look.value++}>
            ↻
          </button>
        </>
      )}
    </span>
  );
}

const moment = (ns: number) => new Date(ns / 1e6).toISOString().replace("T", " ").slice(0, 19);

/** What a report is of, and what was left out: its time and its filter are what they are. */
function About({ of }: { of: Report }) {
  const { exchanges, services } = of;
  return (
    <p class="about">
      Report of <b>{of.of}</b>, {moment(of.from_ns)} – {moment(of.to_ns)} UTC
      {of.filter && (
        <>
          , only <code>{of.filter}</code>
        </>
      )}
      . Figures are of all {count(exchanges.found)} exchanges
      {exchanges.inside < exchanges.found && `; inside are ${count(exchanges.inside)}: the slowest, failures and the latest`}
      {services.inside < services.found && `; of ${count(services.found)} services ${count(services.inside)} have figures of their own`}.
      {filter.value && (
        <a href={link(null, { filter: null })} title="Back to all of the report">
          only {filter.value} ✕
        </a>
      )}
    </p>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <>
      <header>
        <a class="name" href={link("/")}>
          meshtop
        </a>
        {!report && <Source />}
        <nav class="pages" aria-label="Pages">
          {Object.entries(pages).map(([path, title]) => (
            <a href={link(path)} aria-current={place.value.path === path ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
        {!report && <FilterBox />}
        {!report && place.value.path in pages && <Windows />}
        {!report && place.value.params.has("walk") && place.value.path in pages && <Walker />}
      </header>
      {report && <About of={report} />}
      {!reached.value && (
        <p class="banner" role="status">
          The server does not answer; what you see is what it said last. Asking again…
        </p>
      )}
      <main>{children}</main>
      <footer>
        <span class="prompt">$</span> <code>{command.value ?? "…"}{command.value === "" && <span class="faint">no command gives this</span>}</code>
        <button type="button" disabled={!command.value} onClick={() => void navigator.clipboard?.writeText(command.value ?? "").catch(() => undefined)} title="Copy the command">
          copy
        </button>
      </footer>
    </>
  );
}
