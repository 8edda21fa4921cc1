import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfiguration } from '../../src/config/load.ts';
import { configurationSchema } from '../../src/config/schema.ts';
import { trialConfiguration } from '../../src/trial/configuration.ts';

const file = path.join(import.meta.dirname, '../../config/nijo.example.yaml');
const example = readFileSync(file, 'utf8');
// A commented setting is a comment that begins with a small letter and a colon after one word.
const uncommented = example.replaceAll(/^( *)# (?=[a-z_0-9]+:( |$))/gm, '$1');

type Settings = Record<string, unknown>;
const active = parse(example) as Settings;
const everything = parse(uncommented) as Settings;
const defaults = configurationSchema.parse({}) as unknown as Settings;

const environment = {
  DATABASE_URL: 'postgres://nijo@127.0.0.1/nijo',
  SMTP_URL: 'smtp://127.0.0.1:25',
  NIJO_SECRET: '7tP0cW4kq9VbYx2mLr8sDf6gHj1nZa3eKu5iXoQw',
  NIJO_MAIL_FROM: 'no-reply@idp.example.ac.jp',
};

/** What is inside `default`, `prefault` and `optional`. */
function inner(schema: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return inner(schema.unwrap());
  return schema;
}

/** The dotted names of all settings: `issuer`, `server.host` … down to the item of a list. */
function namesOf(schema: unknown, prefix = ''): string[] {
  const bare = inner(schema);
  if (bare instanceof z.ZodArray) return namesOf(bare.element, `${prefix}.0`);
  if (!(bare instanceof z.ZodObject)) return [prefix];
  return Object.entries(bare.shape).flatMap(([name, part]) =>
    namesOf(part, prefix === '' ? name : `${prefix}.${name}`),
  );
}

function valueAt(settings: Settings, name: string): unknown {
  return name
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? (value as Settings)[key] : undefined),
      settings,
    );
}

/** Lists of plain values (`previous.0`) are shown as a list. */
const names = namesOf(configurationSchema).map((name) => name.replace(/\.0$/, ''));

describe('config/nijo.example.yaml', () => {
  test('loads as it is, with what the environment gives', () => {
    const configuration = loadConfiguration(file, environment);
    expect(configuration.issuer).toBe('https://idp.example.ac.jp');
    expect(configuration.addresses.forbidden.map(({ domain }) => domain)).toEqual([
      'st.kyoto-u.ac.jp',
      'kyoto-u.ac.jp',
      'ms.c.kyoto-u.ac.jp',
    ]);
  });

  test.each(names)('shows %s', (name) => {
    expect(valueAt(everything, name)).toBeDefined();
  });

  test('shows the default of every setting that is commented out', () => {
    const optional = names.filter((name) => valueAt(defaults, name) === undefined);
    const shown = names.filter((name) => valueAt(active, name) === undefined && !optional.includes(name));
    expect(shown.length).toBeGreaterThan(30);
    expect(Object.fromEntries(shown.map((name) => [name, valueAt(everything, name)]))).toEqual(
      Object.fromEntries(shown.map((name) => [name, valueAt(defaults, name)])),
    );
  });

  test('shows nothing that is no setting', () => {
    const { secrets: _, ...rest } = everything;
    expect(configurationSchema.safeParse(rest).error?.issues).toBeUndefined();
  });

  test('says the same of Kyoto University as the trial', () => {
    const trial = trialConfiguration({
      port: 0,
      secret: environment.NIJO_SECRET,
      smtpUrl: environment.SMTP_URL,
    });
    const { branding, addresses, locale } = loadConfiguration(file, environment);
    expect({ branding, addresses, locale }).toEqual({
      branding: trial.branding,
      addresses: trial.addresses,
      locale: trial.locale,
    });
  });
});
