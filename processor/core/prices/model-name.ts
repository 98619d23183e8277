/** Ways to write a model that name the deployment's place or form before the model: what follows the last of them is its name. */
const WRAPPERS =
  /^(?:arn:aws[a-z-]*:bedrock:[^/]*:(?:foundation-model|inference-profile)\/|projects\/.*\/models\/|publishers\/[^/]*\/models\/|models\/)/;

/** OpenRouter's routing suffixes leave the price alone; `:free`, `:extended` and `:thinking` are models of their own. */
const ROUTING_SUFFIX = /:(?:nitro|online|floor|beta)$/;

/** `ft:gpt-4o-2024-08-06:acme::x1` is billed as a fine-tuned gpt-4o, whoever owns it. */
const FINE_TUNE = /^(ft:[^:]+):.*$/;

/** Vertex writes the version behind an @. */
const AT_DEFAULT = /@(?:default|latest)$/;
const AT_DATE = /@(\d{8})$/;

/** All that may follow a name for it to be that model still: Bedrock's version, "latest", and a date in the ways vendors write it. */
const VERSION_SUFFIXES: readonly RegExp[] = [
  /-v\d+:\d+$|:\d+$/,
  // Only behind a vendor with a dot, as Bedrock writes it: elsewhere "-v2" is another model.
  /(?<=^(?:[a-z-]+\.)+[a-z].*)-v\d+$/,
  /-latest$/,
  /-20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])$/,
  /-(?:0[1-9]|1[0-2])-20\d\d$/,
  /-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/,
];

/** A year and month as Mistral writes it (2506), or a month and day (0613), or Google's 001: only where the source matches by prefix. */
const SHORT_VERSION = /-\d{3,4}$/;

/** "us.", "eu.", "anthropic.": what Bedrock puts before a model. The government's regions have prices of their own. */
const DOTTED_PREFIX = /^(?!us-gov\.)[a-z-]+\./;

/** Longest id that is looked at: longer ones are no model's name. */
const MODEL_NAME_CHARS_MAX = 256;

/**
 * The names under which to look for a model, the most specific first, in the notation of price-data.ts: "name", "name*" and "*name".
 * A name matches only whole: `claude-sonnet-5-7` is not a `claude-sonnet-5`, and `my-gpt-4-deployment` is not a gpt-4.
 */
export function modelNameCandidates(model: string): string[] {
  // A star belongs to our notation and to no model's name.
  if (model.length > MODEL_NAME_CHARS_MAX || model.includes("*")) return [];
  const whole = model.trim().toLowerCase();
  const bare = whole
    .replace(WRAPPERS, "")
    .replace(ROUTING_SUFFIX, "")
    .replace(FINE_TUNE, "$1")
    .replace(AT_DEFAULT, "")
    .replace(AT_DATE, "-$1");
  const versions = [...new Set([whole, ...withoutVersion(bare)])];
  const short = versions.map((name) => name.replace(SHORT_VERSION, "")).filter((name) => !versions.includes(name));
  return [...versions, ...short.map((name) => `${name}*`), ...versions.flatMap(withoutPrefix).map((name) => `*${name}`)];
}

function withoutVersion(name: string): string[] {
  const names = [name];
  let rest = name;
  for (const suffix of VERSION_SUFFIXES) {
    const shorter = rest.replace(suffix, "");
    if (shorter !== rest) names.push(shorter);
    rest = shorter;
  }
  return names;
}

function withoutPrefix(name: string): string[] {
  const rest = name.replace(DOTTED_PREFIX, "");
  return rest === name ? [name] : [name, ...withoutPrefix(rest)];
}
