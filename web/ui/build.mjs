// Writes the page into $MT_UI_OUT (default: dist): index.html, which names the others; their names carry a hash.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";

const out = process.env.MT_UI_OUT ?? "dist";
mkdirSync(out, { recursive: true });

/** Bundles `entry`; returns the names of the files made. */
async function bundle(entry, more) {
  const made = await build({
    entryPoints: [entry],
    outdir: out,
    bundle: true,
    minify: true,
    target: ["es2021"],
    entryNames: "[name]-[hash]",
    metafile: true,
    logLevel: "warning",
    ...more,
  });
  return Object.keys(made.metafile.outputs).map((path) => basename(path));
}

const [worker] = await bundle("src/layout.ts", { format: "iife" });
const names = await bundle("src/main.tsx", {
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { LAYOUT_URL: JSON.stringify(`/${worker}`) },
});

// A report has them within elements of its page (web/report_page.c): nothing in them may end one.
for (const name of [worker, ...names]) {
  const found = /<\/(script|style)|<!--/i.exec(readFileSync(`${out}/${name}`, "utf8"));
  if (found) throw new Error(`${name} has ${found[0]} in it, which a report cannot hold`);
}

const named = (type) => names.find((name) => name.endsWith(type));
const page = readFileSync("src/index.html", "utf8")
  .replace("main.css", named(".css"))
  .replace("main.js", named(".js"));
writeFileSync(`${out}/index.html`, page);
