// web-ui.mjs --meshtop BIN [--shots DIR] [--only WORDS]: the page in a headless Chromium, over databases made from tests/data.
//
// Each page shows what the API answers; nothing is asked of elsewhere and nothing is said on the console. Waits are
// for what a person would see. Exit 77 where Chromium, npm's packages or the page itself are not there.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import assert from "node:assert/strict";
import { PATIENCE_MS, becomes, env, given, heard, longNumbers, newPage, percent, root, runAll, shot, skip, texts, tmp } from "./browser.mjs";

const FIRST_PAGE_BYTES = 60 * 1024;
const ALL_BYTES = 260 * 1024;

const db = join(tmp, "mesh.db");
const record = (capture) => execFileSync(given.meshtop, ["record", "-r", join(root, "tests/data", capture), "-w", db], { env, stdio: "pipe" });

let nextPort = 10_000 + (process.pid % 124) * 16;

/** Below those that the kernel gives out by itself, and those of proxying.py: nobody takes it before it is used. */
const freePort = () =>
  new Promise((done) => {
    const port = nextPort++;
    const socket = createServer()
      .on("error", () => done(freePort()))
      .listen(port, "127.0.0.1", () => socket.close(() => done(port)));
  });

/** Serves the database at `port`; resolves once it listens. */
const serve = (port) => start(["serve", "-d", db, "--listen", `127.0.0.1:${port}`]);

