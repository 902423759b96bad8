// aichat-ts is a small AI product behind nginx. nginx has asked Gatehouse before a request arrives here, so a handler begins with who it is;
// docs/forward-auth/nginx.conf says what each route demands.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { callerOf, countCall, credentialOf, gatehouse, Refusal } from "./gatehouse.js";

const gatehouseURL = process.env["GATEHOUSE_URL"] ?? "http://127.0.0.1:8080";
const port = Number(process.env["PORT"] ?? 3000);

type Handler = (req: IncomingMessage, body: string) => Promise<object>;

const routes: Record<string, Handler> = {
  // It would call a model, once the call is counted towards what the plan includes. The caller says whom to bill.
  "POST /api/chat": async (req, body) => {
    const { message } = JSON.parse(body) as { message: string };
    await countCall(gatehouseURL, req);
    return { reply: `You said: ${message}`, ...callerOf(req) };
  },
  // What only tenants on a larger plan have bought.
  "POST /api/agents": async (req) => {
    await countCall(gatehouseURL, req);
    return { status: "started", plan: callerOf(req).plan };
  },
  // What a page shows depends on more than one permission: one question for all buttons.
  "GET /app/buttons": async (req) => {
    const { data, error } = await gatehouse(gatehouseURL, credentialOf(req)).POST("/v1/check/batch", {
      body: { checks: [{ permission: "chat:use" }, { permission: "agents:run", feature: "ai.agents" }, { permission: "reports:export" }] },
    });
    if (!data) throw new Error(`gatehouse: ${error?.code ?? "no answer"}`);
    const [chat, agents, reports] = data.decisions.map((d) => d.allowed);
    return { chat, agents, reports };
  },
};

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const handler = routes[`${req.method} ${(req.url ?? "").split("?")[0]}`];
  if (!handler) {
    res.writeHead(404).end();
    return;
  }
  let body = "";
  for await (const chunk of req) body += chunk;
  const out = await handler(req, body);
  res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(out));
}

createServer((req, res) => {
  answer(req, res).catch((cause: unknown) => {
    if (cause instanceof Refusal) {
      const wait = cause.resetsAt ? Math.max(1, Math.ceil((Date.parse(cause.resetsAt) - Date.now()) / 1000)) : 0;
      res.writeHead(cause.status, { "content-type": "application/json", ...(wait > 0 && { "retry-after": String(wait) }) });
      res.end(JSON.stringify(cause.body));
      return;
    }
    console.error(cause);
    if (!res.headersSent) res.writeHead(cause instanceof SyntaxError ? 400 : 503);
    res.end();
  });
}).listen(port, "127.0.0.1", () => console.log(`aichat-ts listens on 127.0.0.1:${port}`));
