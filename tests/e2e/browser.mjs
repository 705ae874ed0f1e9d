// What the scripts share that look at pages in a headless Chromium: --meshtop BIN [--shots DIR] [--only WORDS]; a
// folder that goes at the end; pages that are listened to; and the run of all cases. Whoever imports it exits with 77
// where Chromium or npm's packages are not there.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const { values: given } = parseArgs({ options: { meshtop: { type: "string" }, shots: { type: "string" }, only: { type: "string" } } });
export const PATIENCE_MS = 20_000;
const CHROMIUM = "/usr/bin/chromium";

export function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

if (!given.meshtop) throw new Error("--meshtop BIN");
if (!existsSync(CHROMIUM)) skip(`no ${CHROMIUM}: apt-get install chromium`);
const library = join(root, "web/ui/node_modules/playwright-core/index.mjs");
if (!existsSync(library)) skip("no web/ui/node_modules/playwright-core: npm ci in web/ui");
const { chromium } = await import(library);

export const tmp = mkdtempSync(join(tmpdir(), "meshtop-page-"));
export const env = { ...process.env, TZ: "UTC", XDG_STATE_HOME: join(tmp, "state") };

/** What pages said on the console and what they asked for elsewhere: nothing. Not listened to while what fails does so on purpose. */
export const heard = { said: [], foreign: [], listens: true };

let browser = null;

/** A page that is listened to; `own` tells whether an address is the page's. It goes nowhere yet. */
export async function newPage(own, options) {
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const page = await browser.newPage({ colorScheme: "light", ...options });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => heard.listens && heard.said.push(message.text()));
  page.on("pageerror", (error) => heard.said.push(error.message));
  page.on("request", (request) => own(request.url()) || /^(data|blob):/.test(request.url()) || heard.foreign.push(request.url()));
  return page;
}

export async function shot(page, name) {
  if (!given.shots) return;
  mkdirSync(given.shots, { recursive: true });
  await page.screenshot({ path: join(given.shots, `${name}.png`) });
}

/** Waits until what is read is as wanted: what a page shows of several answers comes one by one. */
export async function becomes(read, wanted) {
  for (const begun = Date.now(); ; await new Promise((done) => setTimeout(done, 50))) {
    const got = await read();
    if (isDeepStrictEqual(got, wanted)) return;
    if (Date.now() - begun > PATIENCE_MS) assert.deepEqual(got, wanted);
  }
}

/** Those that JavaScript would round. */
export const longNumbers = (json) => json.match(/\b\d{16,}\b/g) ?? [];

/** As the page writes a ratio. */
export const percent = (ratio) => (ratio == null ? "–" : ratio === 0 ? "·" : (Math.min(ratio < 1 ? 999 : Infinity, Math.round(ratio * 1000)) / 10).toFixed(1));

export const texts = (page, selector) => page.locator(selector).allInnerTexts();

/** Runs them one after the other, then `last`; ends the process. */
export async function runAll(tests, last = async () => {}) {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    if (given.only && !name.includes(given.only)) continue;
    try {
      await test();
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
  if (heard.said.length || heard.foreign.length) {
    failed += 1;
    console.log(`FAILED  the console is silent, nothing is asked of elsewhere\n${[...heard.said, ...heard.foreign].join("\n")}`);
  }
  await browser?.close();
  await last();
  rmSync(tmp, { recursive: true });
  process.exit(failed ? 1 : 0);
}
