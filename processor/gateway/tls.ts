import { readFile } from "node:fs/promises";
import type { ServerOptions as TlsServerOptions } from "node:https";
import { ServerCredentials } from "@grpc/grpc-js";
import { ConfigError } from "../config.ts";

export interface TlsFiles {
  readonly tlsCertFile: string | null;
  readonly tlsKeyFile: string | null;
  readonly tlsClientCaFile: string | null;
}

/** TLS for both doors: null and insecure where it is not configured. */
export interface DoorTls {
  readonly http: TlsServerOptions | null;
  readonly grpc: ServerCredentials;
}

/** RFC 8996: versions before 1.2 are deprecated. */
const TLS_VERSION_MIN = "TLSv1.2";

export async function readDoorTls({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: TlsFiles): Promise<DoorTls> {
  if (tlsCertFile === null || tlsKeyFile === null) return { http: null, grpc: ServerCredentials.createInsecure() };
  const cert = await readPem("TLS_CERT", tlsCertFile);
  const key = await readPem("TLS_KEY", tlsKeyFile);
  const ca = tlsClientCaFile === null ? null : await readPem("TLS_CLIENT_CA", tlsClientCaFile);
  return {
    http: { cert, key, minVersion: TLS_VERSION_MIN, ...(ca === null ? {} : { ca, requestCert: true, rejectUnauthorized: true }) },
    grpc: ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], ca !== null),
  };
}

/** The content of a file that a variable names; ConfigError where there is none. */
export async function readPem(variable: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConfigError(`${variable}: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
