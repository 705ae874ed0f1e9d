// Writes the page into $MT_UI_OUT (default: dist): index.html, which names the others; their names carry a hash.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";

const out = process.env.MT_UI_OUT ?? "dist";
mkdirSync(out, { recursive: true });

const made = await build({
  entryPoints: ["src/main.tsx"],
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2021"],
  jsx: "automatic",
  jsxImportSource: "preact",
  entryNames: "[name]-[hash]",
  metafile: true,
  logLevel: "warning",
});

const names = Object.keys(made.metafile.outputs).map((path) => basename(path));
const named = (type) => names.find((name) => name.endsWith(type));
const page = readFileSync("src/index.html", "utf8")
  .replace("main.css", named(".css"))
  .replace("main.js", named(".js"));
writeFileSync(`${out}/index.html`, page);
