import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  optionalDependencies?: Record<string, string>;
}

const root = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const described = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>;

/** Where Node would find the package `name` from the folder `from`: its own node_modules or one above. */
function placeOf(name: string, from: string): string | undefined {
  const own = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
  if (packages[own] !== undefined) return own;
  if (from === '') return undefined;
  return placeOf(name, from.slice(0, Math.max(from.lastIndexOf('/node_modules/'), 0)));
}

describe('package-lock.json', () => {
  test('holds every package of every platform: `npm ci` refuses a lockfile that lacks one', () => {
    const missing = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => placeOf(name, place) === undefined)
        .map((name) => `${name} (of ${place})`),
    );
    expect(missing).toEqual([]);
  });

  test('knows the content of every package, and names no host to fetch it from', () => {
    const entries = Object.entries(packages).filter(([place]) => place !== '');
    expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([place]) => place)).toEqual([]);
    expect(entries.filter(([, { integrity }]) => integrity === undefined).map(([place]) => place)).toEqual(
      [],
    );
  });

  test('agrees with package.json', () => {
    const { dependencies, devDependencies } = (packages[''] ?? {}) as typeof described;
    expect({ dependencies, devDependencies }).toEqual({
      dependencies: described.dependencies,
      devDependencies: described.devDependencies,
    });
  });

  test('keeps the Node that development runs on to one version', () => {
    expect(described.devDependencies.node).toMatch(/^\d+\.\d+\.\d+$/);
    expect(packages['node_modules/node']?.version).toBe(described.devDependencies.node);
  });
});