/** Starts what serves a page; resolves once it listens. */
function start(args) {
  const server = spawn(given.meshtop, args, { env, stdio: ["ignore", "pipe", "pipe"] });
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

/** A database of a capture in the tests' folder, and its page. */
async function serving(capture) {
  const path = join(tmp, `${capture.replace(/\W/g, "-")}.db`);
  execFileSync(given.meshtop, ["record", "-r", join(tmp, capture), "-w", path], { env, stdio: "pipe" });
  const port = await freePort();
  const server = await start(["serve", "-d", path, "--listen", `127.0.0.1:${port}`]);
  return { server, from: `http://127.0.0.1:${port}`, path };
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
const api = async (path, from = origin) => (await fetch(`${from}/api/v1/${path}`)).json();

if ((await (await fetch(origin)).text()).includes("This build has no page")) {
  await ended(server);
  skip("this build has no page: it was made without npm");
}

async function open(path, { from = origin, clock = false, ...options } = {}) {
  const page = await newPage((address) => address.startsWith(`${from}/`), { viewport: { width: 1400, height: 900 }, ...options });
  if (clock) await page.clock.install();
  await page.goto(from + path);
  return page;
}

/** A proxy with its page: of two endpoints of `cart` one answers 503 to GET; POST fails from `failing` on. */
async function proxying() {
  const mesh = { failing: false };
  const answer = (bad) => (request, response) => {
    request.resume();
    response.statusCode = request.method === "POST" ? (mesh.failing ? 500 : 200) : bad ? 503 : 200;
    response.end("x");
  };
  const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
  const services = [createHttpServer(answer(false)), createHttpServer(answer(true))];
  const ports = await Promise.all(services.map(listen));
  const listener = await freePort();
  const config = join(tmp, "mesh.yaml");
  writeFileSync(
    config,
    `listeners:
  - {name: edge, address: "127.0.0.1:${listener}"}
services:
  cart: {endpoints: [${ports.map((port) => `"127.0.0.1:${port}"`).join(", ")}], balance: round-robin, breaker: {out: 60s..60s}}
routes:
  - {match: {path: /*}, to: cart, retry: 5xx}
`,
  );
  const web = await freePort();
  const proxy = await start(["proxy", "-c", config, "-w", join(tmp, `${listener}.db`), "--web", String(web)]);
  mesh.origin = `http://127.0.0.1:${web}`;
  mesh.ask = async (method, path) => (await fetch(`http://127.0.0.1:${listener}${path}`, { method })).text();
  mesh.end = async () => {
    await ended(proxy);
    for (const service of services) service.close();
  };
  return mesh;
}

const colourOf = (page, name) =>
  page.evaluate((name) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(${name})`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }, name);

/** Asks until an answer of the API is as it should be. */
async function until(path, from, holds) {
  for (const begun = Date.now(); ; await new Promise((done) => setTimeout(done, 100))) {
    const answer = await api(path, from);
    if (holds(answer)) return answer;
    if (Date.now() - begun > PATIENCE_MS) throw new Error(`${path} stays ${JSON.stringify(answer).slice(0, 500)}`);
  }
}

/** A capture of which some packets in the middle were lost. */
function cutSome(pcap) {
  const records = [];
  for (let at = 24; at + 16 <= pcap.length; at += 16 + pcap.readUInt32LE(at + 8)) records.push(pcap.subarray(at, at + 16 + pcap.readUInt32LE(at + 8)));
  return Buffer.concat([pcap.subarray(0, 24), ...records.filter((_, i) => i < 10 || i % 7 !== 3)]);
}

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
    // of other answers
    await becomes(() => texts(page, ".figure:has(dt:text('success')) dd"), [`${percent(summary.success_ratio)} %`]);
    await becomes(() => page.locator(".plot canvas").count(), 3);
    assert.match((await texts(page, "footer code"))[0], /^meshtop stat -d /);
    const { routes } = await api("routes?limit=50");
    const wanted = routes.map((row) => `${row.service} ${row.method} ${row.route}`);
    await becomes(() => texts(page, "section:has(h2:text('Routes')) tbody td:first-child"), wanted);
    await shot(page, "overview-light");
    await page.close();
  },

  async "a filter that hides all says how much, and goes"() {
    const { total } = await api("summary");
    const page = await open("/?filter=svc%3Dnosuch");
    await page.getByText(`The filter hides all ${total.exchanges} exchanges of this window.`).waitFor();
    assert.equal(await page.getByText("meshtop record").count(), 0);
    await shot(page, "overview-hidden");
    await page.getByRole("link", { name: "Take it away" }).click();
    await page.locator("tbody tr").first().waitFor();
    await page.goto(`${origin}/?since=2020-01-01&until=2020-01-02`);
    await page.getByText("Nothing here in this window.").waitFor();
    await page.close();
    writeFileSync(join(tmp, "empty.pcap"), readFileSync(join(root, "tests/data/copies-any.pcap")).subarray(0, 24));
    const empty = await serving("empty.pcap");
    const other = await open("/?filter=a", { from: empty.from });
    await other.getByText("meshtop record -i any -w DB").waitFor();
    await other.close();
    await ended(empty.server);
  },

  async "the header stands still, whatever is answered; where no command gives it, the foot says so"() {
    heard.listens = false; // a browser tells of every 400
    const places = [];
    for (const path of ["/", "/nosuch", "/?window=xx", "/tail?filter=status%3E%3D5x", "/exchange/99999", "/captures"]) {
      const page = await open(path);
      const good = path === "/" || path === "/captures";
      if (good) await page.getByText("○ not live").waitFor();
      await page.locator("footer code", { hasText: good ? /^meshtop / : "no command gives this" }).waitFor();
      if (path.startsWith("/tail")) await page.locator("main .banner", { hasText: "'5x' is not a status" }).waitFor();
      places.push((await page.locator(".pages").boundingBox()).x);
      await page.close();
    }
    heard.listens = true;
    assert.equal(new Set(places).size, 1, places.join(" "));
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

  async "routes are sorted by a title, and each figure leads to what it counts"() {
    const { routes } = await api("routes?sort=-requests_per_s");
    const page = await open("/routes");
    await page.locator("tbody tr").first().waitFor();
    assert.equal(await page.locator("tbody tr").count(), routes.length);
    assert.match((await texts(page, "footer code"))[0], /^meshtop routes -d /);
    await page.getByRole("link", { name: "RPS" }).click();
    await page.waitForURL(/sort=-requests_per_s/);
    await page.locator('th[aria-sort="descending"]', { hasText: "RPS" }).waitFor();
    await page.waitForFunction((route) => document.querySelector("tbody tr td:nth-child(3)").innerText === route, routes[0].route);
    assert.deepEqual(await texts(page, "tbody tr td:nth-child(3)"), routes.map((row) => row.route));
    await shot(page, "routes");
    const failing = page.locator("tbody tr", { has: page.locator("td.bad") }).first();
    await failing.locator("td.bad a").click();
    await page.waitForURL(/\/tail\?filter=svc%3D.*outcome%3Dfailure/);
    await page.locator(".line[data-id]").first().waitFor();
    const statuses = await texts(page, ".line[data-id] span.number.bad");
    assert.equal(statuses.length, await page.locator(".line[data-id]").count(), "failures alone");
    await page.close();
  },

  async "policy shows what clients got beside what tries got, and what breakers and budgets are at"() {
    const mesh = await proxying();
    for (let i = 0; i < 40; i++) await mesh.ask("GET", `/cart/${i}`);
    const written = (answer) => Math.round((answer.policy[0]?.requests_per_s * (answer.asked.to_ns - answer.asked.from_ns)) / 1e9) === 40;
    const { policy, breakers, budgets } = await until("policy", mesh.origin, (answer) => written(answer) && answer.breakers.some((one) => one.breaker === "open") && answer.budgets.length > 0);
    assert.equal(policy.length, 1);
    assert.equal(policy[0].success_ratio, 1);
    assert.ok(policy[0].tries_success_ratio < 0.95, JSON.stringify(policy[0]));
    const page = await open("/routes?view=policy", { from: mesh.origin });
    await page.locator("tr[data-route]").waitFor();
    const cells = await texts(page, "tr[data-route] td");
    assert.deepEqual(cells.slice(2, 5), ["/cart/{id}", "100.0", percent(policy[0].tries_success_ratio)]);
    assert.match(cells[cells.length - 1], /1 of 2 open/);
    assert.match(cells[cells.length - 2], /\d+ of \d+ left/);
    assert.deepEqual((await texts(page, "tr[data-endpoint] td:nth-child(3)")).map((text) => text.replace("└ ", "")), breakers.map((one) => one.endpoint).sort());
    await page.locator("tr[data-endpoint] td.bad", { hasText: "open" }).waitFor();
    assert.match((await texts(page, "footer code"))[0], /^meshtop policy -d /);
    await page.getByText("● live").waitFor();
    await shot(page, "policy");
    await page.locator("tr[data-route] td:nth-child(8) a").click();
    await page.waitForURL(/observer%3Dproxy_attempt/);
    const filter = new URL(page.url()).searchParams.get("filter");
    const tries = (await api(`exchanges?${new URLSearchParams({ filter })}`, mesh.origin)).exchanges;
    assert.ok(tries.length >= 2, "of each request that was tried again, each try");
    await page.locator(`.line[data-id="${tries[tries.length - 1].id}"]`).waitFor();
    assert.equal(await page.locator(".line[data-id]").count(), tries.length);
    await page.goBack();
    await page.locator("tr[data-route]").waitFor();
    await page.setViewportSize({ width: 360, height: 800 });
    await page.emulateMedia({ colorScheme: "dark" });
    await shot(page, "policy-phone");
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("link", { name: "1 of 2 open" }).click();
    await page.locator("tbody td.bad", { hasText: "open" }).waitFor();
    assert.deepEqual(await texts(page, "tbody td:last-child"), (await api("policy", mesh.origin)).breakers.map((one) => one.reason ?? ""));
    assert.ok(breakers.some((one) => one.reason));
    assert.equal(await page.locator("tbody tr").count(), breakers.length);
    await page.locator("footer code", { hasText: "--by endpoint" }).waitFor();
    await page.getByRole("link", { name: "Budgets" }).click();
    await page.getByText("the whole proxy").waitFor();
    assert.equal(await page.locator("tbody tr").count(), budgets.length);
    await page.locator("footer code", { hasText: "--by budget" }).waitFor();
    await shot(page, "budgets-dark");
    await page.close();
    await mesh.end();
  },

  async "captures tells where exchanges come from and what was lost"() {
    const { sources, losses, database } = await api("captures");
    const page = await open("/captures");
    await page.getByRole("table", { name: "Sources" }).locator("tbody tr").first().waitFor();
    assert.equal(await page.getByRole("table", { name: "Sources" }).locator("tbody tr").count(), sources.length);
    assert.match((await texts(page, "table[aria-label=Sources] td"))[0], /mesh\.pcapng$/);
    assert.deepEqual(await texts(page, "table[aria-label=Losses] td:nth-child(2)"), losses.map((row) => row.loss));
    assert.equal((await texts(page, ".figure:has(dt:text('exchanges')) dd"))[0], String(database.exchanges));
    await page.getByText("nobody writes it now").waitFor();
    await shot(page, "captures");
    await page.close();
  },

  async "a loss is told with its time, which leads there"() {
    const folder = "a-folder-whose-name-is-so-long-that-no-page-has-room-for-it-beside-what-it-says-of-the-file-and-then-some";
    mkdirSync(join(tmp, folder));
    const whole = readFileSync(join(root, "tests/data/http1-framing.pcap"));
    writeFileSync(join(tmp, folder, "lossy.pcap"), cutSome(whole));
    const { server: other, from, path: lossy } = await serving(join(folder, "lossy.pcap"));
    const { lost, losses } = await api("captures", from);
    assert.ok(lost.length > 0 && losses.some((row) => row.count > 0), JSON.stringify(lost));
    const page = await open("/captures", { from });
    await page.getByRole("table", { name: "Moments of losses" }).locator("tbody tr").first().waitFor();
    assert.equal(await page.getByRole("table", { name: "Moments of losses" }).locator("tbody tr").count(), lost.length);
    const wide = await page.locator(".scroll").evaluateAll((boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth).length);
    assert.equal(wide, 0, "nothing of a table is out of sight");
    await shot(page, "captures-losses");
    await page.getByRole("table", { name: "Moments of losses" }).locator("a").first().click();
    await page.waitForURL(/\/\?since=.*&until=/);
    const gap = losses.find((row) => row.loss === "gap").count;
    assert.ok(gap > 0 && gap < 1000, "as bytes it is written out");
    await page.locator(".figure.losses", { hasText: `gap ${gap} B` }).waitFor();
    const { exchanges, lost: told } = await api("exchanges?limit=300", from);
    assert.equal(told.reduce((sum, one) => sum + one.count, 0), gap);
    const until = "until=2100-01-01"; // of a window that has an end, too
    for (const path of ["/tail", `/tail?${until}`]) {
      await page.goto(from + path);
      await page.getByText(`lost: ${gap} B`).waitFor();
      const lines = await texts(page, ".list-space > .line:not(.head)");
      assert.equal(lines.length, exchanges.length + told.length);
      for (const one of told) {
        const at = lines.findIndex((line) => line.includes(`── ${one.count} B lost here: ${one.why} ──`));
        const above = exchanges.filter((row) => row.id >= one.before_id).length;
        assert.ok(at >= above && at <= above + told.length, `${at} of ${one.before_id} in ${path}`);
      }
      await shot(page, "tail-lost");
    }
    await page.goto(`${from}/tail`);
    await page.getByText(`lost: ${gap} B`).waitFor();
    execFileSync(given.meshtop, ["record", "-r", join(tmp, folder, "lossy.pcap"), "-w", lossy], { env, stdio: "pipe" });
    await page.getByText(`lost: ${2 * gap} B`).waitFor(); // while it is followed
    assert.equal((await texts(page, ".list-space > .line.warn")).length, 2 * told.length);
    await page.close();
    await ended(other);
  },

  async "a walk moves the window of every page, stands, is sought and is shared"() {
    const { database } = await api("captures");
    const page = await open("/captures");
    await page.getByRole("link", { name: "walk through it" }).click();
    await page.waitForURL(/play=1/);
    const place = () => new URL(page.url()).searchParams;
    await page.waitForURL(/since=.*until=/);
    assert.equal(await page.locator(".windows [aria-current]").count(), 0, "it is no window of those");
    const first = place().get("until");
    await page.waitForFunction((first) => new URLSearchParams(location.search).get("until") > first, first);
    const width = () => Date.parse(place().get("until")) - Date.parse(place().get("since"));
    assert.equal(width(), 2000, "a tenth of 25 s, in a width that there is");
    await page.getByLabel("Speed").selectOption("10");
    await page.waitForURL(/play=10/);
    await page.getByRole("link", { name: "Live tail" }).click();
    await page.waitForURL(/\/tail\?.*play=10/);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.waitForURL((url) => !url.searchParams.has("play"));
    await page.getByLabel("Position").focus();
    await page.keyboard.press("End");
    await page.waitForFunction((last) => Math.abs(Date.parse(new URLSearchParams(location.search).get("until")) - last) <= 2, database.last_ns / 1e6);
    const { exchanges } = await api(`exchanges?since=${place().get("since")}&until=${place().get("until")}`);
    assert.ok(exchanges.length > 2);
    await page.waitForFunction((id) => document.querySelector(".line[data-id]")?.dataset.id === String(id), exchanges[0].id);
    const ids = await page.locator(".line[data-id]").evaluateAll((lines) => lines.map((line) => Number(line.dataset.id)));
    assert.deepEqual(ids, exchanges.slice(0, ids.length).map((row) => row.id));
    await shot(page, "walk-tail");
    const other = await open(page.url().slice(origin.length));
    await other.getByRole("button", { name: "Play" }).waitFor();
    assert.equal(await other.getByLabel("Position").inputValue(), await page.getByLabel("Position").inputValue());
    await other.close();
    await page.getByRole("button", { name: "Play" }).click(); // from its end it begins again, and comes to it
    await page.getByLabel("Speed").selectOption("max");
    await page.waitForURL((url) => !url.searchParams.has("play"));
    await page.getByRole("link", { name: "End the walk" }).click();
    await page.locator(".walk").waitFor({ state: "detached" });
    await page.close();
  },

  async "what nobody writes is asked for once, and again when told to"() {
    const page = await open("/", { clock: true });
    await page.locator("tbody tr").first().waitFor();
    await page.getByText("○ not live").waitFor();
    await page.waitForLoadState("networkidle");
    let asked = 0;
    page.on("request", () => (asked += 1));
    await page.clock.runFor(30_000);
    await page.waitForLoadState("networkidle");
    assert.equal(asked, 0);
    const again = page.waitForResponse(/\/api\/v1\/services/);
    await page.getByRole("button", { name: "Look again" }).click();
    await again;
    await becomes(() => asked >= 4, true);
    await page.close();
  },

  async "what changed is said in words, what got worse first"() {
    const mesh = await proxying();
    for (const begun = Date.now(); Date.now() - begun < 6000; ) {
      mesh.failing = Date.now() - begun > 3000;
      await mesh.ask("POST", "/cart/7/items");
      await new Promise((done) => setTimeout(done, 10));
    }
    await until("changes", mesh.origin, (answer) => answer.changes.length > 0);
    const page = await open("/", { from: mesh.origin });
    const first = page.locator(".changes li").first();
    await page.locator(".changes li.worse").first().waitFor();
    await becomes(async () => /^cart POST \/cart\/\{id\}\/items: success [\d.]+ % → [\d.]+ %$/.test(await first.innerText()), true);
    await shot(page, "changes");
    await first.locator("a").click();
    await page.waitForURL(/\/tail\?filter=.*outcome%3Dfailure/);
    await page.close();
    await mesh.end();
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

  async "expressions find and hide, and say what is wrong with them"() {
    const { nodes, edges } = await api("edges");
    const page = await open("/topology");
    await page.locator(".node").first().waitFor();
    await page.getByLabel("Find nodes and edges").fill("ok<95");
    await page.keyboard.press("Enter");
    await page.waitForURL(/find=ok%3C95/);
    const bad = (row) => row.success_ratio != null && row.success_ratio < 0.95;
    const lit = await page.locator(".node:not(.dim)").count();
    assert.ok(lit > 0 && lit < nodes.length);
    assert.equal(lit, nodes.filter(bad).length);
    assert.equal(await page.locator(".edge:not(.dim)").count(), edges.filter(bad).length);
    await page.getByLabel("Hide nodes and edges").fill("name=internet or dst=payments");
    await page.keyboard.press("Enter");
    await page.waitForFunction((n) => document.querySelectorAll(".node").length === n, nodes.length - 1);
    const left = edges.filter((edge) => edge.client !== "internet" && edge.server !== "payments");
    assert.equal(await page.locator(".edge").count(), left.length);
    await page.getByText("1 service hidden").waitFor();
    const before = page.url();
    for (const [label, text, says] of [
      ["Hide nodes and edges", "speed>9", "hide: there is no 'speed'"],
      ["Find nodes and edges", "ok<", "find: 'ok<' is no condition"],
    ]) {
      await page.getByLabel(label).fill(text); // while it is typed
      await page.getByRole("alert").getByText(says).waitFor();
      assert.ok((await page.getByRole("alert").last().evaluate((alert) => getComputedStyle(alert).color)) === (await colourOf(page, "--bad")));
      await page.keyboard.press("Enter");
    }
    assert.equal(page.url(), before, "what is none is not taken");
    await shot(page, "expressions");
    await page.getByLabel("Find nodes and edges").fill("payments");
    await page.keyboard.press("Enter");
    await page.waitForURL(/find=payments/);
    await page.goto(`${origin}/topology?find=foo%3C9`);
    await page.getByRole("alert").getByText("there is no 'foo'").waitFor();
    await page.close();
  },

  async "edges that are idle in the window are dimmed, or hidden"() {
    const { summary, history } = await api("summary");
    assert.ok(summary.exchanges > 0);
    const edges = (await api("edges")).edges;
    const from = history.to_ns / 1e9 - 1; // of the last second some are idle
    const window = `since=${from.toFixed(3)}&until=${(from + 1).toFixed(3)}`;
    const now = (await api(`edges?${window}`)).edges;
    assert.ok(now.length < edges.length);
    const iso = (s) => new Date(Math.round(s * 1000)).toISOString();
    const page = await open(`/topology?since=${iso(from)}&until=${iso(from + 1)}`);
    await page.locator(".edge.idle").first().waitFor();
    assert.equal(await page.locator(".edge").count(), edges.length);
    await shot(page, "topology-idle");
    await page.getByRole("link", { name: "idle hidden" }).click();
    await page.waitForFunction((n) => document.querySelectorAll(".edge").length === n, now.length);
    await page.close();
  },

  async "an edge has its figures; above so many nodes the rest is one"() {
    const { edges } = await api("edges");
    const page = await open("/topology?nodes=3");
    await page.locator(".node").first().waitFor();
    assert.equal(await page.locator(".node").count(), 3);
    await page.getByText("with the least traffic drawn as one").waitFor();
    await page.goto(`${origin}/topology`);
    await page.getByRole("link", { name: /^frontend → cart/ }).first().focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/edge=/);
    const aside = page.getByRole("complementary");
    await aside.getByText("handshake").waitFor();
    const edge = edges.find((one) => one.client === "frontend" && one.server === "cart");
    assert.equal(await aside.locator("dt:text-is('requests') + dd").innerText(), String(edge.exchanges));
    await shot(page, "topology-edge");
    await aside.getByRole("link", { name: "its tail" }).click();
    await page.waitForURL(/\/tail\?filter=src%3Dfrontend\+and\+svc%3Dcart$/);
    await page.close();
  },

  async "it is zoomed and moved, by keys, wheel and hand, and a drag is no click"() {
    const page = await open("/topology");
    await page.locator(".node").first().waitFor();
    const seen = () => page.locator(".graph").evaluate((svg) => svg.viewBox.baseVal).then((box) => box ?? null);
    const box = async () => (await page.locator(".graph").getAttribute("viewBox")).split(" ").map(Number);
    assert.ok(await seen());
    const whole = await box();
    await page.keyboard.press("+");
    await page.waitForFunction((before) => document.querySelector(".graph").getAttribute("viewBox") !== before, whole.join(" "));
    assert.ok(Math.abs((await box())[2] - whole[2] / 1.3) < 0.01);
    await page.getByRole("button", { name: "Show all" }).click();
    await page.waitForFunction((before) => document.querySelector(".graph").getAttribute("viewBox") === before, whole.join(" "));
    const node = await page.locator(".node", { hasText: "cart" }).first().boundingBox();
    await page.mouse.move(node.x + 20, node.y + 10);
    await page.mouse.wheel(0, -120);
    await page.waitForFunction((width) => Number(document.querySelector(".graph").getAttribute("viewBox").split(" ")[2]) < width, whole[2]);
    const near = await box();
    await page.mouse.down();
    await page.mouse.move(node.x + 120, node.y + 60, { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction((before) => document.querySelector(".graph").getAttribute("viewBox") !== before, near.join(" "));
    const moved = await box();
    assert.ok(moved[0] < near[0] && moved[1] < near[1] && moved[2] === near[2]);
    assert.equal(new URL(page.url()).search, "", "no node was chosen");
    await page.close();
  },

  async "the graph leaves as an image, as DOT and as JSON"() {
    const { edges } = await api("edges");
    const page = await open("/topology");
    await page.locator(".node").first().waitFor();
    const saved = async (name) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
      return readFileSync(await download.path());
    };
    const png = await saved("PNG");
    assert.equal(png.subarray(1, 4).toString(), "PNG");
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    assert.ok(width > 800 && height > 200, `${width}x${height}`);
    if (given.shots) writeFileSync(join(given.shots, "topology-export.png"), png);
    assert.ok(png.length > 5000, `${png.length} bytes: it is empty`);
    assert.equal((await saved("DOT")).toString().split(" -> ").length - 1, edges.length);
    const json = (await saved("JSON")).toString();
    assert.equal(JSON.parse(json).edges.length, edges.length);
    const moments = longNumbers(await (await fetch(`${origin}/api/v1/edges?limit=1000`)).text());
    assert.ok(moments.length > 0);
    assert.deepEqual(longNumbers(json), moments, "every digit of them");
    await page.close();
  },

  async "it fits a phone, in the dark"() {
    for (const path of ["/", "/topology", "/topology?focus=cart", "/routes", "/captures", "/captures?walk=1", "/tail", "/exchange/200"]) {
      const page = await open(path, { viewport: { width: 360, height: 800 }, colorScheme: "dark" });
      await page.locator("tbody tr, .node, .line[data-id], h1").first().waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, path);
      await shot(page, `phone${path.replace(/\W/g, "-")}`);
      await page.close();
    }
  },

  async "a phone shows the whole topology, and it can be read"() {
    const page = await open("/topology", { viewport: { width: 360, height: 800 } });
    await page.locator(".node").first().waitFor();
    const box = await page.locator(".graph").boundingBox();
    for (const node of await page.locator(".node").all()) {
      const at = await node.boundingBox();
      assert.ok(at.x >= box.x && at.x + at.width <= box.x + box.width && at.y >= box.y && at.y + at.height <= box.y + box.height, JSON.stringify([at, box]));
    }
    const pixels = await page.locator(".node text.small").first().evaluate((text) => text.getScreenCTM().a * parseFloat(getComputedStyle(text).fontSize));
    assert.ok(pixels >= 9, `${pixels} px`);
    await shot(page, "topology-phone");
    await page.setViewportSize({ width: 1280, height: 800 }); // turned
    await page.waitForFunction(() => {
      const [caller, called] = ["internet", "frontend"].map((name) => [...document.querySelectorAll(".node")].find((node) => node.textContent.includes(name))?.getBoundingClientRect());
      return caller && called && caller.right < called.left;
    });
    await page.close();
  },

  async "nothing moves when data arrives"() {
    for (const path of ["/", "/topology", "/routes", "/routes?view=policy", "/captures", "/captures?walk=1", "/tail"]) {
      const page = await newPage((address) => address.startsWith(`${origin}/`), { viewport: { width: 1280, height: 800 } });
      await page.addInitScript(() => {
        window.moved = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((shift) => (window.moved += shift.value))).observe({ type: "layout-shift", buffered: true });
      });
      await page.route("**/api/v1/**", async (route) => {
        await new Promise((done) => setTimeout(done, 300)); // after the page has been drawn without it
        await route.continue();
      });
      await page.goto(origin + path);
      await page.locator("tbody tr, .node, .line[data-id], .empty").first().waitFor();
      if (path !== "/tail") await page.waitForLoadState("networkidle"); // its stream goes on
      const moved = await page.evaluate(() => window.moved);
      assert.ok(moved < 0.01, `${path}: ${moved}`);
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
    heard.listens = false;
    await ended(server);
    await page.getByText("The server does not answer").waitFor();
    record("sse.pcapng");
    server = await serve(port);
    await page.getByText("The server does not answer").waitFor({ state: "detached" });
    const { newest_id: newest } = (await api("captures")).database;
    assert.ok(newest > database.newest_id);
    for (let id = database.newest_id; id <= newest; id++) await page.locator(`.line[data-id="${id}"]`).waitFor();
    heard.listens = true;
    await page.close();
  },
};

await runAll(tests, () => ended(server));
