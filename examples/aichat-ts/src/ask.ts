// Asks who a key stands for, and what it may do: npm run ask, with GATEHOUSE_URL and GATEHOUSE_API_KEY.
import { gatehouse } from "./gatehouse.js";

const client = gatehouse(process.env["GATEHOUSE_URL"] ?? "http://127.0.0.1:8080", { "x-api-key": process.env["GATEHOUSE_API_KEY"] ?? "" });

const me = await client.GET("/v1/me");
if (!me.data) {
  console.error(`refused: ${me.error?.code}`);
  process.exit(1);
}
const chat = await client.POST("/v1/check", { body: { permission: "chat:use" } });
const reports = await client.POST("/v1/check", { body: { permission: "reports:export" } });
const permissions = await client.GET("/v1/permissions");
console.log(
  JSON.stringify({
    tenant: me.data.tenant.id,
    role: me.data.role,
    chat: chat.data?.allowed,
    reports: reports.data?.allowed,
    needs_role: reports.data?.needs_role,
    permissions: permissions.data?.permissions,
    features: permissions.data?.features,
  }),
);
