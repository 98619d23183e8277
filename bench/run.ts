import { bench, run } from "mitata";

// npm run bench:functions: the hot functions, each module's own table, in one process; npm run bench:functions -- enrich scan
// runs some of the modules, npm run bench:functions -- "model calls" the benchmarks whose names match. npm run bench has the
// ratios against other programs, which need minutes and other processes.

const MODULES: Readonly<Record<string, () => Promise<{ readonly register: () => void }>>> = {
  categorize: () => import("./categorize.ts"),
  price: () => import("./price.ts"),
  enrich: () => import("./enrich.ts"),
  scan: () => import("./scan.ts"),
};

const wanted = process.argv.slice(2);
const byModule = wanted.length > 0 && wanted.every((name) => Object.hasOwn(MODULES, name));
for (const [name, load] of Object.entries(MODULES)) {
  if (byModule && !wanted.includes(name)) continue;
  const { register } = await load();
  register();
}
// A floor for the timer itself: whatever is not clearly above this line was not measured.
bench("nothing", () => undefined);
await run(byModule || wanted.length === 0 ? {} : { filter: new RegExp(wanted.join("|")) });
