import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { KERNEL_MODULES, renderKernelModule } from "./kernel-module.ts";

// npm run kernel: compiles the WebAssembly modules. With --check it writes nothing and fails when a committed one is another.

const ROOT = resolve(import.meta.dirname, "..");

for (const module of KERNEL_MODULES) {
  const path = resolve(ROOT, module.file);
  const text = await renderKernelModule(module);
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  if (process.argv.includes("--check")) {
    process.stdout.write(`${module.file} is stale: run npm run kernel\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    process.stdout.write(`wrote ${module.file}\n`);
  }
}
