// Loaded before the program (node --require). It reports a failed console.assert, and it proves that the program ran
// to its end: its last line was reached (not so after a `return` at the top or an error that the program swallowed)
// and node emitted beforeExit, which it does when nothing is left to do, never on process.exit. What it uses is taken
// before the program can change it.
'use strict';
const fs = require('fs');
const { readSync, writeSync } = fs;
const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;
const TOKEN = 3;
const PROOF = 4;

let failed = false;
const original = console.assert;
function assert(...args) {
  if (!args[0] && !failed) {
    failed = true;
    writeSync(PROOF, 'assertion failed\n');
  }
  return apply(original, console, args);
}
defineProperty(console, 'assert', { value: assert, writable: false, configurable: false, enumerable: true });
// the global object keeps its console: an assignment to it is ignored as one to a constant
const descriptor = getOwnPropertyDescriptor(globalThis, 'console');
defineProperty(globalThis, 'console', { ...descriptor, value: console, writable: false, configurable: false });

// The last line of the program's file calls this with what is called console there, in the test's own scope.
let ended = false;
const genuine = console;
defineProperty(globalThis, '__humanevalpack_end', {
  value: (seen) => {
    ended = seen === genuine;
  },
});

const captureStackTrace = Error.captureStackTrace;
function calledByNode() {
  const holder = {};
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = undefined;
  Error.stackTraceLimit = 10;
  captureStackTrace(holder);
  const lines = String(holder.stack).split('\n');
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  // the error's line, this function, the listener, process.emit: nothing of the program
  for (let line = 3; line < lines.length; line += 1) if (!/\(?node:/.test(lines[line])) return false;
  return true;
}

let proved = false;
process.on('beforeExit', () => {
  if (proved || failed || !ended || !calledByNode()) return;
  proved = true;
  const token = Buffer.alloc(64);
  const size = readSync(TOKEN, token, 0, 64, null);
  writeSync(PROOF, token, 0, size);
});
