import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

// The rules of style that matter, as tests: a rule that nothing checks is a wish. docs/architecture.md gives the reasons.

const ROOT = resolve(import.meta.dirname, "..");
const FILE_LINES_MAX = 400;
const CODE_FOLDERS = ["instrumentation/", "processor/", "dashboards/", "test/", "bench/", "scripts/"];

/** Tracked files and new ones that git does not ignore: what a commit would hold. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(ROOT, file)));
const typescript = files.filter((file) => file.endsWith(".ts") && CODE_FOLDERS.some((folder) => file.startsWith(folder)));
const isTest = (file: string): boolean => file.endsWith(".test.ts") || file.startsWith("test/");
const source = typescript.filter((file) => !isTest(file) && !file.startsWith("bench/"));
const core = source.filter((file) => file.startsWith("processor/core/"));

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** The code without its comments and string literals, so that prose may name what code may not use. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|[^:"'`\\])\/\/.*$/gm, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

function importsOf(file: string): string[] {
  return [
    ...read(file).matchAll(/^\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gms),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function offenders(candidates: readonly string[], pattern: RegExp): string[] {
  return candidates.flatMap((file) =>
    codeOf(read(file))
      .split("\n")
      .flatMap((line) => (pattern.test(line) ? [`${file}: ${line.trim()}`] : [])),
  );
}

describe("the core is pure", () => {
  test("it imports nothing outside itself", () => {
    const outside = core.flatMap((file) =>
      importsOf(file)
        .filter(
          (name) => !name.startsWith(".") || relative(join(ROOT, "processor/core"), resolve(ROOT, dirname(file), name)).startsWith(".."),
        )
        .map((name) => `${file} imports ${name}`),
    );
    expect(core.length).toBeGreaterThan(3);
    expect(outside).toEqual([]);
  });

  test("it reads no clock, no randomness, no environment", () => {
    expect(offenders(core, /\bDate\.now\(|\bnew Date\(\)|\bperformance\.|Math\.random\(|\bprocess\.|\bglobalThis\./)).toEqual([]);
  });

  test("it keeps no state in a module", () => {
    expect(offenders(core, /^(?:export )?let /)).toEqual([]);
  });
});

describe("only the entry points touch the process", () => {
  const entries = new Set(["processor/cli.ts", "instrumentation/register.ts"]);
  const inside = source.filter((file) => !entries.has(file) && (file.startsWith("processor/") || file.startsWith("instrumentation/")));

  test("the environment is read there", () => {
    expect(offenders(inside, /\bprocess\.env\b/)).toEqual([]);
  });

  test("the process ends there", () => {
    expect(offenders(inside, /\bprocess\.exit\(/)).toEqual([]);
  });
});

describe("the package entry loads no server", () => {
  test("nothing reachable from it imports a driver, gRPC, a server or a logger", () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const name of importsOf(file)) {
        if (name.startsWith(".")) {
          const target = relative(ROOT, resolve(ROOT, dirname(file), name));
          if (target.endsWith(".ts")) visit(target);
        } else packages.add(name);
      }
    };
    visit("processor/genai-otel.ts");
    const allowed = (name: string): boolean => name.startsWith("@opentelemetry/") || name.startsWith("node:module");
    expect([...packages].filter((name) => !allowed(name))).toEqual([]);
  });
});

describe("files", () => {
  test(`no source file is longer than ${FILE_LINES_MAX} lines`, () => {
    const long = source.map((file) => ({ file, lines: read(file).split("\n").length - 1 })).filter(({ lines }) => lines > FILE_LINES_MAX);
    expect(long).toEqual([]);
  });

  test("are named after a concept, not after a drawer", () => {
    const drawers = new Set([
      "utils.ts",
      "util.ts",
      "helpers.ts",
      "helper.ts",
      "types.ts",
      "common.ts",
      "misc.ts",
      "lib.ts",
      "index.ts",
      "constants.ts",
    ]);
    expect(typescript.filter((file) => drawers.has(basename(file)))).toEqual([]);
  });

  test("hold no path that only one machine has", () => {
    const texts = files.filter(
      (file) => /\.(ts|mjs|js|json|ya?ml|md|sql|sh)$/.test(file) && !file.endsWith("package-lock.json") && file !== "test/tidy.test.ts",
    );
    const strange = texts.filter((file) => /\/work\/|\.\.\/shared\b|\/tmp\/bash_jobs/.test(read(file)));
    expect(strange).toEqual([]);
  });
});

describe("tests", () => {
  const tests = typescript.filter((file) => isTest(file) && file !== "test/tidy.test.ts");

  test("use the real thing, never a module mock", () => {
    expect(offenders(tests, /\bvi\.mock\(|\bvi\.spyOn\(/)).toEqual([]);
  });

  test("are not skipped", () => {
    expect(offenders(tests, /\b(?:it|test|describe)\.(?:skip|only|todo)\b/)).toEqual([]);
  });
});

describe("nothing is left half done", () => {
  test("no suppressed type error, no note to self", () => {
    const marks = typescript.filter(
      (file) => file !== "test/tidy.test.ts" && /@ts-(?:ignore|nocheck|expect-error)|\b(?:TODO|FIXME|XXX)\b/.test(read(file)),
    );
    expect(marks).toEqual([]);
  });

  test("every package import is declared", () => {
    const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string> | undefined>;
    const declared = new Set([
      "genai-otel",
      ...["dependencies", "optionalDependencies", "devDependencies", "peerDependencies"].flatMap((kind) =>
        Object.keys(manifest[kind] ?? {}),
      ),
    ]);
    const shipped = source.filter((file) => file.startsWith("processor/") || file.startsWith("instrumentation/"));
    const missing = shipped.flatMap((file) =>
      importsOf(file)
        .filter((name) => !name.startsWith(".") && !name.startsWith("node:"))
        .map((name) =>
          name
            .split("/")
            .slice(0, name.startsWith("@") ? 2 : 1)
            .join("/"),
        )
        .filter((name) => !declared.has(name))
        .map((name) => `${file} imports ${name}`),
    );
    expect(missing).toEqual([]);
  });
});
