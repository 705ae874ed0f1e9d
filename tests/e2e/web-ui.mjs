// web-ui.mjs --meshtop BIN [--shots DIR]: the page in a headless Chromium, over databases made from tests/data.
//
// Each page shows what the API answers; nothing is asked of elsewhere and nothing is said on the console. Waits are
// for what a person would see. Exit 77 where Chromium, npm's packages or the page itself are not there.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import assert from "node:assert/strict";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const { values: given } = parseArgs({ options: { meshtop: { type: "string" }, shots: { type: "string" } } });
const CHROMIUM = "/usr/bin/chromium";
const FIRST_PAGE_BYTES = 60 * 1024;
const ALL_BYTES = 260 * 1024;
const PATIENCE_MS = 20_000;

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

if (!given.meshtop) throw new Error("--meshtop BIN");
if (!existsSync(CHROMIUM)) skip(`no ${CHROMIUM}: apt-get install chromium`);
const library = join(root, "web/ui/node_modules/playwright-core/index.mjs");
if (!existsSync(library)) skip("no web/ui/node_modules/playwright-core: npm ci in web/ui");
const { chromium } = await import(library);

const tmp = mkdtempSync(join(tmpdir(), "meshtop-web-ui-"));
const env = { ...process.env, TZ: "UTC", XDG_STATE_HOME: join(tmp, "state") };
const db = join(tmp, "mesh.db");
const record = (capture) => execFileSync(given.meshtop, ["record", "-r", join(root, "tests/data", capture), "-w", db], { env, stdio: "pipe" });

const freePort = () =>
  new Promise((done) => {
    const socket = createServer().listen(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => done(port));
    });
  });

