// report.mjs --meshtop BIN [--shots DIR]: a file of `meshtop report` in a headless Chromium, from file://.
//
// Its pages show what the commands print; nothing is asked of anywhere, nothing is said on the console, and what
// a capture holds stays text. Exit 77 where Chromium, npm's packages or the page itself are not there.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";
import { env, given, longNumbers, newPage, percent, root, runAll, shot, skip, texts, tmp } from "./browser.mjs";

const EXCHANGE_BYTES = 8 << 10;
const HOSTILE = ["/</script><img/src=x/onerror=document.title='owned'>", "/<!--<script>", "/\u2028\u2029", "/'\"`${1}"];

const mesh = join(root, "tests/data/mesh.pcapng");
const meshtop = resolve(given.meshtop);
const run = (...args) => spawnSync(meshtop, args, { env, cwd: tmp, encoding: "utf8", maxBuffer: 1 << 28 });
const json = (...args) => JSON.parse(execFileSync(meshtop, args, { env, cwd: tmp, encoding: "utf8", maxBuffer: 1 << 28 }));

function report(name, ...args) {
  const done = run("report", ...args, "-o", name);
  assert.equal(done.status, 0, done.stderr);
  return { path: join(tmp, name), said: done.stderr };
}

const first = run("report", "-r", mesh, "-o", "mesh.html");
if (first.stderr.includes("built without the page")) {
  assert.equal(first.status, 1);
  assert.ok(!existsSync(join(tmp, "mesh.html")));
  skip("this build has no page: it was made without npm");
}
assert.equal(first.status, 0, first.stderr);

// ---- a capture of one's own: requests whose paths mean ill ----

function packet(seq, ack, flags, fromClient, payload) {
  const frame = Buffer.alloc(54 + payload.length);
  frame.writeUInt16BE(0x0800, 12);
  frame.writeUInt8(0x45, 14);
  frame.writeUInt16BE(40 + payload.length, 16);
  frame.writeUInt8(64, 22);
  frame.writeUInt8(6, 23);
  frame.writeUInt32BE(fromClient ? 0x0a000001 : 0x0a000002, 26);
  frame.writeUInt32BE(fromClient ? 0x0a000002 : 0x0a000001, 30);
  frame.writeUInt16BE(fromClient ? 40000 : 8080, 34);
  frame.writeUInt16BE(fromClient ? 8080 : 40000, 36);
  frame.writeUInt32BE(seq, 38);
  frame.writeUInt32BE(ack, 42);
  frame.writeUInt8(0x50, 46);
  frame.writeUInt8(flags, 47);
  frame.writeUInt16BE(65535, 48);
  payload.copy(frame, 54);
  return frame;
}

