// The echo server of the bench, written with the TypeScript SDK: `echo.mjs sse` or `echo.mjs json`, which is the form
// of its answers, in sessions. It prints its address first.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

const enableJsonResponse = process.argv[2] === "json";
const sessions = new Map();

async function open() {
  const transport = new StreamableHTTPServerTransport({
    enableJsonResponse,
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  const server = new McpServer({ name: "bench", version: "1.0.0" });
  const settings = { description: "Answers what it was told.", inputSchema: { text: z.string() } };
  server.registerTool("echo", settings, ({ text }) => ({ content: [{ type: "text", text }] }));
  await server.connect(transport);
  return transport;
}

const listener = createServer(async (request, response) => {
  const transport = sessions.get(request.headers["mcp-session-id"]) ?? (await open());
  await transport.handleRequest(request, response);
});
listener.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${listener.address().port}`));
