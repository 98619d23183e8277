import { bench, run } from "mitata";

// npm run bench: the micro benchmarks, each module's own table, in one process. Ratios against other programs have their
// own scripts, because they need minutes and other processes: docs/benchmarks.md lists them.

const MODULES: readonly (() => Promise<{ readonly register: () => void }>)[] = [
  () => import("./categorize.ts"),
  () => import("./price.ts"),
  () => import("./enrich.ts"),
  () => import("./scan.ts"),
];

const wanted = process.argv.slice(2);
for (const load of MODULES) {
  const { register } = await load();
  register();
}
// A floor for the timer itself: whatever is not clearly above this line was not measured.
bench("nothing", () => undefined);
await run(wanted.length > 0 ? { filter: new RegExp(wanted.join("|")) } : {});
