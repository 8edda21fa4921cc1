import { types } from 'node:util';

// Jest runs each test file in a realm of its own, and an error of Node's core is none of that
// realm's `Error`s. Outside of tests there is one realm: `instanceof Error` must mean the same here.
const ordinary = Function.prototype[Symbol.hasInstance];
Object.defineProperty(Error, Symbol.hasInstance, {
  value(value) {
    return ordinary.call(this, value) || (this === Error && types.isNativeError(value));
  },
});
