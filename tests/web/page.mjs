// page.mjs: what of the page is pure functions: figures, moments, losses, expressions, long numbers.
//
// Exit 77 where npm's packages are not there.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";

process.env.TZ = "UTC";
const ui = resolve(dirname(fileURLToPath(import.meta.url)), "../../web/ui");
const bundler = join(ui, "node_modules/esbuild/lib/main.js");
if (!existsSync(bundler)) {
  console.log("skipped: no web/ui/node_modules/esbuild: npm ci in web/ui");
  process.exit(77);
}
const { build } = (await import(bundler)).default;

async function load(name) {
  const made = await build({ entryPoints: [join(ui, "src", name)], bundle: true, format: "esm", write: false, logLevel: "silent" });
  return import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);
}

const [format, losses, match, digits] = await Promise.all(["format.ts", "lost.ts", "match.ts", "digits.ts"].map(load));
const each = (says, rows) => rows.forEach(([given, text]) => assert.equal(says(given), text, `of ${given}`));
const at = (iso) => Date.parse(iso) / 1000;

const tests = {
  "percentages are rounded half up, and what is not all is not 100.0"() {
    each(format.percent, [
      [null, "–"], [0, "·"], [1e-9, "0.0"], [0.000499, "0.0"], [0.0005, "0.1"], [0.5, "50.0"], [0.9375, "93.8"],
      [0.937499, "93.7"], [0.9989, "99.9"], [0.9994, "99.9"], [0.9995, "99.9"], [0.9996, "99.9"], [0.999999, "99.9"],
      [1, "100.0"], [2.5, "250.0"],
    ]);
  },

  "durations have the digits of the terminal, up to days"() {
    each(format.time, [
      [null, "–"], [0, "·"], [850, "850 ns"], [1499, "1.5 µs"], [80400, "80 µs"], [400000, "0.4 ms"],
      [3120000, "3.1 ms"], [8000000, "8.0 ms"], [9949999, "9.9 ms"], [9950000, "10 ms"], [22e6, "22 ms"],
      [999400000, "999 ms"], [999500000, "1.0 s"], [41e9, "41 s"], [119.4e9, "119 s"], [119.5e9, "2.0 min"],
      [5400e9, "90 min"], [7200e9, "2.0 h"], [172800e9, "2.0 d"], [1209600e9, "14 d"], [3250535468511770000, "37622 d"],
    ]);
  },

  "sizes and rates"() {
    each(format.bytes, [[null, "–"], [0, "·"], [999, "999 B"], [1000, "1.0 kB"], [9950, "10 kB"], [999500, "1.0 MB"], [126053094, "126 MB"], [2e12, "2.0 TB"]]);
    each(format.rate, [[null, "–"], [0, "·"], [2.2e-7, "0.00"], [0.36, "0.36"], [9.994, "9.99"], [9.996, "10.0"], [99.96, "100"], [9999, "9\u202f999"], [12345, "12\u202f345"]]);
  },

  "what was lost has its unit"() {
    assert.equal(format.lost(126053094, "byte"), "126 MB");
    assert.equal(format.lost(1, "packet"), "1 packet");
    assert.equal(format.lost(1064, "exchange"), "1\u202f064 exchanges");
    assert.equal(format.lost(2, "latency"), "2 latencies");
  },

  "ticks of time are as exact as they differ"() {
    const from = at("2026-11-23T08:43:57Z");
    const every = (step, n = 3, begin = from) => format.ticks(Array.from({ length: n }, (_, i) => begin + i * step), step);
    assert.deepEqual(every(0.5), ["08:43:57.0", "08:43:57.5", "08:43:58.0"]);
    assert.deepEqual(every(0.005), ["08:43:57.000", "08:43:57.005", "08:43:57.010"]);
    assert.deepEqual(every(5), ["08:43:57", "08:44:02", "08:44:07"]);
    assert.deepEqual(every(1800, 3, at("2026-11-23T23:30:00Z")), ["23:30", "11-24", "00:30"]);
    assert.deepEqual(every(6 * 3600, 3, at("2026-11-23T18:00:00Z")), ["18:00", "11-24 00:00", "06:00"]);
    assert.deepEqual(every(86400, 3, at("2026-12-30T00:00:00Z")), ["2026-12-30", "2026-12-31", "2027-01-01"]);
    assert.deepEqual(format.ticks([at("2026-01-01"), at("2026-04-01")], 90 * 86400), ["2026-01", "2026-04"]);
    assert.deepEqual(format.ticks([at("1970-01-01"), at("1980-01-01")], 3652 * 86400), ["1970", "1980"]);
    for (const step of [0.001, 0.01, 0.1, 0.5, 1, 5, 60, 900, 3600, 6 * 3600, 86400]) {
      const all = every(step, step === 6 * 3600 ? 4 : 8); // a day is told where it begins
      assert.equal(new Set(all).size, all.length, `${step} s apart: ${all}`);
    }
  },

  "a stretch over days says which"() {
    assert.equal(format.stretch(at("2026-11-23T08:00:00Z") * 1e9, at("2026-11-23T09:00:00Z") * 1e9), "08:00:00.000 – 09:00:00.000");
    assert.match(format.stretch(0, at("2026-11-23T09:00:00Z") * 1e9), /^1970-01-01 00:00:00.000 – 2026-11-23 09:00:00.000$/);
  },

  "losses stand where they were, newest first, and are told once"() {
    const rows = [9, 7, 4].map((id) => ({ id }));
    const told = [[10, "gap", 5, "byte"], [8, "ring", 2, "exchange"], [7, "gap", 6, "byte"], [1, "gap", 1, "byte"]].map(([before_id, loss, count, unit]) =>
      losses.lineOf({ loss, count, unit, before_id, at_ns: before_id * 1e9 }),
    );
    const shown = losses.merged(rows, [...told].reverse()).map((row) => (row.lost ? `${row.where}${row.count}` : row.id));
    assert.deepEqual(shown, ["gap5", 9, "ring2", 7, "gap6", 4, "gap1"]);
    assert.equal(losses.inWords(losses.sumOf(told)), "12 B, 2 exchanges");
    assert.equal(losses.inWords(losses.sumOf(told), true), "12 B, 2 exchanges, and more");
    assert.equal(losses.inWords({}), "·");
    const again = losses.lineOf({ where: "gap", count: 5, unit: "byte", before_id: 10, at_ns: 10e9 });
    assert.deepEqual(losses.untold([again, { id: 11 }], told), [{ id: 11 }]);
    const slow = losses.lineOf({ where: "stream", count: 5, unit: "event" });
    assert.deepEqual(losses.untold([slow], [slow]), [slow], "a stream may lose as much twice");
  },

  "expressions match, or say what is wrong"() {
    const cart = { name: "cart", success_ratio: 0.9, requests_per_s: 2 };
    for (const text of ["cart", "ok<95", "ok<95 and rps>1", "not ok>95", "p95>1ms or name=cart"]) assert.equal(match.expression(text).match(cart), true, text);
    for (const text of ["foo<9", "ok<", "ok<x", "name<3", "or", "not", "rps>10k"]) {
      const { match: none, problem } = match.expression(text);
      assert.ok(none === null && problem !== "", text);
    }
  },

  "long numbers leave as they came"() {
    const json = '{"at_ns":1795349071456382880,"n":12,"text":"1795349071456382880 \\" 1795349071456382880","list":[-1795349071456382881]}';
    const value = digits.kept(json);
    assert.equal(value.n, 12);
    assert.equal(digits.written(value).replace(/\n */g, "").replaceAll('": ', '":'), json);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    test();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
process.exit(failed ? 1 : 0);
