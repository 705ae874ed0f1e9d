// Where the pages' data comes from: the API, or what is inside a report. Answers stay shown while the next is
// fetched; a server that went away is asked again until it is back.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { inside, insideText, report } from "./report";

export type Row = Record<string, any>;
export interface Answer extends Row {
  command: string;
  live: boolean;
}
export interface Problem {
  title: string;
  detail: string;
  parameter?: string;
  column?: number;
  length?: number;
}

/** False from a request that got no answer until one that does. */
export const reached = signal(true);
/** Whether something writes the database: where nothing does, an answer stays as it is and is not asked for again. */
export const live = signal<boolean | null>(null);
/** Another number: look again all the same. */
export const look = signal(0);
/** Answers that are waited for. */
export const waiting = signal(0);
/** The command line of what is shown: null until it is known, empty where there is none. */
export const command = signal<string | null>(null);

const REFRESH_MS = 2000;

/** What the API answers to `path`; throws a problem, or what fetch does. */
export async function get(path: string, stop: AbortSignal): Promise<Answer> {
  if (report) return inside(report, path);
  const response = await fetch(`/api/v1/${path}`, { signal: stop });
  const text = await response.text();
  const body = JSON.parse(text);
  if (!response.ok) throw body as Problem;
  said.set(body, text);
  return body as Answer;
}

/** Answers as they came: JavaScript rounds what has more than 15 digits. */
const said = new WeakMap<Answer, string>();

/** The answer as text, every digit of it. */
export const textOf = (answer: Answer, path: string): string => (report ? insideText(path) : (said.get(answer) ?? ""));

export const isProblem = (error: unknown): error is Problem => typeof error === "object" && error !== null && "detail" in error;

export interface Asked {
  data: Answer | null;
  problem: Problem | null;
}

/** What the API answers to `path`, asked again as time goes on; null asks nothing. */
export function useAnswer(path: string | null): Asked {
  const [state, setState] = useState<Asked>({ data: null, problem: null });
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    let timer = 0;
    const ask = async () => {
      let again = true;
      waiting.value += 1;
      try {
        const data = await get(path, stop.signal);
        reached.value = true;
        live.value = again = data.live;
        setState({ data, problem: null });
      } catch (error) {
        if (stop.signal.aborted) return;
        reached.value = isProblem(error);
        if (isProblem(error)) setState((old) => ({ data: old.data, problem: error }));
      } finally {
        waiting.value -= 1;
      }
      if (again && !report) timer = window.setTimeout(ask, REFRESH_MS);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, look.value]);
  return state;
}

/** Shows the command line that gives what `answer` gave. */
export function useCommand(answer: Answer | null): void {
  useEffect(() => {
    if (answer) command.value = answer.command;
  }, [answer]);
}

/** Nothing is shown that a command would give. */
export function useNoCommand(nothing: boolean): void {
  useEffect(() => {
    if (nothing) command.value = "";
  }, [nothing]);
}
