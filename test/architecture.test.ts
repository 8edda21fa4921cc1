import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

/**
 * The folders of `src/` and what each may import, as the design's table says. Arrows point one way:
 * a folder names only folders above it. A folder that is missing here may not exist.
 */
const arrows: Record<string, readonly string[]> = {
  base: [],
  config: ['base'],
  i18n: ['base'],
  // Reports its queries and broken connections to listeners that are handed in, so it needs no log …
  db: ['base', 'config'],
  // … and health, which asks the database, may stand on it.
  observe: ['base', 'config', 'db'],
  audit: ['base', 'db'],
  limits: ['base', 'config', 'db'],
  mail: ['base', 'config', 'i18n', 'db', 'observe'],
  accounts: ['base', 'config', 'db', 'observe', 'audit', 'limits'],
  factors: ['base', 'config', 'i18n', 'db', 'observe', 'audit', 'limits', 'mail', 'accounts'],
  desk: ['base', 'config', 'i18n', 'db', 'observe', 'audit', 'limits', 'mail', 'accounts', 'factors'],
  oidc: ['base', 'config', 'db', 'observe', 'audit', 'limits', 'accounts', 'factors'],
  // What each page shows, beside the templates in `views/pages`.
  pages: ['base', 'config', 'i18n'],
  web: ['base', 'config', 'i18n', 'observe', 'pages'],
  // Never db, nor oidc: `app.ts` hands in the narrow ports it needs.
  login: ['base', 'config', 'i18n', 'observe', 'pages', 'web', 'audit', 'accounts', 'factors'],
  help: ['base', 'config', 'i18n', 'observe', 'pages', 'web', 'audit', 'accounts', 'factors'],
  portal: ['base', 'config', 'i18n', 'observe', 'pages', 'web', 'audit', 'accounts', 'factors'],
  staff: ['base', 'config', 'i18n', 'observe', 'pages', 'web', 'audit', 'accounts', 'factors', 'desk'],
  app: ['*'],
  '(root)': ['*'],
  trial: ['*'],
  cli: ['*'],
};

/** Arrows that hold for `import type` alone: a shape is known, nothing is called. */
const typeArrows: Record<string, readonly string[]> = {
  // The origin of a request is established by web and written down by audit.
  web: ['audit'],
  // Ports speak in the words of those who answer …
  login: ['limits', 'mail'],
  // … and the provider answers the ports that login, portal and web declare.
  oidc: ['login', 'portal', 'web'],
};

/**
 * The rooms inside of the crowded folders, from the ground up: each may import what stands before it. A file
 * that lies beside the rooms belongs to the room that lists it, else to the ground.
 */
const rooms: Record<string, readonly { room: string; files?: readonly string[] }[]> = {
  factors: [
    { room: 'ground' },
    { room: 'app' },
    { room: 'mail' },
    { room: 'verification' },
    { room: 'enrolled' },
    { room: 'notices' },
    { room: 'browsers' },
    { room: 'sign-in' },
    { room: 'setup-pass' },
    { room: 'changes' },
    { room: 'passkeys' },
    { room: 'recovery' },
    { room: 'enrolment' },
    { room: 'whole', files: ['second-factor.ts'] },
  ],
  oidc: [
    { room: 'ground' },
    { room: 'storage' },
    { room: 'clients' },
    { room: 'policy', files: ['policy.ts', 'trust.ts', 'issued-assurance.ts'] },
    { room: 'logout' },
    { room: 'provider' },
    { room: 'ports' },
    { room: 'whole', files: ['provider-handle.ts', 'mount.ts'] },
  ],
};

/** The program loads neither the trial nor the command line, and the trial not the command line. */
const above: Record<string, readonly string[]> = {
  app: ['(root)', 'trial', 'cli'],
  '(root)': ['trial', 'cli'],
  trial: ['cli'],
};

const root = path.join(import.meta.dirname, '..');
const files = globSync('{src,migrations}/**/*.ts', { cwd: root }).toSorted();
const contents = new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));

interface Import {
  file: string;
  line: number;
  specifier: string;
  typeOnly: boolean;
  dynamic: boolean;
}

