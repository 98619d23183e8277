/** Epoch milliseconds with fraction, from one anchor: spans of one call stay in order whatever happens to the wall clock. */
export interface Clock {
  now(): number;
}

export function anchoredClock(): Clock {
  const epochMs = Date.now();
  const anchorMs = performance.now();
  return { now: () => epochMs + (performance.now() - anchorMs) };
}
