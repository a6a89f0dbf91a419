// Loaded before the program (node --require). It holds the test and the token, which came through a descriptor that is
// empty when the program starts: the program's file is the candidate's part alone, and its last line calls here with a
// way to ask for the candidate's names. The test is executed in a context of its own (js_referee.js). The token is given
// back when that test has ended without a failure and node emits beforeExit, which it does when nothing is left to do,
// never on process.exit. What is used here is taken before the program can change it.
//
// Where no test is known, the program's file holds it too; then the last line tells only that it was reached, with what
// is called console there.
'use strict';
const fs = require('fs');
const vm = require('vm');
const path = require('path');
const Module = require('module');
const { readSync, writeSync, readFileSync } = fs;
const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;
const SECRET = 3;
const PROOF = 4;

// What reaches into every context of a process, or reads its memory; none of it is of use to an honest program. The
// modules that offer it are large: they are mended when the program loads them, and one that came in past this hook
// (by import) leaves the program without a proof.
const reaching = {
  __proto__: null,
  inspector: (inspector) => {
    forbid(inspector.Session.prototype, 'connect');
    forbid(inspector.Session.prototype, 'connectToMainThread');
    forbid(inspector.Session.prototype, 'post');
    forbid(inspector, 'open');
  },
  v8: (v8) => {
    forbid(v8, 'getHeapSnapshot');
    forbid(v8, 'writeHeapSnapshot');
    forbid(v8, 'setFlagsFromString');
    forbid(v8, 'queryObjects');
  },
};
const { slice } = String.prototype;
function forbid(holder, name) {
  if (typeof holder[name] !== 'function') return;
  const value = () => {
    throw new Error(`${name} is not available here`);
  };
  defineProperty(holder, name, { value, writable: false, configurable: false });
}
for (const name of ['binding', '_linkedBinding', 'dlopen', '_debugProcess']) forbid(process, name);

const loaded = process.moduleLoadList;
defineProperty(process, 'moduleLoadList', { value: [...loaded], configurable: true, enumerable: true });
const mended = { __proto__: null };
const loadModule = Module._load;
function mend(name) {
  if (mended[name]) return;
  mended[name] = true;
  reaching[name](apply(loadModule, Module, [name, null, false]));
}
const loading = { __proto__: null, child_process: true, cluster: true, repl: true }; // they load those themselves
Module._load = function (request, parent, isMain) {
  for (const name in reaching) {
    const plain = typeof request === 'string' && apply(slice, request, [0, 5]) === 'node:' ? apply(slice, request, [5]) : request;
    if (plain === name || loading[plain]) mend(name);
  }
  return apply(loadModule, this, [request, parent, isMain]);
};
function isUntouched() {
  for (let place = 0; place < loaded.length; place += 1) {
    for (const name in reaching) if (loaded[place] === `NativeModule ${name}` && !mended[name]) return false;
  }
  return true;
}
// where a module can be required that imports, the hook is passed by at once
if (process.features.require_module || !isUntouched()) for (const name in reaching) mend(name);

// A worker thread and a child process load this file, too: they have no test and prove nothing.
// (Functions in parentheses are compiled with the file and not when they are called: before the fork, where there is one.)
const secret = (function () {
  let text = '';
  try {
    if (!fs.fstatSync(SECRET).isFIFO()) return undefined;
    const parts = [];
    for (let size = 1; size > 0; ) {
      const part = Buffer.alloc(8192);
      size = readSync(SECRET, part, 0, part.length, null);
      parts.push(part.subarray(0, size));
    }
    text = Buffer.concat(parts).toString('utf8');
  } catch {
    return undefined;
  }
  const [token, mark] = text.split('\n', 2);
  return mark === undefined ? undefined : { token, mark, test: text.slice(token.length + mark.length + 2) };
});