const importPattern =
  /^[ \t]*(?:import|export)\b(?<type>[ \t]+type\b)?[^;'"]*?\bfrom[ \t]*['"](?<from>[^'"]+)['"]|^[ \t]*import[ \t]*['"](?<bare>[^'"]+)['"]|\bimport\([ \t]*['"](?<dynamic>[^'"]+)['"]/gms;

function lineOf(content: string, index: number): number {
  return content.slice(0, index).split('\n').length;
}

function importsOf(file: string, content: string): Import[] {
  return [...content.matchAll(importPattern)].map((match) => {
    const { type, from, bare, dynamic } = match.groups ?? {};
    const specifier = from ?? bare ?? dynamic ?? '';
    // The line of the module's name, which is what an editor's search finds.
    const line = lineOf(content, match.index + match[0].lastIndexOf(specifier));
    return { file, line, specifier, typeOnly: type !== undefined, dynamic: dynamic !== undefined };
  });
}

const imports = [...contents].flatMap(([file, content]) => importsOf(file, content));
const inSource = imports.filter(({ file }) => file.startsWith('src/'));

/** The folder of `src/` that a file lies in; undefined outside of `src/`. */
function folderOf(file: string): string | undefined {
  const [top, folder, ...rest] = file.split('/');
  if (top !== 'src' || folder === undefined) return undefined;
  return rest.length === 0 ? '(root)' : folder;
}

function targetOf({ file, specifier }: Import): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
}

function isRelative({ specifier }: Import): boolean {
  return specifier.startsWith('.');
}

function find(pattern: RegExp, allowed: (file: string) => boolean): string[] {
  return [...contents]
    .filter(([file]) => !allowed(file))
    .flatMap(([file, content]) =>
      [...content.matchAll(pattern)].map((match) => `${file}:${lineOf(content, match.index)} ${match[0]}`),
    );
}

