'use strict';
require('fs'); // of which the prelude makes node load all parts
// What js_host.js runs to warm node up: a program like those that follow.
const near = (numbers, limit) => {
  for (let i = 0; i < numbers.length; i++) {
    for (let j = i + 1; j < numbers.length; j++) if (Math.abs(numbers[i] - numbers[j]) < limit) return true;
  }
  return false;
};
const testNear = () => {
  console.assert(near([1.0, 2.0, 3.9], 0.3) === false);
  console.assert(JSON.stringify([1, 2, 'x'].map((x) => x)) === JSON.stringify([1, 2, 'x']));
};
testNear();