/** Serves the database at `port`; resolves once it listens. */
function serve(port) {
  const server = spawn(given.meshtop, ["serve", "-d", db, "--listen", `127.0.0.1:${port}`], { env, stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((done, fail) => {
    let said = "";
    const read = (text) => {
      said += text;
      if (said.includes("http://")) done(server);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("exit", (code) => fail(new Error(`serve ended with ${code}: ${said}`)));
  });
}

const ended = (server) =>
  new Promise((done) => {
    server.removeAllListeners("exit");
    server.once("exit", done);
    server.kill("SIGTERM");
  });

record("mesh.pcapng");
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
let server = await serve(port);
const api = async (path) => (await fetch(`${origin}/api/v1/${path}`)).json();

if ((await (await fetch(origin)).text()).includes("This build has no page")) {
  await ended(server);
  skip("this build has no page: it was made without npm");
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const said = [];
const foreign = [];
let quiet = true; // false while the server is away on purpose

async function open(path, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, colorScheme: "light", ...options });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => quiet && said.push(message.text()));
  page.on("pageerror", (error) => said.push(error.message));
  page.on("request", (request) => request.url().startsWith(`${origin}/`) || request.url().startsWith("data:") || foreign.push(request.url()));
  await page.goto(origin + path);
  return page;
}

async function shot(page, name) {
  if (!given.shots) return;
  mkdirSync(given.shots, { recursive: true });
  await page.screenshot({ path: join(given.shots, `${name}.png`) });
}

const texts = (page, selector) => page.locator(selector).allInnerTexts();

const tests = {
  async "the first page is small"() {
    const html = await (await fetch(origin)).text();
    const paths = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
    assert.equal(paths.length, 2);
    const script = paths.find((path) => path.endsWith(".js"));
    const worker = /\/layout-\w+\.js/.exec(await (await fetch(origin + script)).text())[0];
    const size = async (path) => {
      const answer = await fetch(origin + path, { headers: { "Accept-Encoding": "gzip" } });
      assert.equal(answer.headers.get("content-encoding"), "gzip");
      return Number(answer.headers.get("content-length"));
    };
    const first = (await Promise.all(["/", ...paths].map(size))).reduce((sum, bytes) => sum + bytes);
    assert.ok(first > 1000 && first <= FIRST_PAGE_BYTES, `${first} bytes, compressed`);
    assert.ok(first + (await size(worker)) <= ALL_BYTES);
  },

  async "the overview shows what the API answers, trouble first"() {
    const { services } = await api("services");
    const { summary } = await api("summary");
    const page = await open("/");
    await page.locator("tbody tr").first().waitFor();
    const names = await texts(page, "section:has(h2:text('Services')) tbody td:first-child");
    assert.deepEqual(names, services.map((row) => row.service));
    const success = (await texts(page, ".figure:has(dt:text('success')) dd"))[0];
    assert.equal(success, `${(Math.floor(summary.success_ratio * 1000) / 10).toFixed(1)} %`);
    assert.equal(await page.locator(".plot canvas").count(), 3);
    assert.match((await texts(page, "footer code"))[0], /^meshtop stat -d /);
    await shot(page, "overview-light");
    await page.close();
  },

  async "a service is a link that filters, and the address is the view"() {
    const page = await open("/");
    await page.getByRole("link", { name: "payments", exact: true }).first().click();
    await page.waitForURL(/filter=svc/);
    await page.waitForFunction(() => document.querySelectorAll("section:first-child tbody tr").length === 1);
    const other = await open(page.url().slice(origin.length));
    await other.locator("tbody tr").first().waitFor();
    assert.equal(await other.getByLabel("Filter").inputValue(), "svc=payments");
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll("section:first-child tbody tr").length === 4);
    await page.close();
    await other.close();
  },

  async "a filter that is none is marked where it goes wrong"() {
    const page = await open("/");
    await page.locator("tbody tr").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("status>=5x");
    await page.locator("#filter-problem mark", { hasText: "5x" }).waitFor();
    assert.match((await texts(page, "#filter-problem"))[0], /column 9: '5x' is not a status/);
    await page.keyboard.press("Enter");
    assert.equal(new URL(page.url()).search, "");
    await page.keyboard.press("Backspace");
    await page.keyboard.type("xx");
    await page.locator("#filter-problem").waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await page.waitForURL(/filter=status/);
    await page.close();
  },

  async "a brush on a chart sets the window"() {
    const page = await open("/");
    await page.locator("tbody tr").first().waitFor();
    const box = await page.locator(".u-over").first().boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/since=.*until=/);
    const { searchParams } = new URL(page.url());
    const lasts = Date.parse(searchParams.get("until")) - Date.parse(searchParams.get("since"));
    assert.ok(lasts > 3000 && lasts < 9000, `${lasts} ms of 25 s`);
    await page.locator(".windows a[aria-current]", { hasText: "UTC" }).waitFor();
    await page.close();
  },

  async "an exchange says why, and shows its trace"() {
    const answer = await api("exchange/200");
    const page = await open("/exchange/200");
    await page.locator("h1").waitFor();
    assert.match((await texts(page, "h1"))[0], /POST http:\/\/frontend\/checkout → 200 after 21 ms/);
    assert.deepEqual(await texts(page, ".why li"), answer.why);
    assert.equal(await page.locator(".span").count(), answer.trace.spans.length);
    await shot(page, "exchange");
    await page.locator(".span a").last().click();
    await page.waitForURL(/\/exchange\/199$/);
    await page.close();
  },

  async "the topology shows every service and edge, and what one of them is"() {
    const { nodes, edges } = await api("edges");
    const page = await open("/topology");
    await page.locator(".node").first().waitFor();
    assert.equal(await page.locator(".node").count(), nodes.length);
    assert.equal(await page.locator(".edge").count(), edges.length);
    await page.locator(".node.failing", { hasText: "payments" }).waitFor();
    await page.getByRole("link", { name: "P95" }).click();
    await page.waitForURL(/label=p95/);
    await page.getByRole("link", { name: /^payments, failing/ }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/focus=payments/);
    await page.locator("aside").getByText("Called by").waitFor();
    await shot(page, "topology");
    await page.getByRole("link", { name: "near" }).click();
    const near = (await api("edges?focus=payments&depth=1")).nodes.length;
    await page.waitForFunction((n) => document.querySelectorAll(".node").length === n, near);
    await page.getByRole("link", { name: "its tail" }).click();
    await page.waitForURL(/\/tail\?filter=svc%3Dpayments$/);
    await page.close();
  },

  async "it fits a phone, in the dark"() {
    for (const path of ["/", "/topology", "/tail", "/exchange/200"]) {
      const page = await open(path, { viewport: { width: 360, height: 800 }, colorScheme: "dark" });
      await page.locator("tbody tr, .node, .line[data-id], h1").first().waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, path);
      await shot(page, `phone${path.replace(/\W/g, "-")}`);
      await page.close();
    }
  },

  async "the tail grows while rows are written, and only lines in sight are there"() {
    const { database } = await api("captures");
    const page = await open("/tail");
    await page.locator(`.line[data-id="${database.newest_id}"]`).waitFor();
    assert.ok((await page.locator(".line[data-id]").count()) < 80);
    record("http1-status.pcapng");
    const after = (await api("captures")).database.newest_id;
    assert.ok(after > database.newest_id);
    await page.locator(`.line[data-id="${after}"]`).waitFor();
    await page.getByRole("button", { name: "pause" }).click();
    record("http1-failures.pcapng");
    await page.getByText(/paused, [1-9]\d* waiting/).waitFor();
    await page.getByRole("button", { name: "follow" }).click();
    const last = (await api("captures")).database.newest_id;
    await page.locator(`.line[data-id="${last}"]`).waitFor();
    const ids = await page.locator(".line[data-id]").evaluateAll((lines) => lines.map((line) => Number(line.dataset.id)));
    assert.equal(new Set(ids).size, ids.length, "no row twice");
    await shot(page, "tail");
    await page.close();
  },

  async "a server that comes back is found again, nothing left out"() {
    const page = await open("/tail");
    const { database } = await api("captures");
    await page.locator(`.line[data-id="${database.newest_id}"]`).waitFor();
    quiet = false;
    await ended(server);
    await page.getByText("The server does not answer").waitFor();
    record("sse.pcapng");
    server = await serve(port);
    await page.getByText("The server does not answer").waitFor({ state: "detached" });
    const { newest_id: newest } = (await api("captures")).database;
    assert.ok(newest > database.newest_id);
    for (let id = database.newest_id; id <= newest; id++) await page.locator(`.line[data-id="${id}"]`).waitFor();
    quiet = true;
    await page.close();
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
if (said.length || foreign.length) {
  failed += 1;
  console.log(`FAILED  the console is silent, nothing is asked of elsewhere\n${[...said, ...foreign].join("\n")}`);
}
await browser.close();
await ended(server);
rmSync(tmp, { recursive: true });
process.exit(failed ? 1 : 0);
