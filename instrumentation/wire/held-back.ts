import type { BodyReader } from "./body-reader.ts";

/**
 * Reads the first chunk of a stream when the second comes, or the end: until the application has its first chunk it waits for
 * whatever we do, and nothing waits for what that chunk says.
 */
export function heldBack(reader: BodyReader): BodyReader {
  let begun = false;
  let first: Buffer | undefined;
  const release = (): void => {
    if (first !== undefined) reader.push(first);
    first = undefined;
  };
  return {
    push(chunk) {
      if (begun) {
        release();
        reader.push(chunk);
      } else {
        begun = true;
        // A copy, because the application may write into its bytes.
        first = Buffer.from(chunk);
      }
    },
    end() {
      release();
      reader.end();
    },
  };
}
