import { setImmediate as turn } from "node:timers/promises";
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Context, ContextManager } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, describe, expect, it } from "vitest";
import { callerFrame, unmarked } from "./caller-frame.ts";
import type { ModelCall } from "./model-call.ts";

const KEY = createContextKey("the application's");
const mark = () => ({ call: {} as ModelCall });
afterEach(() => context.disable());

/** Derives what it stores from what it is given, as Sentry's does. */
class DerivingManager extends AsyncLocalStorageContextManager {
  override with<Args extends unknown[], Call extends (...args: Args) => ReturnType<Call>>(
    active: Context,
    call: Call,
    thisArg?: ThisParameterType<Call>,
    ...args: Args
  ): ReturnType<Call> {
    return super.with(active.setValue(createContextKey("scopes"), {}), call, thisArg, ...args);
  }
}

/** Keeps its context where nobody knows. */
function hiddenManager(): ContextManager {
  const inner = new AsyncLocalStorageContextManager().enable();
  const manager: ContextManager = {
    active: () => inner.active(),
    with: (...args) => inner.with(...args),
    bind: (...args) => inner.bind(...args),
    enable: () => manager,
    disable: () => (inner.disable(), manager),
  };
  return manager;
}

const MANAGERS: readonly (readonly [string, () => ContextManager | undefined])[] = [
  ["the SDK's manager", () => new AsyncLocalStorageContextManager().enable()],
  ["a manager that derives from it", () => new DerivingManager().enable()],
  ["a manager whose storage is not known", hiddenManager],
  ["no manager", () => undefined],
];

describe.each(MANAGERS)("with %s", (_name, manager) => {
  const start = () => {
    const made = manager();
    if (made !== undefined) context.setGlobalContextManager(made);
    return callerFrame();
  };

  it("a frame keeps its mark over awaits, and its neighbour has another", async () => {
    const frame = start();
    const marked = async (): Promise<boolean> => {
      const own = mark();
      frame.mark(context.active(), own);
      await turn();
      const first = frame.marked(context.active()) === own.call;
      await Promise.resolve();
      return first && frame.marked(context.active()) === own.call;
    };
    // Apart from each other, as the frames of two calls of an SDK are.
    const apart = async (): Promise<boolean> => (await turn(), marked());
    expect(await Promise.all([apart(), apart(), apart()])).toEqual([true, true, true]);
  });
});

describe("the application's context", () => {
  it("has the values that it had, however often its frame is marked", async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const frame = callerFrame();
    await context.with(ROOT_CONTEXT.setValue(KEY, "kept"), async () => {
      const before = context.active();
      for (let n = 0; n < 20_000; n++) frame.mark(context.active(), mark());
      await turn();
      expect(context.active().getValue(KEY)).toBe("kept");
      // No layer on a layer: a call under way would hold on to all before it, and reading would go ever deeper.
      expect(unmarked(context.active())).toBe(before);
      expect(context.active().setValue(KEY, "new").getValue(KEY)).toBe("new");
    });
    expect(context.active()).toBe(ROOT_CONTEXT);
  });
});
