// The world of the test: evaluated in a context of its own (vm) before the program is loaded. The test sees this
// context's Math, JSON and Array, and copies of what the candidate answers; the candidate sees copies of what the test
// passes. No object of this context ever gets into the candidate's hands: with one it could change what the test uses.
// (The traps of a Proxy are given an array or a descriptor by whoever calls or defines: `make` does that, in its world.)
// Everything here is strict: a stack trace shows neither such functions nor those below them.
(function (test, make, told) {
  'use strict';
  const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, get } = Reflect;
  const { isArray } = Array;
  const { freeze } = Object;
  const evaluate = eval;
  const sizeOfMap = getOwnPropertyDescriptor(Map.prototype, 'size').get;
  const sizeOfSet = getOwnPropertyDescriptor(Set.prototype, 'size').get;
  const kindOfTyped = getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
  const typed = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array];
  typed.push(Float32Array, Float64Array, BigInt64Array, BigUint64Array);

  const theirPlain = getPrototypeOf(make.object());

  function put(target, key, value) {
    defineProperty(target, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
  }
  // The content of an object of one built-in kind, however disguised; undefined for every other object.
  function contentOf(method, value) {
    try {
      return { content: apply(method, value, []) };
    } catch {
      return undefined;
    }
  }

  // What was copied, in both directions: an object that comes back is the one that went.
  const inside = new Map();
  const outside = new Map();
  function pair(theirs, ours) {
    inside.set(theirs, ours);
    outside.set(ours, theirs);
    return ours;
  }

  // From the candidate: a value of this world with the same content.
  function fromCandidate(value) {
    if (typeof value === 'function') return inside.get(value) ?? pair(value, (...given) => call(value, given));
    if (typeof value !== 'object' || value === null) return value;
    const known = inside.get(value);
    if (known !== undefined) {
      refill(known, value);
      return known;
    }
    const special = isPlain(value) ? undefined : boxed(value);
    if (special !== undefined) return pair(value, special);
    const ours = isArray(value) ? [] : {};
    pair(value, ours);
    refillable.add(ours);
    refill(ours, value);
    return ours;
  }

  function isPlain(value) {
    if (isArray(value)) return true;
    const prototype = getPrototypeOf(value);
    return prototype === theirPlain || prototype === null;
  }

  // Objects whose content is not in their properties; undefined for all others.
  function boxed(value) {
    for (const kind of [Number, String, Boolean, Date]) {
      const found = contentOf(kind.prototype.valueOf, value);
      if (found !== undefined) return new kind(found.content);
    }
    if (contentOf(sizeOfMap, value) !== undefined) {
      const map = new Map();
      apply(Map.prototype.forEach, value, [(item, key) => map.set(fromCandidate(key), fromCandidate(item))]);
      return map;
    }
    if (contentOf(sizeOfSet, value) !== undefined) {
      const set = new Set();
      apply(Set.prototype.forEach, value, [(item) => set.add(fromCandidate(item))]);
      return set;
    }
    const kind = apply(kindOfTyped, value, []);
    const like = kind === undefined ? undefined : typed.find((one) => one.name === kind);
    return like === undefined ? undefined : new like(value);
  }

  // Make an object of this world hold what its counterpart holds now.
  const refillable = new Set();
  const filling = new Set();
  function refill(ours, theirs) {
    if (filling.has(ours) || !refillable.has(ours)) return;
    filling.add(ours);
    try {
      if (isArray(ours)) {
        ours.length = 0;
        ours.length = get(theirs, 'length');
      } else {
        for (const key of ownKeys(ours)) delete ours[key];
      }
      for (const key of keysOf(theirs)) put(ours, key, fromCandidate(get(theirs, key)));
    } finally {
      filling.delete(ours);
    }
  }
  function keysOf(theirs) {
    const keys = [];
    for (const key of ownKeys(theirs)) {
      const found = typeof key === 'string' ? getOwnPropertyDescriptor(theirs, key) : undefined;
      if (found !== undefined && found.enumerable) keys.push(key);
    }
    return keys;
  }

  // To the candidate: a value of its world with the same content; `touched` collects the objects that it may change.
  function toCandidate(value, touched) {
    if (typeof value === 'function') throw new TypeError('this test passes a function: it needs the candidate beside it');
    if (typeof value !== 'object' || value === null) return value;
    const known = outside.get(value);
    const theirs = known ?? (isArray(value) ? make.array() : make.object());
    if (touched.has(value)) return theirs;
    touched.set(value, theirs);
    if (known === undefined) pair(theirs, value);
    refillable.add(value);
    for (const key of ownKeys(theirs)) if (key !== 'length') delete theirs[key];
    if (isArray(value)) theirs.length = value.length;
    for (const key of keysOf(value)) make.define(theirs, key, toCandidate(value[key], touched));
    return theirs;
  }

  function call(candidate, given) {
    const touched = new Map();
    const passed = given.map((value) => toCandidate(value, touched));
    let result;
    try {
      result = make.call(candidate, passed);
    } catch (error) {
      thrown = { error };
      throw thrown;
    }
    touched.forEach((theirs, ours) => refill(ours, theirs));
    return fromCandidate(result);
  }
  let thrown;

  const console = freeze({
    assert: (holds, ...what) => {
      if (!holds) told.failed(what.map(String).join(' '));
    },
  });

  // Execute the test with the candidate's names: `named(name)` is [value], or undefined if there is no such name.
  function run(names, named) {
    const known = [];
    const values = [];
    for (const name of names) {
      const found = make.call(named, [name]);
      if (found !== undefined) {
        known.push(name);
        values.push(fromCandidate(get(found, 0)));
      }
    }
    try {
      evaluate(`(function (console, ${known.join(', ')}) { return function () {\n${test}\n}; })`)(console, ...values)();
    } catch (error) {
      if (error === thrown) return { __proto__: null, candidate: thrown.error };
      return { __proto__: null, name: String(error?.name), message: String(error?.message ?? error) };
    }
    return undefined;
  }

  // The names that the test does not bring and this world does not have.
  const reserved = ' arguments await break case catch class const continue debugger default delete do else enum eval export extends '
    + 'false finally for function if implements import in instanceof interface let new null package private protected public return '
    + 'static super switch this throw true try typeof undefined var void while with yield console ';
  const names = new Set(test.match(/[A-Za-z_$][\w$]*/g));
  const own = new Set(Object.getOwnPropertyNames(globalThis));
  const wanted = [...names].filter((name) => !reserved.includes(` ${name} `) && !own.has(name));
  return (named) => run(wanted, named);
})