describe('the house', () => {
  test('the parser of imports sees every form', () => {
    const source = [
      "import a from './a.ts';",
      "import { b,\n  c } from './b.ts';",
      "import type { D } from './d.ts';",
      "import './e.ts';",
      "export { f } from './f.ts';",
      "export type { G } from './g.ts';",
      "const h = await import('./h.ts');",
      "// from './not.ts'",
    ].join('\n');
    expect(importsOf('x.ts', source).map(({ specifier, line }) => `${specifier}:${line}`)).toEqual([
      './a.ts:1',
      './b.ts:3',
      './d.ts:4',
      './e.ts:5',
      './f.ts:6',
      './g.ts:7',
      './h.ts:8',
    ]);
  });

  test('has only folders that the table names', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== undefined));
    expect([...folders].filter((folder) => arrows[folder] === undefined)).toEqual([]);
  });

  test('imports follow the arrows', () => {
    const forbidden = inSource.filter(isRelative).flatMap((one) => {
      const from = folderOf(one.file) ?? '';
      const to = folderOf(targetOf(one));
      if (to === undefined) return [`${one.file}:${one.line} reaches out of src/: ${one.specifier}`];
      const allowed = arrows[from] ?? [];
      if (from === to || allowed.includes(to)) return [];
      if (allowed.includes('*') && !(above[from] ?? []).includes(to)) return [];
      if (one.typeOnly && (typeArrows[from] ?? []).includes(to)) return [];
      return [`${one.file}:${one.line} ${from} -> ${to} (${one.specifier})`];
    });
    expect(forbidden).toEqual([]);
  });

  test('the arrows of the table make no circle', () => {
    const order = Object.keys(arrows);
    const backward = order.flatMap((from, i) =>
      (arrows[from] ?? [])
        .filter((to) => to !== '*' && order.indexOf(to) >= i)
        .map((to) => `${from} -> ${to}`),
    );
    expect(backward).toEqual([]);
  });

  test('the trial is loaded on demand only, so that the program runs without its packages', () => {
    const early = inSource
      .filter(
        (one) => isRelative(one) && folderOf(targetOf(one)) === 'trial' && folderOf(one.file) !== 'trial',
      )
      .filter((one) => !one.dynamic && !one.typeOnly)
      .map((one) => `${one.file}:${one.line} ${one.specifier}`);
    expect(early).toEqual([]);
  });

  test('folders import each other in one direction, types included', () => {
    const edges = new Set(
      inSource
        .filter(isRelative)
        .map((one) => `${folderOf(one.file) ?? ''} ${folderOf(targetOf(one)) ?? ''}`),
    );
    const reached = (from: string, seen = new Set<string>()): Set<string> => {
      for (const edge of edges) {
        const [a = '', b = ''] = edge.split(' ');
        if (a !== from || b === from || seen.has(b)) continue;
        seen.add(b);
        reached(b, seen);
      }
      return seen;
    };
    expect(Object.keys(arrows).filter((folder) => reached(folder).has(folder))).toEqual([]);
  });

  test('inside a folder the rooms import each other in one direction, types included', () => {
    const wrong = Object.entries(rooms).flatMap(([folder, order]) => {
      const heightOf = (file: string): number => {
        const [first = '', ...rest] = path.posix.relative(`src/${folder}`, file).split('/');
        const name =
          rest.length > 0 ? first : order.find(({ files: own }) => own?.includes(first) === true)?.room;
        const height = order.findIndex(({ room }) => room === (name ?? 'ground'));
        return height;
      };
      return inSource
        .filter(
          (one) => isRelative(one) && folderOf(one.file) === folder && folderOf(targetOf(one)) === folder,
        )
        .filter((one) => heightOf(one.file) < 0 || heightOf(targetOf(one)) > heightOf(one.file))
        .map((one) => `${one.file}:${one.line} ${one.specifier}`);
    });
    expect(wrong).toEqual([]);
  });

  test('no files import each other in a circle, types included', () => {
    const next = Map.groupBy(inSource.filter(isRelative), ({ file }) => file);
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
      if (done.has(file) || way.includes(file)) return;
      for (const one of next.get(file) ?? []) walk(targetOf(one), [...way, file]);
      done.add(file);
    };
    for (const file of next.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });

  test('relative imports end in .ts and name a file that is there', () => {
    const wrong = imports
      .filter(isRelative)
      .filter((one) => !one.specifier.endsWith('.ts') || !contents.has(targetOf(one)))
      .map((one) => `${one.file}:${one.line} ${one.specifier}`);
    expect(wrong).toEqual([]);
  });

  test('Node modules are imported as node:…, every package is a dependency', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(path.join(root, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
    const foreign = imports
      .filter((one) => !isRelative(one) && !one.specifier.startsWith('node:'))
      .filter(({ file, specifier }) => {
        const [scope = '', name = ''] = specifier.split('/');
        const installed = scope.startsWith('@') ? `${scope}/${name}` : scope;
        // The trial is for a clone with everything installed: it plays mail server and service too.
        const known = folderOf(file) === 'trial' ? { ...devDependencies, ...dependencies } : dependencies;
        return known[installed] === undefined;
      })
      .map((one) => `${one.file}:${one.line} ${one.specifier}`);
    expect(foreign).toEqual([]);
  });

  test('migrations stand on their own: they import Kysely alone, so that later code cannot change them', () => {
    const others = imports
      .filter(({ file, specifier }) => file.startsWith('migrations/') && specifier !== 'kysely')
      .map((one) => `${one.file}:${one.line} ${one.specifier}`);
    expect(others).toEqual([]);
  });

  test('oidc-provider is known to src/oidc alone', () => {
    const outside = inSource
      .filter(({ file, specifier }) => /^oidc-provider(\/|$)/.test(specifier) && folderOf(file) !== 'oidc')
      .map((one) => `${one.file}:${one.line}`);
    expect(outside).toEqual([]);
  });

  test('the environment is read by src/config/load.ts and the command line only', () => {
    expect(
      find(/\bprocess\.env\b/g, (file) => file === 'src/config/load.ts' || folderOf(file) === 'cli'),
    ).toEqual([]);
  });

  test('nothing is printed past the log, but by the command line and the trial', () => {
    const printing = (file: string): boolean => ['cli', 'trial'].includes(folderOf(file) ?? '');
    expect(find(/\bconsole\.\w+/g, printing)).toEqual([]);
  });

  test('no file is longer than 300 lines, but the catalogues of texts', () => {
    const catalogues = /^src\/i18n\/(catalogues?\/.*|en|ja)\.ts$/;
    const long = [...contents]
      .filter(([file, content]) => !catalogues.test(file) && content.split('\n').length > 301)
      .map(([file, content]) => `${file}: ${content.split('\n').length - 1} lines`);
    expect(long).toEqual([]);
  });

  test('names are in kebab-case', () => {
    expect(files.filter((file) => !/^[a-z0-9/-]+\.ts$/.test(file))).toEqual([]);
  });
});
