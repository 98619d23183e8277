import { AsyncLocalStorage } from "node:async_hooks";
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import { LayeredContext } from "../exchange/layered-context.ts";
import { callOut } from "./call-context.ts";
import type { ModelCall } from "./model-call.ts";

const MARK = createContextKey("genai-otel frame");

/** What stands in the frame; it lets go of the call when that has ended, because a frame may live for long. */
export interface FrameMark {
  call: ModelCall | undefined;
}

/**
 * Leaves a call in the frame of its caller, so that the next attempt of an SDK's retry loop finds the call that it repeats: `await`
 * restores the frame of the function that awaits.
 */
export interface CallerFrame {
  /** The call that the running frame was marked with last, or for whose attempt it was begun; undefined once that has ended. */
  marked(active: Context): ModelCall | undefined;
  /** Marks the running frame; `active` is its context. */
  mark(active: Context, mark: FrameMark): void;
}

/**
 * The mark goes into the storage in which the context manager keeps the context, as one value more. A storage of its own would do as
 * well, and serves an application whose manager has none that is known; but in Node 20 each storage costs every promise of the process
 * a further call and a further property, and the fourth property of a promise has its list of properties made anew.
 */
export function callerFrame(): CallerFrame {
  const own = new AsyncLocalStorage<FrameMark>();
  let manager: unknown;
  let storage: AsyncLocalStorage<Context> | undefined;
  return {
    marked(active) {
      const mark = (active.getValue(MARK) as FrameMark | undefined) ?? own.getStore();
      return mark?.call ?? callOut(active);
    },
    mark(active, mark) {
      const current = contextManager();
      if (current !== manager) {
        manager = current;
        storage = storageOf(current);
      }
      if (storage === undefined) own.enterWith(mark);
      else storage.enterWith(withMark(active, mark));
    },
  };
}

/** The context without the mark: what a call keeps of its caller must not hold on to the calls before it. */
export function unmarked(active: Context): Context {
  return active instanceof LayeredContext ? active.withoutTop(MARK) : active;
}

/** A frame that makes call after call keeps one mark. */
function withMark(active: Context, mark: FrameMark): Context {
  const plain = unmarked(active);
  return plain.getValue(MARK) === undefined ? new LayeredContext(plain, MARK, mark) : plain.setValue(MARK, mark);
}

interface ManagedContext {
  readonly _getContextManager?: () => unknown;
}

interface ManagerWithStorage {
  readonly _asyncLocalStorage?: unknown;
}

/** The API hands out no manager, but keeps it behind this method in all of 1.x. */
function contextManager(): unknown {
  return (context as unknown as ManagedContext)._getContextManager?.();
}

/** @opentelemetry/context-async-hooks, and what extends it (Sentry); only if the context really stands there. */
function storageOf(manager: unknown): AsyncLocalStorage<Context> | undefined {
  const candidate = (manager as ManagerWithStorage | undefined)?._asyncLocalStorage;
  if (!(candidate instanceof AsyncLocalStorage)) return undefined;
  const storage = candidate as AsyncLocalStorage<Context>;
  const probe = ROOT_CONTEXT.setValue(MARK, undefined);
  const isUsed = context.with(probe, () => storage.getStore() !== undefined && storage.getStore() === context.active());
  return isUsed ? storage : undefined;
}
