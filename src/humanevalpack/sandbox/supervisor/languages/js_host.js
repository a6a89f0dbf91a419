// The part of js_host.cpp that is JavaScript. It runs in the long-lived process, with node's internal require, after
// node's own preparations; what it returns runs first in each program's process.
(require) => {
  'use strict';
  const fs = require('fs');
  const path = require('path');
  const vm = require('vm');
  const { Module } = require('internal/modules/cjs/loader');
  const { refreshTimeOrigin } = require('internal/perf/utils');
  const { chdir } = process;
  const { defineProperty } = Object;
  const prelude = process.execArgv[process.execArgv.indexOf('--require') + 1];

  defineProperty(process, '_preload_modules', {
    value: [prelude],
    writable: false,
    configurable: true,
    enumerable: true,
  });

  // What every program makes node do is compiled, once, by doing it here; nothing of it stays to be seen.
  function warm(file) {
    Module._initPaths();
    chdir('.');
    Module._preloadModules([file]);
    delete Module._cache[file];
    Module._findPath(file, null, true);
    Module._load(file, null, false);
    delete Module._cache[file];
    for (const key of Object.keys(Module._pathCache)) delete Module._pathCache[key];
    process.once(file, () => {});
    process.emit(file);
    const end = fs.openSync('/dev/null', 'r+');
    fs.writeSync(end, Buffer.alloc(64), 0, 64);
    fs.writeSync(end, 'x');
    fs.readSync(end, Buffer.alloc(64), 0, 64, null);
    fs.fstatSync(end).isFIFO();
    Buffer.concat([Buffer.alloc(64).subarray(0, 1)]).toString('utf8').split('\n', 2);
    vm.compileFunction(fs.readFileSync(file, 'utf8'), ['exports', 'require', 'module', '__filename', '__dirname']);
    fs.closeSync(end);
    const holder = {};
    Error.captureStackTrace(holder);
    return holder.stack;
  }
  warm(path.join(path.dirname(prelude), 'js_warm.js'));

  // The world of the test holds nothing of a program's: it is made once, and the prelude takes it.
  const referee = fs.readFileSync(path.join(path.dirname(prelude), 'js_referee.js'), 'utf8');
  const start = vm.runInContext(referee, vm.createContext(Object.create(null)));

  const make = { array: () => [], object: () => ({}), call: (called, given) => called(...given), define: () => {} };
  const warmUp = start('console.assert(JSON.stringify(f([1])) === "[1]")', make, {});
  warmUp((name) => (name === 'f' ? [(list) => list] : undefined));

  let begin;
  defineProperty(globalThis, '__humanevalpack_host', { value: (given) => (begin = given), configurable: true });
  Module._preloadModules([prelude]);

  return (pid) => {
    refreshTimeOrigin();
    chdir('.'); // forgets the long-lived process's working directory
    defineProperty(process, 'pid', { value: pid });
    process.argv[1] = path.resolve(process.argv[1]);
    Module._initPaths(); // they depend on the environment
    begin(() => start);
    /^/.exec(''); // the statics of RegExp, as node resets them
    return [Module, process.argv[1]];
  };
}
