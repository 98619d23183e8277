import { readFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { dirname, join } from "node:path";
import { diag } from "@opentelemetry/api";
import type { Instrumentation } from "@opentelemetry/instrumentation";

const BUNDLE = "@opentelemetry/auto-instrumentations-node";
const INSTRUMENTATION = /^@[\w-]+\/(?:openinference-)?instrumentation-[\w-]+$/;
/** OpenTelemetry's own go by their short name, as in the standard variables; everybody else's by the whole one. */
const OWN_PREFIX = "@opentelemetry/instrumentation-";

export interface InstalledOptions {
  /** Where the application lives: its package.json is looked for from here upwards. */
  readonly appDir: string;
  /** Names without the packages' prefix ("http", "pg"), as in OTEL_NODE_ENABLED_INSTRUMENTATIONS; empty for all. */
  readonly enabled: readonly string[];
  readonly disabled: readonly string[];
}

/**
 * The instrumentations that the application has among its dependencies, made and ready for a provider. One that cannot be
 * loaded is left out and told to the SDK's log: telemetry must not keep an application from starting.
 */
export function installedInstrumentations(options: InstalledOptions): Instrumentation[] {
  const manifest = nearestManifest(options.appDir);
  if (manifest === undefined) return [];
  const require = createRequire(manifest.path);
  const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  const found = names.flatMap((name) => (name === BUNDLE ? fromBundle(require, options) : fromPackage(require, name, options)));
  // ES modules are patched through a loader hook, which costs every import: only when somebody needs it.
  if (found.length > 0) register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);
  return found;
}

interface Manifest {
  readonly path: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function nearestManifest(from: string): Manifest | undefined {
  for (let dir = from; ; dir = dirname(dir)) {
    const path = join(dir, "package.json");
    try {
      return { ...(JSON.parse(readFileSync(path, "utf8")) as Manifest), path };
    } catch {
      if (dir === dirname(dir)) return undefined;
    }
  }
}

function fromBundle(require: NodeJS.Require, { enabled, disabled }: InstalledOptions): Instrumentation[] {
  return load(BUNDLE, () => {
    const { getNodeAutoInstrumentations } = require(BUNDLE) as { getNodeAutoInstrumentations: () => Instrumentation[] };
    return getNodeAutoInstrumentations().filter(({ instrumentationName }) => isWanted(shortName(instrumentationName), enabled, disabled));
  });
}

function fromPackage(require: NodeJS.Require, name: string, { enabled, disabled }: InstalledOptions): Instrumentation[] {
  if (!INSTRUMENTATION.test(name) || !isWanted(shortName(name), enabled, disabled)) return [];
  return load(name, () => {
    const exported = Object.entries(require(name) as Readonly<Record<string, unknown>>);
    const made = exported.find(([key, value]) => key.endsWith("Instrumentation") && typeof value === "function")?.[1];
    return made === undefined ? [] : [new (made as new () => Instrumentation)()];
  });
}

function load(name: string, make: () => Instrumentation[]): Instrumentation[] {
  try {
    return make();
  } catch (error) {
    diag.warn(`genai-otel: ${name} is among the dependencies but could not be started`, error);
    return [];
  }
}

function shortName(name: string): string {
  return name.startsWith(OWN_PREFIX) ? name.slice(OWN_PREFIX.length) : name;
}

function isWanted(name: string, enabled: readonly string[], disabled: readonly string[]): boolean {
  return (enabled.length === 0 || enabled.includes(name)) && !disabled.includes(name);
}
