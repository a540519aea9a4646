// Builds the portal's static files into tamamo/web/static: hashed names, gzip and brotli copies
// beside them, and manifest.json (logical name -> hashed name) that the templates read.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../../..");
const target = resolve(here, "../static/build");
const work = `${target}.building`;
const COMPRESSIBLE = new Set([".js", ".mjs", ".css", ".svg", ".json", ".geojson"]);

const common = {
  absWorkingDir: root,
  outdir: work,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  metafile: true,
  legalComments: "linked",
  logLevel: "warning",
};

/** Logical name -> hashed name, of the files esbuild wrote for entry points. */
function entries(metafile) {
  return Object.entries(metafile.outputs)
    .filter(([, output]) => output.entryPoint)
    .map(([path, output]) => [
      basename(output.entryPoint),
      relative(work, resolve(root, path)).replaceAll("\\", "/"),
    ]);
}

async function bundle() {
  const scripts = await build({
    ...common,
    entryPoints: ["portal", "warnings", "staff", "console", "wall", "features", "facilities", "datasets"].map((face) => `tamamo/web/frontend/js/${face}.js`),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    splitting: true,
  });
  const worker = await build({
    ...common,
    entryPoints: ["node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs"],
    entryNames: "[name]-[hash]",
    outExtension: { ".js": ".mjs" },
  });
  // Classic, as every browser with push takes it; served at the root by tamamo/web/push.py.
  const pushWorker = await build({
    ...common,
    entryPoints: ["tamamo/web/frontend/js/push-worker.js"],
    entryNames: "[name]-[hash]",
    format: "iife",
  });
  const styles = await build({
    ...common,
    entryPoints: ["site", "staff", "console", "wall"].map((face) => `tamamo/web/frontend/css/${face}.css`),
    entryNames: "[name]-[hash]",
  });
  return [scripts, worker, pushWorker, styles].flatMap((result) => entries(result.metafile));
}

/** Copy files that no bundle holds (map data, icons), with the hash in the name. */
async function copy(folder) {
  const names = [];
  for (const name of await readdir(join(here, folder))) {
    if (name.endsWith(".md")) continue;
    const data = await readFile(join(here, folder, name));
    const hash = createHash("sha256").update(data).digest("hex").slice(0, 8).toUpperCase();
    const hashed = `${basename(name, extname(name))}-${hash}${extname(name)}`;
    await writeFile(join(work, hashed), data);
    names.push([name, hashed]);
  }
  return names;
}

async function compress() {
  for (const name of await readdir(work)) {
    if (!COMPRESSIBLE.has(extname(name)) || name === "manifest.json") continue;
    const data = await readFile(join(work, name));
    await writeFile(join(work, `${name}.gz`), gzipSync(data, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 10 };
    await writeFile(join(work, `${name}.br`), brotliCompressSync(data, { params }));
  }
}

await rm(work, { recursive: true, force: true });
await mkdir(work, { recursive: true });
const manifest = Object.fromEntries(
  [...(await bundle()), ...(await copy("map")), ...(await copy("images"))].sort(),
);
await compress();
await writeFile(join(work, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
await rm(target, { recursive: true, force: true });
await rename(work, target);
console.log(`front end: ${Object.keys(manifest).length} files in ${relative(root, target)}`);
