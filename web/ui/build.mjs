// Writes the page into $MT_UI_OUT (default: dist).
import { cpSync, mkdirSync } from "node:fs";

const out = process.env.MT_UI_OUT ?? "dist";
mkdirSync(out, { recursive: true });
cpSync("src/index.html", `${out}/index.html`);
