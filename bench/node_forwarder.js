// The least that forwards on Node: its own server, its own client, connections kept. For comparison.
// node node_forwarder.js PORT UPSTREAM, with an upstream such as http://127.0.0.1:8000
"use strict";
const http = require("node:http");

const [port, base] = process.argv.slice(2);
const upstream = new URL(base);
const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 1024 });

// What belongs to one connection and not to the message.
const connectionless = ({ connection, "keep-alive": _, ...fields }) => fields;

function forward(request, response) {
  const headers = { ...connectionless(request.headers), host: upstream.host };
  const { method, url: path } = request;
  const onward = { agent, hostname: upstream.hostname, port: upstream.port, method, path, headers };
  const asked = http.request(onward, (answer) => {
    response.writeHead(answer.statusCode, connectionless(answer.headers));
    answer.pipe(response);
  });
  asked.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  request.pipe(asked);
}

http.createServer(forward).listen(Number(port), "127.0.0.1");
