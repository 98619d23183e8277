import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { priceTableOf, type SourceProvider } from "./price-table.ts";

/**
 * Rebuilds processor/core/prices/price-data.ts from the newest genai-prices on PyPI (MIT; https://github.com/pydantic/genai-prices).
 * PyPI rather than npm: the Python package is released weeks ahead of the JavaScript one. Needs python3 with pip on the PATH.
 *
 *     npm run prices                 the newest release
 *     npm run prices -- 0.2.3        a given one
 */
const PACKAGE = "genai-prices";
const OUTPUT = "processor/core/prices/price-data.ts";

interface Release {
  readonly version: string;
  /** Day of the upload, which is the date that `price_date` shows. */
  readonly date: string;
  readonly sha256: string;
}

interface PypiFile {
  readonly filename: string;
  readonly upload_time_iso_8601: string;
  readonly digests: { readonly sha256: string };
}

interface PypiAnswer {
  readonly info: { readonly version: string };
  readonly releases: Readonly<Record<string, readonly PypiFile[]>>;
}

async function findRelease(wanted: string | undefined): Promise<Release> {
  const url = `https://pypi.org/pypi/${PACKAGE}/json`;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const answer = (await response.json()) as PypiAnswer;
  const version = wanted ?? answer.info.version;
  const wheel = answer.releases[version]?.find((file) => file.filename.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`${url} lists no wheel of ${version}`);
  return { version, date: wheel.upload_time_iso_8601.slice(0, 10), sha256: wheel.digests.sha256 };
}

interface Wheel {
  readonly licence: string;
  readonly providers: readonly SourceProvider[];
}

function download(release: Release, folder: string): Wheel {
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder];
  execFileSync("python3", [...pip, `${PACKAGE}==${release.version}`], { stdio: ["ignore", "inherit", "inherit"] });
  const [name] = readdirSync(folder).filter((file) => file.endsWith(".whl"));
  if (name === undefined) throw new Error(`pip left no wheel in ${folder}`);
  const wheel = join(folder, name);
  const sha256 = createHash("sha256").update(readFileSync(wheel)).digest("hex");
  if (sha256 !== release.sha256) throw new Error(`${name}: sha256 is ${sha256}, PyPI says ${release.sha256}`);
  const json = execFileSync("python3", ["scripts/genai-prices-to-json.py", wheel], { encoding: "utf8", maxBuffer: 64 << 20 });
  return JSON.parse(json) as Wheel;
}

async function main(): Promise<void> {
  const release = await findRelease(process.argv[2]);
  const folder = mkdtempSync(join(tmpdir(), "genai-prices-"));
  try {
    const { licence, providers } = download(release, folder);
    const { text, models } = priceTableOf(providers, { date: release.date, source: `${PACKAGE} ${release.version}`, licence });
    writeFileSync(OUTPUT, text);
    const kilobytes = (text.length / 1024).toFixed(0);
    process.stdout.write(
      `${OUTPUT}: ${models} models of ${providers.length} providers, ${kilobytes} KB, ${PACKAGE} ${release.version} of ${release.date}\n`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
