// What node.py runs: a server for HTTP/1.1 and two for HTTP/2, on sockets that are inherited.
"use strict";

const fs = require("node:fs");
const http = require("node:http");
const http2 = require("node:http2");

const options = JSON.parse(process.argv[2]);
const settings = options.maxConcurrentStreams ? { maxConcurrentStreams: options.maxConcurrentStreams } : {};
let count = 0; // of the requests that were answered
let streams = 0;
const early = { size: -1, waiting: [] }; // the last body of /early, once it has ended

function serve(request, response) {
  let size = 0;
  const path = request.url;
  if (path === "/rejected") {
    response.writeHead(413);
    response.end("too large");
    return;
  }
  if (path === "/echo") {
    request.pipe(response);
    return;
  }
  if (path === "/early") {
    early.size = -1;
    response.writeHead(200);
    response.end("early");
  }
  request.on("data", (chunk) => (size += chunk.length));
  request.on("error", () => {});
  if (path === "/early") {
    request.on("close", () => {
      early.size = size;
      for (const tell of early.waiting.splice(0)) tell();
    });
    return;
  }
  request.on("end", () => {
    if (path === "/received") {
      const tell = () => response.end(String(early.size));
      if (early.size < 0) early.waiting.push(tell);
      else tell();
    } else if (path === "/count") {
      response.end(String(count));
      count = 0;
    } else {
      count += 1;
      response.end(String(size));
    }
  });
}

// Of requests with "Expect: 100-continue". Node agrees by itself if nobody listens.
function consider(request, response) {
  if (request.url === "/unexpected") {
    response.writeHead(417);
    response.end();
  } else {
    if (request.url !== "/rejected") response.writeContinue();
    serve(request, response);
  }
}

function restless(session) {
  let requests = 0;
  session.on("error", () => {});
  session.on("stream", () => {
    requests += 1;
    if (requests === options.requestsPerSession) session.close();
  });
}

// The compatible interface answers each request, so a stream that is to be refused must not get there.
function refusing(server) {
  const [answer] = server.listeners("request");
  server.removeAllListeners("request");
  server.on("request", (request, response) => {
    streams += 1;
    if (request.httpVersionMajor === 2 && options.refuseEvery && streams % options.refuseEvery === 0) {
      request.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    } else {
      answer(request, response);
    }
  });
}

const secure = {
  settings,
  allowHTTP1: true,
  cert: fs.readFileSync(options.certificate),
  key: fs.readFileSync(options.key),
};
const servers = [
  http.createServer(serve),
  http2.createServer({ settings }, serve),
  http2.createSecureServer(secure, serve),
];
servers.forEach((server, index) => {
  server.on("checkContinue", consider);
  if (index) {
    server.on("session", restless);
    server.on("sessionError", () => {});
    refusing(server);
  }
  server.listen({ fd: options.descriptors[index] });
});