let mark = '';
let token = '';
let failed = false;
function fail() {
  if (!failed) writeSync(PROOF, 'assertion failed\n');
  failed = true;
}
const captureStackTrace = Error.captureStackTrace;
// Whether, behind the first `own` calls, only node's own functions wait.
const calledByNode = (function (own) {
  const holder = {};
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = undefined;
  Error.stackTraceLimit = 10;
  captureStackTrace(holder);
  const lines = apply(split, `${holder.stack}`, ['\n']);
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  // the error's line and this function come first
  for (let line = 2 + own; line < lines.length; line += 1) if (!apply(matches, fromNode, [lines[line]])) return false;
  return true;
});
const split = String.prototype.split;
const matches = RegExp.prototype.test;
const fromNode = /\(?node:/;

// node's own errors, made by functions of the program's world
const errors = { __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

let ended = false;
let genuine;
function plainEnd(word, seen) {
  if (word === mark) ended = seen === genuine;
}
const testedEnd = (function (referee) {
  return (word, named) => {
    if (ended || word !== mark) return;
    let trouble;
    try {
      trouble = referee(named);
    } catch {
      // an error of the test's world (no stack was left there), which must not get into the program's hands
      trouble = { __proto__: null, name: 'RangeError', message: 'the test did not come to an end' };
    }
    if (trouble === undefined) {
      ended = true;
      return;
    }
    writeSync(PROOF, 'the test did not come to its end\n'); // whatever becomes of the error
    token = '';
    if ('candidate' in trouble) throw trouble.candidate;
    else throw new (errors[trouble.name] ?? Error)(trouble.message);
  };
});

function made() {
  const world = vm.createContext(Object.create(null));
  return vm.runInContext(readFileSync(path.join(__dirname, 'js_referee.js'), 'utf8'), world);
}

// What has to do with one program. `world` returns how a test is started in a world of its own.
const begin = (function (world) {
  const brought = secret();
  if (brought === undefined) {
    if (!require('worker_threads').isMainThread) for (const name in reaching) mend(name);
    return;
  }
  const { test } = brought;
  ({ mark, token } = brought);

  const original = console.assert;
  function assert(...args) {
    if (!args[0]) fail();
    return apply(original, console, args);
  }
  defineProperty(console, 'assert', { value: assert, writable: false, configurable: false, enumerable: true });
  // the global object keeps its console: an assignment to it is ignored as one to a constant
  const descriptor = getOwnPropertyDescriptor(globalThis, 'console');
  defineProperty(globalThis, 'console', { ...descriptor, value: console, writable: false, configurable: false });
  genuine = console;

  if (test) {
    // a program is what candidate and test are together: it must compile as node compiles it
    const file = readFileSync(process.argv[1], 'utf8');
    const whole = `${file.slice(file.charCodeAt(0) === 0xfeff ? 1 : 0, file.lastIndexOf('\n;'))}\n${test}`;
    vm.compileFunction(whole, ['exports', 'require', 'module', '__filename', '__dirname']);
    const told = {
      __proto__: null,
      failed: (what) => {
        fail();
        writeSync(2, what ? `Assertion failed: ${what}\n` : 'Assertion failed\n');
      },
    };
    const make = {
      __proto__: null,
      array: () => [],
      object: () => ({}),
      call: (called, given) => apply(called, undefined, given),
      define: (target, key, value) =>
        defineProperty(target, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true }),
    };
    defineProperty(globalThis, '__humanevalpack_end', { value: testedEnd(world()(test, make, told)) });
  } else {
    defineProperty(globalThis, '__humanevalpack_end', { value: plainEnd });
  }

  // After the file's last line nothing can begin to prove anything; what the program has imported comes later than this.
  process.nextTick(() => {
    if (!ended) token = '';
  });

  let proved = false;
  process.on('beforeExit', () => {
    if (proved || failed || !ended || !isUntouched() || !calledByNode(1)) return;
    proved = true;
    writeSync(PROOF, token);
  });
});

// Where programs are forks of one node (js_host.js), this file is loaded once, and begins in each of them.
const host = globalThis.__humanevalpack_host;
delete globalThis.__humanevalpack_host;
if (host === undefined) begin(made);
else host(begin);
