// What the product needs of Gatehouse: who is asking, and a typed client for questions beyond the one that nginx has asked already. The
// types come from Gatehouse's OpenAPI document, by `npm run generate`.
import { randomUUID } from "node:crypto";
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

/** An answer that refuses: its status and what it says. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: object,
    readonly resetsAt?: string,
  ) {
    super(`refused with ${status}`);
  }
}

/** Counts a call of the model for the caller, before the model is asked, or refuses it: then the plan's number is used up. Without an answer of
 *  Gatehouse nothing is allowed. */
export async function countCall(baseUrl: string, req: IncomingMessage): Promise<void> {
  const body = { meter: "ai.calls", record: randomUUID() }; // the id makes it count once, also if the question is sent again
  const { data, error } = await gatehouse(baseUrl, credentialOf(req)).POST("/v1/check", { body });
  if (!data) throw new Error(`gatehouse: ${error?.code ?? "no answer"}`);
  if (data.allowed) return;
  const { limit, used, resets_at } = data.quota ?? {};
  throw new Refusal(data.clause === "quota_exceeded" ? 429 : 403, { code: data.clause, limit, used, resets_at, needs_plan: data.needs_plan }, resets_at);
}
