// Preloaded (`--import`) into every Node process of the product, workers included: notes each address that is contacted
// or looked up in the file that RLM_GYM_NETWORK_LOG names. Hooks lie below http, https, tls and fetch.
import { appendFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const require = createRequire(import.meta.url);
// A worker has an empty environment: the file is told in the URL instead.
const file = process.env.RLM_GYM_NETWORK_LOG ?? decodeURIComponent(new URL(import.meta.url).search.slice(1));
const note = (what) => appendFileSync(file, `${JSON.stringify({ pid: process.pid, ...what })}\n`);
note({ started: process.argv[1] ?? '' });

// Workers get neither our environment nor our flags, so the flag is put in as they are started. One inside a wrapper has
// no view of our files; it is noted instead.
const { ChildProcess } = require('node:child_process');
const { spawn } = ChildProcess.prototype;
ChildProcess.prototype.spawn = function (options) {
  const [, ...rest] = options.args ?? [];
  if (options.file === process.execPath) {
    const self = new URL(import.meta.url);
    self.search = encodeURIComponent(file);
    return spawn.call(this, { ...options, args: [options.args[0], `--import=${self.href}`, ...rest] });
  }
  note({ wrapped: options.file });
  return spawn.call(this, options);
};

const { Socket } = require('node:net');
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const normal = Array.isArray(args[0]) ? args[0] : args;
  const [first, second] = normal;
  const options = typeof first === 'object' && first !== null ? first : { port: first, host: second };
  const to = options.path
    ? { path: String(options.path) }
    : { host: String(options.host ?? 'localhost'), port: Number(options.port) };
  note({ connect: to });
  return connect.apply(this, args);
};

const dns = require('node:dns');
for (const [owner, names] of [
  [
    dns,
    ['lookup', 'lookupService', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveTxt', 'resolveSrv', 'reverse'],
  ],
  [dns.promises, ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveTxt', 'resolveSrv', 'reverse']],
]) {
  for (const name of names) {
    const real = owner[name];
    owner[name] = function (host, ...rest) {
      // net asks for addresses too, which need no server.
      note({ lookup: String(host) });
      return real.call(this, host, ...rest);
    };
  }
}

const dgram = require('node:dgram');
for (const name of ['send', 'connect']) {
  const real = dgram.Socket.prototype[name];
  dgram.Socket.prototype[name] = function (...args) {
    note({ datagram: name });
    return real.apply(this, args);
  };
}
syncBuiltinESMExports();
