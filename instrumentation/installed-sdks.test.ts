import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProviderStandIn } from "../processor/demo/provider-stand-in.ts";
import type { ProviderStandIn } from "../processor/demo/provider-stand-in.ts";
import { CASES, runsOn, scriptIdOf } from "../test/matrix/cases.mjs";
import { runCases, servedTo, spansOfCase } from "../test/matrix/harness.ts";
import type { CaseResults } from "../test/matrix/harness.ts";
import { judge } from "../test/matrix/judge.ts";
import { SDKS } from "../test/matrix/sdks.mjs";

const REGISTER = ["--import", "tsx", "--import", "./instrumentation/register.ts"];
/** The matrix has SDK-level instrumentations among its dependencies; here they stay off. */
const ALONE = { OTEL_NODE_ENABLED_INSTRUMENTATIONS: "none" };
const INSTALLED = SDKS.filter(({ installed }) => installed === true);

describe.each(INSTALLED)("$name", (sdk) => {
  let watchedBy: ProviderStandIn;
  let aloneWith: ProviderStandIn;
  let watched: CaseResults;
  let alone: CaseResults;

  beforeAll(async () => {
    [watchedBy, aloneWith] = await Promise.all([startProviderStandIn(), startProviderStandIn()]);
    [watched, alone] = await Promise.all([
      runCases({ sdk: sdk.name, standIn: watchedBy, nodeArgs: REGISTER, env: ALONE }),
      runCases({ sdk: sdk.name, standIn: aloneWith, nodeArgs: [] }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([watchedBy.close(), aloneWith.close()]);
  });

  it("runs to its end and says nothing", () => {
    expect(watched).toMatchObject({ exitCode: 0, stderr: alone.stderr });
  });

  it.each(CASES.filter((testCase) => runsOn(testCase, sdk)))(
    "$name: one call, its tokens, its end; the app sees no difference",
    (testCase) => {
      const served = servedTo(watchedBy, scriptIdOf(sdk.name, testCase.name));
      const { expected, found } = judge(testCase, { spans: spansOfCase(watched.spans, testCase.name), served });
      expect(found).toEqual(expected);
      expect(watched.seen.get(testCase.name)).toEqual(alone.seen.get(testCase.name));
      expect(watched.seen.get(testCase.name)).toBeDefined();
    },
  );
});
