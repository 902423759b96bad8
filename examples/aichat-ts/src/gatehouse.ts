// What the product needs of Gatehouse: who is asking, and a typed client for questions beyond the one that nginx has asked already. The
// types come from Gatehouse's OpenAPI document, by `npm run generate`.
import type { IncomingMessage } from "node:http";
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

/** Who nginx let through. Only nginx can reach this process, so the headers are believed. */
export interface Caller {
  tenant: string;
  member: string;
  key: string;
  role: string;
  plan: string;
}

export function callerOf(req: IncomingMessage): Caller {
  const header = (name: string): string => {
    const value = req.headers[`x-gatehouse-${name}`];
    return typeof value === "string" ? value : "";
  };
  const caller = { tenant: header("tenant"), member: header("member"), key: header("key"), role: header("role"), plan: header("plan") };
  if (caller.tenant === "") throw new Error("a request came around nginx");
  return caller;
}

/** A client with one credential. An answer that takes longer than two seconds is none, and nothing is allowed by it. */
export function gatehouse(baseUrl: string, credential: Record<string, string>) {
  return createClient<paths>({
    baseUrl,
    headers: credential,
    fetch: (request: Request) => fetch(request, { signal: AbortSignal.timeout(2000), redirect: "error" }),
  });
}

/** The credential of a request, to ask further questions in the caller's name. A cookie's access token works as a bearer token. */
export function credentialOf(req: IncomingMessage): Record<string, string> {
  if (req.headers.authorization) return { authorization: req.headers.authorization };
  const key = req.headers["x-api-key"];
  if (typeof key === "string") return { "x-api-key": key };
  const token = /(?:^|;\s*)__Host-gatehouse_access=([^;]+)/.exec(req.headers.cookie ?? "")?.[1];
  return token ? { authorization: `Bearer ${token}` } : {};
}