function hostileCapture(path) {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262144, 16);
  header.writeUInt32LE(1, 20);
  const none = Buffer.alloc(0);
  let [client, server] = [2, 2];
  const frames = [packet(1, 0, 2, true, none), packet(1, 2, 18, false, none), packet(2, 2, 16, true, none)];
  for (const target of HOSTILE) {
    const request = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer s3cret\r\nX-Note: <b>\r\n\r\n`);
    const response = Buffer.from("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    frames.push(packet(client, server, 24, true, request));
    client += request.length;
    frames.push(packet(server, client, 24, false, response));
    server += response.length;
  }
  const records = frames.flatMap((frame, i) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_700_000_000, 0);
    record.writeUInt32LE(i * 1000, 4);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  writeFileSync(path, Buffer.concat([header, ...records]));
}

// ---- the browser ----

async function open(path, hash = "", options = {}) {
  const file = pathToFileURL(path).href;
  const page = await newPage((address) => address.split("#")[0] === file, { viewport: { width: 1280, height: 900 }, ...options });
  await page.goto(file + hash);
  return page;
}

const whole = join(tmp, "mesh.html");

const tests = {
  async "the same capture gives the same bytes, and a larger one no more than was asked"() {
    const again = report("again.html", "-r", mesh);
    assert.ok(readFileSync(again.path).equals(readFileSync(whole)));
    const few = report("few.html", "-r", mesh, "-n", "5");
    assert.match(few.said, /5 of 266 exchanges are inside: the slowest, failures and the latest/);
    const bytes = statSync(whole).size - statSync(few.path).size;
    assert.ok(bytes > 0 && bytes < 261 * EXCHANGE_BYTES, `${bytes} bytes of 261 exchanges`);
  },

  async "each answer's command is one that runs"() {
    const inside = JSON.parse(/id="report"[^>]*>([^<]*)</.exec(readFileSync(whole, "utf8"))[1]);
    const answers = { ...inside.answers[""], ...inside.answers["svc=cart"], exchange: inside.exchange["200"] };
    for (const [name, { command }] of Object.entries(answers)) {
      if (!command) continue;
      const done = spawnSync("sh", ["-c", command.replace(/^meshtop /, '"$0" '), meshtop], { env, cwd: tmp, encoding: "utf8", maxBuffer: 1 << 28 });
      assert.equal(done.status, 0, `${name}: ${command}: ${done.stderr}`);
    }
  },

  async "the overview shows what stat and routes print"() {
    const { services } = json("stat", "-r", mesh, "-o", "json");
    const { routes } = json("routes", "-r", mesh, "-o", "json");
    const page = await open(whole);
    await page.locator("tbody tr").first().waitFor();
    const rows = "section:has(h2:text('Services')) tbody tr";
    assert.deepEqual(await texts(page, `${rows} td:first-child`), services.map((row) => row.service));
    assert.deepEqual((await texts(page, `${rows} td:nth-child(3)`)).map((text) => text.trim()), services.map((row) => percent(row.success_ratio)));
    assert.equal(await page.locator("section:has(h2:text('Routes')) tbody tr").count(), Math.min(50, routes.length));
    assert.equal(await page.locator(".plot canvas").count(), 3);
    assert.match((await texts(page, "footer code"))[0], /^meshtop stat -r \S*mesh\.pcapng -n 1000 -o json$/);
    assert.equal(await page.locator(".filter, .windows").count(), 0);
    await shot(page, "report-overview-light");
    await page.close();
  },

  async "a service narrows it, as a filter does, and back again"() {
    const page = await open(whole);
    for (const { service } of json("stat", "-r", mesh, "-o", "json").services) {
      const stat = json("stat", "-r", mesh, "-o", "json", `svc=${service}`).services.find((row) => row.service === service);
      await page.getByRole("link", { name: service, exact: true }).first().click();
      await page.waitForFunction(() => document.querySelectorAll("section:has(h2) table")[0].querySelectorAll("tbody tr").length === 1);
      assert.equal((await texts(page, "section:has(h2:text('Services')) td:nth-child(3)"))[0].trim(), percent(stat.success_ratio));
      await page.getByRole("link", { name: `only svc=${service} ✕` }).click();
      await page.waitForFunction(() => document.querySelectorAll("section:has(h2) table")[0].querySelectorAll("tbody tr").length > 1);
    }
    assert.equal(await page.locator(".banner").count(), 0);
    await page.close();
  },

  async "the topology is there, near a service, too"() {
    const { edges } = json("edges", "-r", mesh, "-o", "json");
    const page = await open(whole, "#/topology");
    await page.locator(".node").first().waitFor();
    assert.equal(await page.locator(".edge").count(), edges.length);
    await page.getByRole("link", { name: /^payments, failing/ }).click();
    await page.getByRole("link", { name: "near" }).click();
    const near = new Set(edges.filter((edge) => [edge.client, edge.server].includes("payments")).flatMap((edge) => [edge.client, edge.server]));
    await page.waitForFunction((n) => document.querySelectorAll(".node").length === n, near.size);
    await shot(page, "report-topology");
    await page.getByRole("link", { name: "all", exact: true }).click();
    await page.waitForFunction((n) => document.querySelectorAll(".edge").length === n, edges.length);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON", exact: true }).click()]);
    const moments = longNumbers(readFileSync(await download.path(), "utf8"));
    const inside = new Set(longNumbers(readFileSync(whole, "utf8")));
    assert.ok(moments.length > 0 && moments.every((moment) => inside.has(moment)), `every digit of ${moments}`);
    await page.close();
  },

  async "routes, captures and what changed are inside; what there is only now is not"() {
    const { routes } = json("routes", "-r", mesh, "-o", "json");
    const page = await open(whole, "#/routes");
    await page.locator("tbody tr").first().waitFor();
    assert.equal(await page.locator("tbody tr").count(), routes.length);
    await page.getByRole("link", { name: "RPS" }).click();
    await page.locator('th[aria-sort="descending"]').waitFor();
    assert.equal(await page.getByRole("link", { name: "Endpoints" }).count(), 0);
    await page.goto(pathToFileURL(whole).href + "#/captures");
    await page.getByRole("table", { name: "Sources" }).getByText("mesh.pcapng").waitFor();
    assert.equal(await page.getByText("walk through it").count(), 0);
    await page.goto(pathToFileURL(whole).href + "#/");
    await page.getByText("Nothing that could be told from chance.").waitFor();
    assert.equal(await page.locator(".banner").count(), 0);
    await page.close();
  },

  async "exchanges are found by what they are, and tell why"() {
    const failed = json("export", "-r", mesh, "--har", "outcome=failure").log.entries.length;
    const page = await open(whole, "#/tail");
    await page.locator(".line[data-id]").first().waitFor();
    await page.getByText("266 shown").waitFor();
    await page.getByRole("link", { name: "failures only" }).click();
    await page.getByText(`${failed} shown`).waitFor();
    await page.locator(".line[data-id] a").first().click();
    await page.locator("h1").waitFor();
    assert.ok((await page.locator(".why li").count()) > 0);
    await shot(page, "report-exchange");
    await page.goBack();
    await page.getByText(`${failed} shown`).waitFor();
    await page.close();
  },

  async "what is not inside is said"() {
    const few = join(tmp, "few.html");
    const page = await open(few, "#/exchange/1");
    await page.getByText("Exchange 1 was left out").waitFor();
    await page.goto(pathToFileURL(few).href + "#/?filter=status%3E500");
    await page.getByText("Figures are there for all of it").first().waitFor();
    await page.goto(pathToFileURL(few).href + "#/tail?filter=lat%3E5ms");
    await page.getByText("cannot be looked for here").waitFor();
    await page.close();
  },

  async "of nothing there is a page, too"() {
    writeFileSync(join(tmp, "empty.pcap"), readFileSync(join(root, "tests/data/copies-any.pcap")).subarray(0, 24));
    const { path } = report("empty.html", "-r", "empty.pcap");
    const page = await open(path);
    await page.getByText("Nothing here yet.").waitFor();
    for (const hash of ["#/topology", "#/tail"]) await page.goto(pathToFileURL(path).href + hash);
    await page.getByText("Nothing of what is inside").waitFor();
    await page.close();
  },

  async "a filter with quotes is text"() {
    const { path } = report("quoted.html", "-r", mesh, `path!="</script>" and host!='it"s'`);
    const page = await open(path);
    await page.locator("tbody tr").first().waitFor();
    await page.getByText(`path!="</script>" and host!='it"s'`).first().waitFor();
    await page.close();
  },

  async "what a capture holds stays text"() {
    const capture = join(tmp, "hostile.pcap");
    hostileCapture(capture);
    const plain = report("plain.html", "-r", capture);
    assert.ok(!plain.said.includes("think before"), plain.said);
    const { path, said: warned } = report("hostile.html", "-r", capture, "--headers");
    assert.match(warned, /header fields or values of queries are inside/);
    const html = readFileSync(path, "utf8");
    assert.ok(!html.includes("s3cret"));
    assert.equal(html.match(/<\/script/g).length, 3);
    const page = await open(path, "#/tail");
    await page.locator(".line[data-id]").first().waitFor();
    const shown = (await texts(page, ".line[data-id] a[title]")).join("\n");
    for (const target of HOSTILE.slice(0, 2)) assert.ok(shown.includes(target), `${target} in ${shown}`);
    for (const { id } of json("tail", "-r", capture, "-o", "json").exchanges ?? []) {
      await page.goto(`${pathToFileURL(path).href}#/exchange/${id}`);
      await page.locator("h1", { hasText: "503" }).waitFor();
    }
    assert.equal(await page.evaluate(() => document.images.length), 0);
    assert.equal(await page.title(), "meshtop");
    await page.close();
  },

  async "it fits a phone and a desk, in the dark and in the light"() {
    for (const width of [360, 1280])
      for (const colorScheme of ["dark", "light"])
        for (const hash of ["#/", "#/topology", "#/tail", "#/exchange/200"]) {
          const page = await open(whole, hash, { viewport: { width, height: 800 }, colorScheme });
          await page.locator("tbody tr, .node, .line[data-id], h1").first().waitFor();
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, hash);
          await shot(page, `report-${width}-${colorScheme}${hash.replace(/\W/g, "-")}`);
          await page.close();
        }
  },

  async "only a report is replaced"() {
    const other = join(tmp, "other.html");
    writeFileSync(other, "mine");
    const refused = run("report", "-r", mesh, "-o", other);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /other\.html: exists, and is no report that may be replaced/);
    assert.equal(readFileSync(other, "utf8"), "mine");
    assert.ok(run("report", "-r", mesh, "-o", "-").stdout.endsWith("</html>\n"));
    assert.equal(run("report", "-r", mesh).status, 2);
  },
};

await runAll(tests);
