// Where exchanges come from, and what the numbers stand on: sources, what was lost and when, the database.
import { useAnswer, useCommand, type Row } from "./data";
import { bytes, clock, count, day, time } from "./format";
import { Trouble } from "./parts";
import { report } from "./report";
import { asked, link } from "./url";
import { beginning } from "./walk";

const size = (row: Row) => (row.unit === "byte" ? bytes(row.count) : count(row.count));
const moment = (ns: number) => `${day(ns)} ${clock(ns)}`;
const iso = (ns: number) => new Date(ns / 1e6).toISOString();

/** The ten seconds around a moment, as the window. */
const around = (ns: number) => stretch(ns - 5e9, ns + 5e9);
/** A stretch of time as the window; a report has none but its own. */
const stretch = (from: number, to: number) => (report ? undefined : link("/", { since: iso(from), until: iso(to), window: null }));

function Database({ data }: { data: Row | null }) {
  const of: Row = data?.database ?? {};
  const lasts = data ? of.last_ns - of.first_ns : null;
  const fact = (name: string, text: string, title?: string) => (
    <div class="figure" title={title}>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
  return (
    <dl class="figures" aria-label="Database">
      {fact("exchanges", count(of.exchanges))}
      {fact("services", count(of.services))}
      {fact("routes", count(of.routes))}
      {fact("spans", time(lasts), data ? `${moment(of.first_ns)} – ${moment(of.last_ns)}` : undefined)}
      {fact("file", bytes(of.file_bytes))}
      {fact("rollups", count(of.cells), "cells: counters and histograms by key and time")}
      <p class="when">{data && (data.live ? "being written" : "nobody writes it now")}</p>
    </dl>
  );
}

/** What is true only of some databases. */
function Notes({ data }: { data: Row }) {
  return (
    <>
      {data.sample_one_of > 1 && <p class="banner">At times only one of {data.sample_one_of} connections was decoded: rates are of the sample.</p>}
      {data.database.rows_from_ns != null && data.database.exchanges < data.database.newest_id && (
        <p class="faint">Single exchanges are complete from {moment(data.database.rows_from_ns)}; before that only their sums are kept.</p>
      )}
    </>
  );
}

function Sources({ sources }: { sources: Row[] | undefined }) {
  return (
    <section class="block">
      <h2>Sources</h2>
      <div class="scroll">
        <table aria-label="Sources">
          <thead>
            <tr>
              <th>FILE OR INTERFACE</th>
              <th class="number">PACKETS</th>
              <th class="number">SIZE</th>
              <th class="number">FIRST</th>
              <th class="number">LASTS</th>
            </tr>
          </thead>
          <tbody>
            {sources?.map((source) => (
              <tr key={source.id}>
                <td class="fill path" title={source.path}>
                  <bdi>{source.path}</bdi>
                </td>
                <td class="number">{count(source.packets)}</td>
                <td class="number">{bytes(source.size_bytes)}</td>
                <td class="number">
                  {source.first_ns ? (
                    <a href={stretch(source.first_ns, source.last_ns + 1e6)} title="The overview of its time">
                      {moment(source.first_ns)}
                    </a>
                  ) : (
                    "–"
                  )}
                </td>
                <td class="number">{source.first_ns ? time(source.last_ns - source.first_ns) : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sources?.length === 0 && <p class="empty">None is noted in this database.</p>}
    </section>
  );
}

function Losses({ losses }: { losses: Row[] | undefined }) {
  return (
    <section class="block">
      <h2>Lost, of all time</h2>
      <div class="scroll">
        <table aria-label="Losses">
          <tbody>
            {losses?.map((loss) => (
              <tr key={loss.loss}>
                <td class={`number ${loss.count ? "warn" : "faint"}`}>{size(loss)}</td>
                <td>{loss.loss}</td>
                <td class="say">{loss.help}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Lost({ lost }: { lost: Row[] | undefined }) {
  return (
    <section class="block">
      <h2>Lost in this window</h2>
      <div class="scroll">
        <table aria-label="Moments of losses">
          <tbody>
            {lost?.map((one) => (
              <tr key={one.id}>
                <td>
                  <a href={around(one.at_ns)} title="Ten seconds around it">
                    {moment(one.at_ns)}
                  </a>
                </td>
                <td class="number warn">{size(one)}</td>
                <td>{one.loss}</td>
                <td class="say">{one.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {lost?.length === 0 && <p class="faint">Nothing.</p>}
      {lost?.length === 100 && <p class="faint">The newest 100.</p>}
    </section>
  );
}

export function Captures() {
  const answer = useAnswer(`captures?${asked()}`);
  const { data } = answer;
  useCommand(data);
  return (
    <>
      <Trouble of={answer} />
      <Database data={data} />
      {data && <Notes data={data} />}
      {!report && (
        <p class="links">
          <a href={beginning()}>walk through it</a>
          <span class="faint">every page shows a window that moves over its time</span>
        </p>
      )}
      <div class="two">
        <div>
          <Sources sources={data?.sources} />
          <Lost lost={data?.lost} />
        </div>
        <Losses losses={data?.losses} />
      </div>
    </>
  );
}
