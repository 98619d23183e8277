import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { renderKernelModule } from "./kernel-module.ts";

// npm run kernel: compiles the WebAssembly kernel. With --check it writes nothing and fails when the committed one is another.

const FILE = resolve(import.meta.dirname, "../processor/kernel/kernel-binary.ts");

const text = await renderKernelModule();
const fresh = existsSync(FILE) && readFileSync(FILE, "utf8") === text;
if (!fresh && process.argv.includes("--check")) {
  process.stdout.write("processor/kernel/kernel-binary.ts is stale: run npm run kernel\n");
  process.exitCode = 1;
} else if (!fresh) {
  writeFileSync(FILE, text);
  process.stdout.write("wrote processor/kernel/kernel-binary.ts\n");
}
